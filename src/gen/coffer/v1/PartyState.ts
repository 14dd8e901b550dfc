// Original file: proto/coffer/v1/run.proto

import type { PartyActivity as _coffer_v1_PartyActivity, PartyActivity__Output as _coffer_v1_PartyActivity__Output } from '../../coffer/v1/PartyActivity.ts';

// Original file: proto/coffer/v1/run.proto

export const _coffer_v1_PartyState_Decision = {
  DECISION_UNSPECIFIED: 'DECISION_UNSPECIFIED',
  UNDECIDED: 'UNDECIDED',
  ACCEPTED_RUN: 'ACCEPTED_RUN',
  DECLINED_RUN: 'DECLINED_RUN',
} as const;

export type _coffer_v1_PartyState_Decision =
  | 'DECISION_UNSPECIFIED'
  | 0
  | 'UNDECIDED'
  | 1
  | 'ACCEPTED_RUN'
  | 2
  | 'DECLINED_RUN'
  | 3

export type _coffer_v1_PartyState_Decision__Output = typeof _coffer_v1_PartyState_Decision[keyof typeof _coffer_v1_PartyState_Decision]

export interface PartyState {
  'party'?: (string);
  'decision'?: (_coffer_v1_PartyState_Decision);
  'reasons'?: (string)[];
  'activity'?: (_coffer_v1_PartyActivity);
}

export interface PartyState__Output {
  'party': (string);
  'decision': (_coffer_v1_PartyState_Decision__Output);
  'reasons': (string)[];
  'activity': (_coffer_v1_PartyActivity__Output);
}
