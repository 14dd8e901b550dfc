// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface JoinRequest {
  'runId'?: (string);
  'jobDigest'?: (Buffer | Uint8Array | string);
  'rows'?: (number | string | Long);
  'runKey'?: (Buffer | Uint8Array | string);
  'checkpoint'?: (Buffer | Uint8Array | string);
}

export interface JoinRequest__Output {
  'runId': (string);
  'jobDigest': (Buffer);
  'rows': (number);
  'runKey': (Buffer);
  'checkpoint': (Buffer);
}
