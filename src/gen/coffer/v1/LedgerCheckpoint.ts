// Original file: proto/coffer/v1/coordinator.proto


export interface LedgerCheckpoint {
  'checkpoint'?: (Buffer | Uint8Array | string);
  'consistency'?: (Buffer | Uint8Array | string)[];
}

export interface LedgerCheckpoint__Output {
  'checkpoint': (Buffer);
  'consistency': (Buffer)[];
}
