// Original file: proto/coffer/v1/aggregator.proto

import type { UpdateHeader as _coffer_v1_UpdateHeader, UpdateHeader__Output as _coffer_v1_UpdateHeader__Output } from '../../coffer/v1/UpdateHeader.ts';

export interface UpdatePart {
  'header'?: (_coffer_v1_UpdateHeader | null);
  'data'?: (Buffer | Uint8Array | string);
  'part'?: "header"|"data";
}

export interface UpdatePart__Output {
  'header'?: (_coffer_v1_UpdateHeader__Output | null);
  'data'?: (Buffer);
  'part'?: "header"|"data";
}
