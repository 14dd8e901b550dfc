// Original file: proto/coffer/v1/aggregator.proto


export interface CollectModelRequest {
  'runId'?: (string);
}

export interface CollectModelRequest__Output {
  'runId': (string);
}
