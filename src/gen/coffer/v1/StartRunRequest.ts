// Original file: proto/coffer/v1/aggregator.proto


export interface StartRunRequest {
  'runId'?: (string);
  'specJson'?: (Buffer | Uint8Array | string);
  'parties'?: (string)[];
}

export interface StartRunRequest__Output {
  'runId': (string);
  'specJson': (Buffer);
  'parties': (string)[];
}
