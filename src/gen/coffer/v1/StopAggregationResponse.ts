// Original file: proto/coffer/v1/aggregator.proto


export interface StopAggregationResponse {
}

export interface StopAggregationResponse__Output {
}
