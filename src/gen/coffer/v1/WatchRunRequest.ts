// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRunRequest {
  'runId'?: (string);
  'afterSequence'?: (number | string | Long);
}

export interface WatchRunRequest__Output {
  'runId': (string);
  'afterSequence': (number);
}
