// Original file: proto/coffer/v1/coordinator.proto


export interface ListModelsRequest {
  'limit'?: (number);
}

export interface ListModelsRequest__Output {
  'limit': (number);
}
