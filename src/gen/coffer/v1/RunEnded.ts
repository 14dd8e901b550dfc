// Original file: proto/coffer/v1/aggregator.proto

import type { RunState as _coffer_v1_RunState, RunState__Output as _coffer_v1_RunState__Output } from '../../coffer/v1/RunState.ts';

export interface RunEnded {
  'state'?: (_coffer_v1_RunState);
  'reason'?: (string);
}

export interface RunEnded__Output {
  'state': (_coffer_v1_RunState__Output);
  'reason': (string);
}
