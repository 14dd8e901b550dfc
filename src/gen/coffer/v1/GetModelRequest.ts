// Original file: proto/coffer/v1/coordinator.proto


export interface GetModelRequest {
  'modelId'?: (string);
}

export interface GetModelRequest__Output {
  'modelId': (string);
}
