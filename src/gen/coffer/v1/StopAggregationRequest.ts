// Original file: proto/coffer/v1/aggregator.proto


export interface StopAggregationRequest {
  'runId'?: (string);
  'reason'?: (string);
}

export interface StopAggregationRequest__Output {
  'runId': (string);
  'reason': (string);
}
