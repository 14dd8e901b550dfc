// Original file: proto/coffer/v1/run.proto

import type { PartyActivity as _coffer_v1_PartyActivity, PartyActivity__Output as _coffer_v1_PartyActivity__Output } from '../../coffer/v1/PartyActivity.ts';

export interface PartyChanged {
  'party'?: (string);
  'activity'?: (_coffer_v1_PartyActivity);
  'round'?: (number);
  'detail'?: (string);
}

export interface PartyChanged__Output {
  'party': (string);
  'activity': (_coffer_v1_PartyActivity__Output);
  'round': (number);
  'detail': (string);
}
