// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface UploadProgress {
  'offset'?: (number | string | Long);
}

export interface UploadProgress__Output {
  'offset': (number);
}
