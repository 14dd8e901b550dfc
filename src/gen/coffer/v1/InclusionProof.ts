// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface InclusionProof {
  'index'?: (number | string | Long);
  'path'?: (Buffer | Uint8Array | string)[];
}

export interface InclusionProof__Output {
  'index': (number);
  'path': (Buffer)[];
}
