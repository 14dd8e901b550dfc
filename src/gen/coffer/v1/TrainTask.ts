// Original file: proto/coffer/v1/aggregator.proto

import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from '../../coffer/v1/Standardisation.ts';

export interface TrainTask {
  'modelDigest'?: (Buffer | Uint8Array | string);
  'standardisation'?: (_coffer_v1_Standardisation | null);
  'controlDigest'?: (Buffer | Uint8Array | string);
}

export interface TrainTask__Output {
  'modelDigest': (Buffer);
  'standardisation': (_coffer_v1_Standardisation__Output | null);
  'controlDigest': (Buffer);
}
