// Original file: proto/coffer/v1/coordinator.proto


export interface LedgerLeaf {
  'leaf'?: (Buffer | Uint8Array | string);
}

export interface LedgerLeaf__Output {
  'leaf': (Buffer);
}
