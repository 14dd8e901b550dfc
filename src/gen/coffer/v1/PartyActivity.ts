// Original file: proto/coffer/v1/run.proto

export const PartyActivity = {
  PARTY_ACTIVITY_UNSPECIFIED: 'PARTY_ACTIVITY_UNSPECIFIED',
  ABSENT: 'ABSENT',
  JOINED: 'JOINED',
  WORKING: 'WORKING',
  DELIVERED: 'DELIVERED',
  LATE: 'LATE',
  GONE: 'GONE',
  REFUSED: 'REFUSED',
} as const;

export type PartyActivity =
  | 'PARTY_ACTIVITY_UNSPECIFIED'
  | 0
  | 'ABSENT'
  | 1
  | 'JOINED'
  | 2
  | 'WORKING'
  | 3
  | 'DELIVERED'
  | 4
  | 'LATE'
  | 5
  | 'GONE'
  | 6
  | 'REFUSED'
  | 7

export type PartyActivity__Output = typeof PartyActivity[keyof typeof PartyActivity]
