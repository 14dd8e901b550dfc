// Original file: proto/coffer/v1/run.proto

import type { TaskKind as _coffer_v1_TaskKind, TaskKind__Output as _coffer_v1_TaskKind__Output } from '../../coffer/v1/TaskKind.ts';
import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from '../../coffer/v1/Metric.ts';

export interface RoundClosed {
  'round'?: (number);
  'kind'?: (_coffer_v1_TaskKind);
  'contributors'?: (string)[];
  'missing'?: (string)[];
  'metrics'?: (_coffer_v1_Metric)[];
  'trainingLoss'?: (number | string);
  'modelDigest'?: (Buffer | Uint8Array | string);
  'gatherMs'?: (number);
  'sumMs'?: (number);
  'stepMs'?: (number);
  'receipt'?: (Buffer | Uint8Array | string);
}

export interface RoundClosed__Output {
  'round': (number);
  'kind': (_coffer_v1_TaskKind__Output);
  'contributors': (string)[];
  'missing': (string)[];
  'metrics': (_coffer_v1_Metric__Output)[];
  'trainingLoss': (number);
  'modelDigest': (Buffer);
  'gatherMs': (number);
  'sumMs': (number);
  'stepMs': (number);
  'receipt': (Buffer);
}
