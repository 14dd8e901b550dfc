// Original file: proto/coffer/v1/run.proto


export interface Standardisation {
  'mean'?: (number | string)[];
  'deviation'?: (number | string)[];
}

export interface Standardisation__Output {
  'mean': (number)[];
  'deviation': (number)[];
}
