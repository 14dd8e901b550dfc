// Original file: proto/coffer/v1/aggregator.proto


export interface StatisticsTask {
}

export interface StatisticsTask__Output {
}
