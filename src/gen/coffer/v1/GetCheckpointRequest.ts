// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface GetCheckpointRequest {
  'size'?: (number | string | Long);
}

export interface GetCheckpointRequest__Output {
  'size': (number);
}
