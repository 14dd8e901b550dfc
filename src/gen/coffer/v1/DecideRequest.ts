// Original file: proto/coffer/v1/coordinator.proto


export interface DecideRequest {
  'runId'?: (string);
  'jobDigest'?: (Buffer | Uint8Array | string);
  'accepted'?: (boolean);
  'reasons'?: (string)[];
}

export interface DecideRequest__Output {
  'runId': (string);
  'jobDigest': (Buffer);
  'accepted': (boolean);
  'reasons': (string)[];
}
