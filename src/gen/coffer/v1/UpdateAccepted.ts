// Original file: proto/coffer/v1/aggregator.proto


export interface UpdateAccepted {
  'digest'?: (Buffer | Uint8Array | string);
  'round'?: (number);
}

export interface UpdateAccepted__Output {
  'digest': (Buffer);
  'round': (number);
}
