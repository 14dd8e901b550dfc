// Original file: proto/coffer/v1/run.proto

export const RunState = {
  RUN_STATE_UNSPECIFIED: 'RUN_STATE_UNSPECIFIED',
  PROPOSED: 'PROPOSED',
  ACCEPTED: 'ACCEPTED',
  RUNNING: 'RUNNING',
  FINISHED: 'FINISHED',
  ABANDONED: 'ABANDONED',
  STOPPED: 'STOPPED',
  REJECTED: 'REJECTED',
} as const;

export type RunState =
  | 'RUN_STATE_UNSPECIFIED'
  | 0
  | 'PROPOSED'
  | 1
  | 'ACCEPTED'
  | 2
  | 'RUNNING'
  | 3
  | 'FINISHED'
  | 4
  | 'ABANDONED'
  | 5
  | 'STOPPED'
  | 6
  | 'REJECTED'
  | 7

export type RunState__Output = typeof RunState[keyof typeof RunState]
