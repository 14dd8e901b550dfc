/**
 * The round that was opened and is not committed yet, as its records tell: `opened`, `received`, `closed`, `committed`.
 * Each is held against what the log says before it.
 */
import { names } from './names.ts'
import type { Contribution, CountedUpdate } from './plan.ts'
import type { TaskKind } from './run.ts'
import type { RunRecord } from './steps.ts'

/** How a round was opened: what an update that was made for it is judged by. */
export interface OpenedRound {
  readonly task: TaskKind
  readonly cohort: readonly string[]
  readonly weightUnit: number
}

/** It grows with its records: a copy of its maps for each of a thousand updates would make replaying quadratic. */
export interface PendingRound extends OpenedRound {
  readonly number: number
  readonly deadlineMs: number
  /** Every update that a party was told is in the sum, by party, whichever epoch told it. */
  readonly acknowledged: Map<string, Contribution>
  /** The contributors, ascending, once they were fixed. */
  readonly closed: readonly string[] | undefined
  /** What the present epoch has done with it; `waiting`: only an earlier one had opened it. */
  readonly phase: 'waiting' | 'gathering' | 'closed'
  /** Whose updates are in the sum of the present epoch. */
  readonly received: Set<string>
}

/** What else the log has told by now. */
export interface Told {
  readonly next: number
  readonly pending: PendingRound | undefined
  readonly members: ReadonlyMap<string, number>
  readonly opened: ReadonlyMap<number, OpenedRound>
  readonly counted: ReadonlyMap<string, readonly CountedUpdate[]>
}

/** Throws; never returns. */
export type Refuse = (text: string) => never

type RoundRecord = Extract<RunRecord, { kind: 'opened' | 'received' | 'closed' | 'committed' }>
type RecordOf<K extends RoundRecord['kind']> = Extract<RoundRecord, { kind: K }>

/** The round after this record. Refuses before it changes anything. */
export function followRound(told: Told, record: RoundRecord, refuse: Refuse): PendingRound {
  if (record.kind === 'opened') return opened(told, record, refuse)
  const { pending } = told
  if (pending?.number !== record.round || pending.phase === 'waiting') {
    return refuse('this epoch has not opened that round')
  }
  switch (record.kind) {
    case 'received':
      return received(told, pending, record, refuse)
    case 'closed':
      return closed(pending, record, refuse)
    case 'committed':
      return committed(pending, record, refuse)
  }
}

/** The round of an epoch that is over: the next one has opened nothing and received nothing. */
export const interrupted = (pending: PendingRound): PendingRound => ({
  ...pending,
  phase: 'waiting',
  received: new Set(),
})

function opened({ next, pending }: Told, record: RecordOf<'opened'>, refuse: Refuse): PendingRound {
  const { round: number, task, cohort, weightUnit, deadlineMs } = record
  if (number !== next) refuse(`round ${next} is the next one`)
  const fresh = { acknowledged: new Map(), closed: undefined, received: new Set<string>() }
  if (pending === undefined) return { number, task, cohort, weightUnit, deadlineMs, ...fresh, phase: 'gathering' }
  if (pending.phase !== 'waiting') refuse('this epoch had opened it already')
  if (pending.task !== task || pending.weightUnit !== weightUnit || !same(pending.cohort, cohort)) {
    refuse('an earlier epoch opened it with another task, cohort or weight unit')
  }
  return { ...pending, deadlineMs, phase: 'gathering' }
}

function received(told: Told, pending: PendingRound, record: RecordOf<'received'>, refuse: Refuse): PendingRound {
  const { party, digest, weight, staleness } = record
  if (pending.phase === 'closed') refuse('the round had closed')
  if (pending.received.has(party)) refuse('the party is in the sum already')
  const rows = told.members.get(party)
  if (rows !== weight) refuse(`a weight of ${weight}, of a party that joined with ${rows ?? 'none'}`)
  const made = record.round - staleness
  if (!wasAsked(told, pending, party, staleness)) refuse(`the party was not asked in round ${made}`)
  const earlier = told.counted.get(party)?.find((each) => each.round - each.staleness === made)
  if (earlier !== undefined) refuse(`the update for round ${made} counted in round ${earlier.round}`)
  const before = pending.acknowledged.get(party)
  if (before !== undefined && (before.digest !== digest || before.staleness !== staleness)) {
    refuse('another update of the party was acknowledged before')
  }
  if (pending.closed !== undefined && !names(pending.closed, party)) refuse('the round had closed without the party')
  pending.acknowledged.set(party, { digest, weight, staleness })
  pending.received.add(party)
  return pending
}

function wasAsked({ opened }: Told, pending: PendingRound, party: string, staleness: number): boolean {
  if (staleness === 0) return names(pending.cohort, party)
  const earlier = opened.get(pending.number - staleness)
  return pending.task === 'train' && earlier?.task === 'train' && names(earlier.cohort, party)
}

function closed(pending: PendingRound, { contributors }: RecordOf<'closed'>, refuse: Refuse): PendingRound {
  if (pending.phase === 'closed') refuse('the round had closed')
  if (!same(contributors, [...pending.received].sort()))
    refuse('other contributors than were received, or not ascending')
  return { ...pending, closed: contributors, phase: 'closed' }
}

function committed(pending: PendingRound, { event }: RecordOf<'committed'>, refuse: Refuse): PendingRound {
  if (pending.phase !== 'closed') refuse('the round had not closed')
  if (event.round !== pending.number || event.task !== pending.task) refuse('its event is of another round or task')
  if (!same(event.contributors, pending.closed ?? [])) refuse('its event names other contributors')
  return pending
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each, at) => each === b[at])
