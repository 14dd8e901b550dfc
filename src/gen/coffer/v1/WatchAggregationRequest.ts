// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchAggregationRequest {
  'runId'?: (string);
  'afterSequence'?: (number | string | Long);
}

export interface WatchAggregationRequest__Output {
  'runId': (string);
  'afterSequence': (number);
}
