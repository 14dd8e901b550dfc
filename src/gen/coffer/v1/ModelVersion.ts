// Original file: proto/coffer/v1/run.proto

import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from '../../coffer/v1/Metric.ts';
import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from '../../coffer/v1/Standardisation.ts';
import type { Long } from '@grpc/proto-loader';

export interface ModelVersion {
  'modelId'?: (string);
  'runId'?: (string);
  'name'?: (string);
  'jobDigest'?: (Buffer | Uint8Array | string);
  'digest'?: (Buffer | Uint8Array | string);
  'createdMs'?: (number | string | Long);
  'rounds'?: (number);
  'parameters'?: (number | string | Long);
  'metrics'?: (_coffer_v1_Metric)[];
  'specJson'?: (Buffer | Uint8Array | string);
  'standardisation'?: (_coffer_v1_Standardisation | null);
  'parties'?: (string)[];
  'tee'?: (string);
}

export interface ModelVersion__Output {
  'modelId': (string);
  'runId': (string);
  'name': (string);
  'jobDigest': (Buffer);
  'digest': (Buffer);
  'createdMs': (number);
  'rounds': (number);
  'parameters': (number);
  'metrics': (_coffer_v1_Metric__Output)[];
  'specJson': (Buffer);
  'standardisation': (_coffer_v1_Standardisation__Output | null);
  'parties': (string)[];
  'tee': (string);
}
