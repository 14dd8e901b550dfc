// Original file: proto/coffer/v1/aggregator.proto

import type { StatisticsTask as _coffer_v1_StatisticsTask, StatisticsTask__Output as _coffer_v1_StatisticsTask__Output } from '../../coffer/v1/StatisticsTask.ts';
import type { TrainTask as _coffer_v1_TrainTask, TrainTask__Output as _coffer_v1_TrainTask__Output } from '../../coffer/v1/TrainTask.ts';
import type { EvaluateTask as _coffer_v1_EvaluateTask, EvaluateTask__Output as _coffer_v1_EvaluateTask__Output } from '../../coffer/v1/EvaluateTask.ts';
import type { RunEnded as _coffer_v1_RunEnded, RunEnded__Output as _coffer_v1_RunEnded__Output } from '../../coffer/v1/RunEnded.ts';
import type { Long } from '@grpc/proto-loader';

export interface Task {
  'runId'?: (string);
  'round'?: (number);
  'statistics'?: (_coffer_v1_StatisticsTask | null);
  'train'?: (_coffer_v1_TrainTask | null);
  'evaluate'?: (_coffer_v1_EvaluateTask | null);
  'ended'?: (_coffer_v1_RunEnded | null);
  'weightUnit'?: (number | string | Long);
  'remainingMs'?: (number | string | Long);
  'receipts'?: (number);
  'runKey'?: (Buffer | Uint8Array | string);
  'checkpoints'?: (Buffer | Uint8Array | string)[];
  'what'?: "statistics"|"train"|"evaluate"|"ended";
}

export interface Task__Output {
  'runId': (string);
  'round': (number);
  'statistics'?: (_coffer_v1_StatisticsTask__Output | null);
  'train'?: (_coffer_v1_TrainTask__Output | null);
  'evaluate'?: (_coffer_v1_EvaluateTask__Output | null);
  'ended'?: (_coffer_v1_RunEnded__Output | null);
  'weightUnit': (number);
  'remainingMs': (number);
  'receipts': (number);
  'runKey': (Buffer);
  'checkpoints': (Buffer)[];
  'what'?: "statistics"|"train"|"evaluate"|"ended";
}
