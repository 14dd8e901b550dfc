// Original file: proto/coffer/v1/run.proto

import type { StateChanged as _coffer_v1_StateChanged, StateChanged__Output as _coffer_v1_StateChanged__Output } from '../../coffer/v1/StateChanged.ts';
import type { PartyChanged as _coffer_v1_PartyChanged, PartyChanged__Output as _coffer_v1_PartyChanged__Output } from '../../coffer/v1/PartyChanged.ts';
import type { RoundOpened as _coffer_v1_RoundOpened, RoundOpened__Output as _coffer_v1_RoundOpened__Output } from '../../coffer/v1/RoundOpened.ts';
import type { RoundClosed as _coffer_v1_RoundClosed, RoundClosed__Output as _coffer_v1_RoundClosed__Output } from '../../coffer/v1/RoundClosed.ts';
import type { Attested as _coffer_v1_Attested, Attested__Output as _coffer_v1_Attested__Output } from '../../coffer/v1/Attested.ts';
import type { Long } from '@grpc/proto-loader';

export interface RunEvent {
  'sequence'?: (number | string | Long);
  'atMs'?: (number | string | Long);
  'stateChanged'?: (_coffer_v1_StateChanged | null);
  'partyChanged'?: (_coffer_v1_PartyChanged | null);
  'roundOpened'?: (_coffer_v1_RoundOpened | null);
  'roundClosed'?: (_coffer_v1_RoundClosed | null);
  'attested'?: (_coffer_v1_Attested | null);
  'what'?: "stateChanged"|"partyChanged"|"roundOpened"|"roundClosed"|"attested";
}

export interface RunEvent__Output {
  'sequence': (number);
  'atMs': (number);
  'stateChanged'?: (_coffer_v1_StateChanged__Output | null);
  'partyChanged'?: (_coffer_v1_PartyChanged__Output | null);
  'roundOpened'?: (_coffer_v1_RoundOpened__Output | null);
  'roundClosed'?: (_coffer_v1_RoundClosed__Output | null);
  'attested'?: (_coffer_v1_Attested__Output | null);
  'what'?: "stateChanged"|"partyChanged"|"roundOpened"|"roundClosed"|"attested";
}
