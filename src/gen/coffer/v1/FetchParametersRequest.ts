// Original file: proto/coffer/v1/aggregator.proto


export interface FetchParametersRequest {
  'runId'?: (string);
  'modelDigest'?: (Buffer | Uint8Array | string);
}

export interface FetchParametersRequest__Output {
  'runId': (string);
  'modelDigest': (Buffer);
}
