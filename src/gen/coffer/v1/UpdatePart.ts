// Original file: proto/coffer/v1/aggregator.proto

import type { UpdateHeader as _coffer_v1_UpdateHeader, UpdateHeader__Output as _coffer_v1_UpdateHeader__Output } from '../../coffer/v1/UpdateHeader.ts';
import type { UpdateChunk as _coffer_v1_UpdateChunk, UpdateChunk__Output as _coffer_v1_UpdateChunk__Output } from '../../coffer/v1/UpdateChunk.ts';

export interface UpdatePart {
  'header'?: (_coffer_v1_UpdateHeader | null);
  'chunk'?: (_coffer_v1_UpdateChunk | null);
  'part'?: "header"|"chunk";
}

export interface UpdatePart__Output {
  'header'?: (_coffer_v1_UpdateHeader__Output | null);
  'chunk'?: (_coffer_v1_UpdateChunk__Output | null);
  'part'?: "header"|"chunk";
}
