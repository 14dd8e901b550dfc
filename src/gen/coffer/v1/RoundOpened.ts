// Original file: proto/coffer/v1/run.proto

import type { TaskKind as _coffer_v1_TaskKind, TaskKind__Output as _coffer_v1_TaskKind__Output } from '../../coffer/v1/TaskKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface RoundOpened {
  'round'?: (number);
  'kind'?: (_coffer_v1_TaskKind);
  'cohort'?: (string)[];
  'deadlineMs'?: (number | string | Long);
}

export interface RoundOpened__Output {
  'round': (number);
  'kind': (_coffer_v1_TaskKind__Output);
  'cohort': (string)[];
  'deadlineMs': (number);
}
