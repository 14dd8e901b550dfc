// Original file: proto/coffer/v1/run.proto


export interface Attested {
  'tee'?: (string);
}

export interface Attested__Output {
  'tee': (string);
}
