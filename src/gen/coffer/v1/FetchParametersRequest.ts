// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchParametersRequest {
  'runId'?: (string);
  'modelDigest'?: (Buffer | Uint8Array | string);
  'offset'?: (number | string | Long);
}

export interface FetchParametersRequest__Output {
  'runId': (string);
  'modelDigest': (Buffer);
  'offset': (number);
}
