// Original file: proto/coffer/v1/run.proto

export const TaskKind = {
  TASK_KIND_UNSPECIFIED: 'TASK_KIND_UNSPECIFIED',
  STATISTICS: 'STATISTICS',
  TRAIN: 'TRAIN',
  EVALUATE: 'EVALUATE',
} as const;

export type TaskKind =
  | 'TASK_KIND_UNSPECIFIED'
  | 0
  | 'STATISTICS'
  | 1
  | 'TRAIN'
  | 2
  | 'EVALUATE'
  | 3

export type TaskKind__Output = typeof TaskKind[keyof typeof TaskKind]
