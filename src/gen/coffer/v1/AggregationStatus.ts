// Original file: proto/coffer/v1/aggregator.proto


export interface AggregationStatus {
  'activeRuns'?: (number);
}

export interface AggregationStatus__Output {
  'activeRuns': (number);
}
