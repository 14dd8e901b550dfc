/** One record of each kind, in the order of a run of two rounds that three parties play. */
import { GrowingHistory, type PartyActivity, type RoundClosedEvent, type RunRecord } from '../../src/round/index.ts'

export const digestOf = (digit: string): string => digit.repeat(64)
const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

export const epoch = (digit: string): RunRecord => ({ kind: 'epoch', epoch: digit.repeat(32), receiptKey: '302a' })
export const member = (party: string, rows = 10): RunRecord => ({ kind: 'member', party, rows })
export const opened = (round: number, changes: object = {}): RunRecord => ({
  kind: 'opened',
  round,
  task: round === 0 ? 'statistics' : 'train',
  cohort: ['bank-a', 'bank-b', 'bank-c'],
  weightUnit: 30,
  deadlineMs: 1_000,
  ...changes,
})
export const received = (round: number, party: string, changes: object = {}): RunRecord => ({
  kind: 'received',
  round,
  party,
  digest: digestOf('1'),
  weight: 10,
  staleness: 0,
  ...changes,
})
export const closed = (round: number, contributors: readonly string[]): RunRecord => ({
  kind: 'closed',
  round,
  contributors,
})
export const roundClosed = (round: number, contributors: readonly string[], sequence: number): RoundClosedEvent => ({
  sequence,
  atMs: 5.5,
  kind: 'round-closed',
  round,
  task: round === 0 ? 'statistics' : 'train',
  contributors,
  missing: [],
  metrics: { auc: 0.75, log_loss: 1.5 },
  trainingLoss: -0.25,
  modelDigest: bytes(32, 7),
  gatherMs: -3,
  sumMs: 2,
  stepMs: 1,
  receipt: bytes(5, round),
})
export const committed = (
  round: number,
  contributors: readonly string[],
  sequence: number,
  changes: object = {},
): RunRecord => ({
  kind: 'committed',
  round,
  stateDigest: digestOf('d'),
  event: { ...roundClosed(round, contributors, sequence), ...changes },
})
export const attested = (sequence: number): RunRecord => ({
  kind: 'event',
  event: {
    sequence,
    atMs: 1,
    kind: 'attested',
    tee: 'simulated tdx-v4',
    epoch: '0'.repeat(32),
    receiptKey: '302a',
    evidence: { quote: bytes(1000, 200), eventLog: bytes(0, 0), statement: bytes(3, 123) },
  },
})
export const partyChanged = (sequence: number, party = 'bank-c', activity: PartyActivity = 'gone'): RunRecord => ({
  kind: 'event',
  event: {
    sequence,
    atMs: 2,
    kind: 'party-changed',
    party,
    activity,
    round: 0,
    detail: 'für 1\u0000',
  },
})
export const ended = (sequence: number): RunRecord => ({
  kind: 'ended',
  sequence,
  atMs: 9,
  state: 'abandoned',
  reason: 'round 1 had 1 of 2 updates',
})

/** Three parties have joined; round 0 is played by two of them. */
export const played: readonly RunRecord[] = [
  epoch('0'),
  attested(1),
  member('bank-a'),
  member('bank-b'),
  member('bank-c', 20),
  opened(0),
  received(0, 'bank-b'),
  partyChanged(2),
  received(0, 'bank-a'),
  closed(0, ['bank-a', 'bank-b']),
  committed(0, ['bank-a', 'bank-b'], 3),
]

/** What a restarted aggregator knows. @param shelve is given the receipts */
export function replay(records: Iterable<RunRecord>, shelve: (receipt: Uint8Array) => void = () => undefined) {
  const history = new GrowingHistory(shelve)
  for (const record of records) history.apply(record)
  return history
}
