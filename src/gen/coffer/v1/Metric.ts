// Original file: proto/coffer/v1/run.proto


export interface Metric {
  'name'?: (string);
  'value'?: (number | string);
}

export interface Metric__Output {
  'name': (string);
  'value': (number);
}
