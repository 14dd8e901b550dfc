// Original file: proto/coffer/v1/aggregator.proto


export interface UpdateAccepted {
  'digest'?: (Buffer | Uint8Array | string);
}

export interface UpdateAccepted__Output {
  'digest': (Buffer);
}
