// Original file: proto/coffer/v1/aggregator.proto

import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from '../../coffer/v1/Standardisation.ts';
import type { Long } from '@grpc/proto-loader';

export interface CollectedModelHeader {
  'digest'?: (Buffer | Uint8Array | string);
  'parameters'?: (number | string | Long);
  'standardisation'?: (_coffer_v1_Standardisation | null);
}

export interface CollectedModelHeader__Output {
  'digest': (Buffer);
  'parameters': (number);
  'standardisation': (_coffer_v1_Standardisation__Output | null);
}
