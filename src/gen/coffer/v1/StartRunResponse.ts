// Original file: proto/coffer/v1/aggregator.proto


export interface StartRunResponse {
}

export interface StartRunResponse__Output {
}
