// Original file: proto/coffer/v1/coordinator.proto


export interface DecideResponse {
}

export interface DecideResponse__Output {
}
