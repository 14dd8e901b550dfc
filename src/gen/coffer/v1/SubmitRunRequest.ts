// Original file: proto/coffer/v1/coordinator.proto


export interface SubmitRunRequest {
  'specJson'?: (Buffer | Uint8Array | string);
}

export interface SubmitRunRequest__Output {
  'specJson': (Buffer);
}
