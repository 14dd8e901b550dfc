// Original file: proto/coffer/v1/aggregator.proto


export interface SealedReceipt {
  'sealed'?: (Buffer | Uint8Array | string);
}

export interface SealedReceipt__Output {
  'sealed': (Buffer);
}
