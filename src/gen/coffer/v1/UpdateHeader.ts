// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface UpdateHeader {
  'runId'?: (string);
  'round'?: (number);
  'digest'?: (Buffer | Uint8Array | string);
  'length'?: (number | string | Long);
  'weight'?: (number | string | Long);
}

export interface UpdateHeader__Output {
  'runId': (string);
  'round': (number);
  'digest': (Buffer);
  'length': (number);
  'weight': (number);
}
