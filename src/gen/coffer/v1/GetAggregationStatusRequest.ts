// Original file: proto/coffer/v1/aggregator.proto


export interface GetAggregationStatusRequest {
}

export interface GetAggregationStatusRequest__Output {
}
