// Original file: proto/coffer/v1/aggregator.proto


export interface FetchReceiptsRequest {
  'runId'?: (string);
  'after'?: (number);
}

export interface FetchReceiptsRequest__Output {
  'runId': (string);
  'after': (number);
}
