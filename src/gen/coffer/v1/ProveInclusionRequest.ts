// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface ProveInclusionRequest {
  'leafHash'?: (Buffer | Uint8Array | string);
  'size'?: (number | string | Long);
}

export interface ProveInclusionRequest__Output {
  'leafHash': (Buffer);
  'size': (number);
}
