// Original file: proto/coffer/v1/aggregator.proto


export interface DeclineTaskRequest {
  'runId'?: (string);
  'round'?: (number);
  'code'?: (string);
}

export interface DeclineTaskRequest__Output {
  'runId': (string);
  'round': (number);
  'code': (string);
}
