// Original file: proto/coffer/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface CoordinatorStatus {
  'version'?: (string);
  'federation'?: (string);
  'connectedParties'?: (string)[];
  'aggregatorReachable'?: (boolean);
  'aggregatorDetail'?: (string);
  'store'?: (string);
  'timeMs'?: (number | string | Long);
}

export interface CoordinatorStatus__Output {
  'version': (string);
  'federation': (string);
  'connectedParties': (string)[];
  'aggregatorReachable': (boolean);
  'aggregatorDetail': (string);
  'store': (string);
  'timeMs': (number);
}
