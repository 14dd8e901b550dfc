// Original file: proto/coffer/v1/run.proto

import type { RunState as _coffer_v1_RunState, RunState__Output as _coffer_v1_RunState__Output } from '../../coffer/v1/RunState.ts';
import type { PartyState as _coffer_v1_PartyState, PartyState__Output as _coffer_v1_PartyState__Output } from '../../coffer/v1/PartyState.ts';
import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from '../../coffer/v1/Metric.ts';
import type { Long } from '@grpc/proto-loader';

export interface Run {
  'runId'?: (string);
  'name'?: (string);
  'specJson'?: (Buffer | Uint8Array | string);
  'jobDigest'?: (Buffer | Uint8Array | string);
  'state'?: (_coffer_v1_RunState);
  'reason'?: (string);
  'submittedBy'?: (string);
  'createdMs'?: (number | string | Long);
  'endedMs'?: (number | string | Long);
  'round'?: (number);
  'rounds'?: (number);
  'parties'?: (_coffer_v1_PartyState)[];
  'metrics'?: (_coffer_v1_Metric)[];
  'metricsModel'?: (number);
  'modelId'?: (string);
  'tee'?: (string);
}

export interface Run__Output {
  'runId': (string);
  'name': (string);
  'specJson': (Buffer);
  'jobDigest': (Buffer);
  'state': (_coffer_v1_RunState__Output);
  'reason': (string);
  'submittedBy': (string);
  'createdMs': (number);
  'endedMs': (number);
  'round': (number);
  'rounds': (number);
  'parties': (_coffer_v1_PartyState__Output)[];
  'metrics': (_coffer_v1_Metric__Output)[];
  'metricsModel': (number);
  'modelId': (string);
  'tee': (string);
}
