// Original file: proto/coffer/v1/aggregator.proto


export interface DeclineTaskResponse {
}

export interface DeclineTaskResponse__Output {
}
