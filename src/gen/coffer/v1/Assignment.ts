// Original file: proto/coffer/v1/coordinator.proto


// Original file: proto/coffer/v1/coordinator.proto

export const _coffer_v1_Assignment_Phase = {
  PHASE_UNSPECIFIED: 'PHASE_UNSPECIFIED',
  DECIDE: 'DECIDE',
  JOIN: 'JOIN',
  ENDED: 'ENDED',
} as const;

export type _coffer_v1_Assignment_Phase =
  | 'PHASE_UNSPECIFIED'
  | 0
  | 'DECIDE'
  | 1
  | 'JOIN'
  | 2
  | 'ENDED'
  | 3

export type _coffer_v1_Assignment_Phase__Output = typeof _coffer_v1_Assignment_Phase[keyof typeof _coffer_v1_Assignment_Phase]

export interface Assignment {
  'runId'?: (string);
  'phase'?: (_coffer_v1_Assignment_Phase);
  'specJson'?: (Buffer | Uint8Array | string);
  'detail'?: (string);
}

export interface Assignment__Output {
  'runId': (string);
  'phase': (_coffer_v1_Assignment_Phase__Output);
  'specJson': (Buffer);
  'detail': (string);
}
