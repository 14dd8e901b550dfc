// Original file: proto/coffer/v1/run.proto


export interface Evidence {
  'quote'?: (Buffer | Uint8Array | string);
  'eventLog'?: (Buffer | Uint8Array | string);
  'statement'?: (Buffer | Uint8Array | string);
}

export interface Evidence__Output {
  'quote': (Buffer);
  'eventLog': (Buffer);
  'statement': (Buffer);
}
