// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface ReadLeavesRequest {
  'from'?: (number | string | Long);
  'count'?: (number);
}

export interface ReadLeavesRequest__Output {
  'from': (number);
  'count': (number);
}
