// Original file: proto/coffer/v1/run.proto

import type { RunState as _coffer_v1_RunState, RunState__Output as _coffer_v1_RunState__Output } from '../../coffer/v1/RunState.ts';

export interface StateChanged {
  'state'?: (_coffer_v1_RunState);
  'reason'?: (string);
}

export interface StateChanged__Output {
  'state': (_coffer_v1_RunState__Output);
  'reason': (string);
}
