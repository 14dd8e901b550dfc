/**
 * What an aggregator knows of a run, from the records of its log in their order. The same history is kept while a run
 * is played, each record applied as it is written, so that a restarted aggregator knows what the one before it knew.
 *
 *   epoch ─> member* ─> [ opened ─> received* ─> closed ─> committed ]* ─> ended        (event: anywhere)
 *
 * Every epoch may cut this short after any record; the next one begins with its own `epoch`, and opens the round again
 * that was not committed. Records that contradict those before them are refused with ROUND_LOG_INVALID: they were
 * written by no aggregator, or some between them are missing.
 */
import { RoundError } from './errors.ts'
import { NewestEvents } from './newest-events.ts'
import { followRound, interrupted, type OpenedRound, type PendingRound, type Refuse } from './pending.ts'
import type { CountedUpdate, RoundPlan, RoundRules } from './plan.ts'
import type { RunEvent } from './run.ts'
import type { FinalState, RunRecord } from './steps.ts'

/** As many rounds as the oldest update that may count is old (fedbuff: 100), and the one it counts in. */
const KEPT_ROUNDS = 101

export interface Epoch {
  readonly epoch: string
  readonly receiptKey: string
}

export interface RunHistory {
  readonly epochs: readonly Epoch[]
  /** Rows of each party, in the order of joining. */
  readonly members: ReadonlyMap<string, number>
  /** The newest, in order without a gap. The first of a run has number 1, unless it had to begin anew (aggregator/keyless.ts). */
  readonly events: readonly RunEvent[]
  /** Parties that were connected, as far as the events tell. */
  readonly present: ReadonlySet<string>
  /** The round to play next; it is `pending` if it was opened before. */
  readonly next: number
  readonly pending: PendingRound | undefined
  /** The last rounds that were opened, by number. */
  readonly opened: ReadonlyMap<number, OpenedRound>
  /** What counted in the last rounds, by party. */
  readonly counted: ReadonlyMap<string, readonly CountedUpdate[]>
  /** SHA-256 of the state that the next round starts from; undefined before the first commit. */
  readonly stateDigest: string | undefined
  readonly ended: { readonly state: FinalState; readonly reason: string } | undefined
}

/**
 * A history that grows. What it gives out is the present state, and changes with the next record. However long the run
 * is, it takes the memory of its parties and of the newest events; receipts are kept elsewhere.
 */
export class GrowingHistory implements RunHistory {
  readonly epochs: Epoch[] = []
  readonly members = new Map<string, number>()
  readonly present = new Set<string>()
  readonly opened = new Map<number, OpenedRound>()
  readonly counted = new Map<string, readonly CountedUpdate[]>()
  next = 0
  pending: PendingRound | undefined
  stateDigest: string | undefined
  ended: { readonly state: FinalState; readonly reason: string } | undefined
  #records = 0
  #events: NewestEvents | undefined
  readonly #shelve: (receipt: Uint8Array) => void

  /** @param shelve is given the signed receipts, that of round 0 first */
  constructor(shelve: (receipt: Uint8Array) => void) {
    this.#shelve = shelve
  }

  get events(): readonly RunEvent[] {
    return this.#events?.all ?? []
  }

  /** Throws RoundError ROUND_LOG_INVALID and stays as it was. */
  apply(record: RunRecord): void {
    const refuse: Refuse = (text) => {
      throw new RoundError('ROUND_LOG_INVALID', `record ${this.#records + 1}, ${describe(record)}: ${text}`)
    }
    if (this.epochs.length === 0 && record.kind !== 'epoch') refuse('the log does not begin with an epoch')
    if (this.ended !== undefined && record.kind !== 'epoch' && record.kind !== 'event') refuse('the run had ended')
    this.#apply(record, refuse)
    this.#records += 1
  }

  #apply(record: RunRecord, refuse: Refuse): void {
    switch (record.kind) {
      case 'epoch':
        this.#begin(record, refuse)
        break
      case 'member':
        if (this.members.has(record.party)) refuse('the party had joined before')
        this.members.set(record.party, record.rows)
        break
      case 'event':
        this.#show(record.event, refuse)
        break
      case 'ended':
        this.#end(record, refuse)
        break
      case 'committed':
        followRound(this, record, refuse)
        this.#show(record.event, refuse)
        this.#commit(record)
        break
      default:
        this.pending = followRound(this, record, refuse)
        if (record.kind === 'opened') this.#open(record)
    }
  }

  #begin({ epoch, receiptKey }: Extract<RunRecord, { kind: 'epoch' }>, refuse: Refuse): void {
    if (this.epochs.some((each) => each.epoch === epoch)) refuse('there was an epoch of this name')
    this.epochs.push({ epoch, receiptKey })
    if (this.pending !== undefined) this.pending = interrupted(this.pending)
  }

  #end({ sequence, atMs, state, reason }: Extract<RunRecord, { kind: 'ended' }>, refuse: Refuse): void {
    this.#show({ sequence, atMs, kind: 'state-changed', state, reason }, refuse)
    this.ended = { state, reason }
  }

  #show(event: RunEvent, refuse: Refuse): void {
    this.#events ??= new NewestEvents(event.sequence - 1)
    const { last } = this.#events
    if (event.sequence !== last + 1) refuse(`event ${event.sequence} follows event ${last}`)
    this.#events.push(event)
    if (event.kind !== 'party-changed') return
    if (event.activity === 'gone') this.present.delete(event.party)
    else this.present.add(event.party)
  }

  #open({ round, task, cohort, weightUnit }: Extract<RunRecord, { kind: 'opened' }>): void {
    this.opened.set(round, { task, cohort, weightUnit })
    this.opened.delete(round - KEPT_ROUNDS)
  }

  #commit({ round, stateDigest, event }: Extract<RunRecord, { kind: 'committed' }>): void {
    for (const party of event.contributors) {
      const contribution = this.pending?.acknowledged.get(party)
      if (contribution === undefined) continue
      const kept = (this.counted.get(party) ?? []).filter((each) => each.round > round - KEPT_ROUNDS)
      this.counted.set(party, [...kept, { ...contribution, round }])
    }
    this.#shelve(event.receipt)
    this.stateDigest = stateDigest
    this.next = round + 1
    this.pending = undefined
  }
}

function describe(record: RunRecord): string {
  if (record.kind === 'event') return `event (${record.event.kind})`
  if ('round' in record)
    return `${record.kind} of round ${record.round}${'party' in record ? ` by ${record.party}` : ''}`
  return 'party' in record ? `${record.kind} ${record.party}` : record.kind
}

/**
 * The plan of the next round. If it had been opened before a restart, give the cohort and task it was opened with
 * (`history.pending`) and a new deadline: what it had acknowledged is waited for, and if it had closed, nobody else is
 * let in.
 */
export function planRound(
  history: RunHistory,
  rules: RoundRules,
  opening: Pick<RoundPlan, 'number' | 'task' | 'cohort' | 'deadlineMs'>,
): RoundPlan {
  const { quorum, staleness } = rules
  const pending = history.pending?.number === opening.number ? history.pending : undefined
  const closed = pending?.closed
  const acknowledged = [...(pending?.acknowledged ?? [])].filter(([party]) => closed?.includes(party) ?? true)
  const recent = [...history.opened].filter(([round]) => round < opening.number && opening.number - round <= staleness)
  return {
    ...opening,
    quorum,
    enough: closed === undefined ? rules.enough : closed.length,
    staleness,
    asked: new Map(recent.map(([round, { cohort }]) => [round, cohort])),
    counted: new Map(history.counted),
    acknowledged: new Map(acknowledged),
  }
}
