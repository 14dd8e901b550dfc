// Original file: proto/coffer/v1/coordinator.proto

import type { Run as _coffer_v1_Run, Run__Output as _coffer_v1_Run__Output } from '../../coffer/v1/Run.ts';

export interface ListRunsResponse {
  'runs'?: (_coffer_v1_Run)[];
}

export interface ListRunsResponse__Output {
  'runs': (_coffer_v1_Run__Output)[];
}
