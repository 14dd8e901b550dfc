// Original file: proto/coffer/v1/aggregator.proto

import type { CollectedModelHeader as _coffer_v1_CollectedModelHeader, CollectedModelHeader__Output as _coffer_v1_CollectedModelHeader__Output } from '../../coffer/v1/CollectedModelHeader.ts';

export interface CollectedModel {
  'header'?: (_coffer_v1_CollectedModelHeader | null);
  'data'?: (Buffer | Uint8Array | string);
  'part'?: "header"|"data";
}

export interface CollectedModel__Output {
  'header'?: (_coffer_v1_CollectedModelHeader__Output | null);
  'data'?: (Buffer);
  'part'?: "header"|"data";
}
