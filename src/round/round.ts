/**
 * The life of one round, as a pure state machine: `step(round, event) -> { round, effects }`.
 *
 *   gathering ──> summing ──> released
 *       └────────────┴──> abandoned
 *
 * gathering  updates come in; each counts once, by party. The round closes when every present party has delivered and
 *            the quorum is reached, or at the deadline with the quorum. A party that left is not waited for once the
 *            quorum is there, and may come back until the round closes.
 * summing    the set of contributors is fixed; the sum is being opened.
 * released   the sum is out.
 * abandoned  the deadline passed without the quorum, the quorum became impossible, or the run was stopped, if need be
 *            while its sum was being opened.
 *
 * Time enters as an event. Refused updates are thrown as RoundError and leave the round as it was.
 */
import { RoundError } from './errors.ts'
import type { PartyActivity, TaskKind } from './run.ts'

export interface RoundPlan {
  readonly number: number
  readonly task: TaskKind
  /** Who may contribute: those present are asked, those who come in time are asked too. */
  readonly cohort: readonly string[]
  /** Updates without which the round is abandoned at its deadline. */
  readonly quorum: number
  readonly deadlineMs: number
}

export interface Contribution {
  /** SHA-256 of the update's bytes, hex. */
  readonly digest: string
  /** Training rows behind the update. */
  readonly weight: number
}

interface Gathering {
  readonly state: 'gathering'
  readonly plan: RoundPlan
  readonly present: ReadonlySet<string>
  /** Parties whose last attempt was refused and that have not delivered since. */
  readonly refused: ReadonlySet<string>
  readonly received: ReadonlyMap<string, Contribution>
}
interface Closed {
  readonly plan: RoundPlan
  readonly received: ReadonlyMap<string, Contribution>
}
export type Round =
  | Gathering
  | ({ readonly state: 'summing' | 'released' } & Closed)
  | ({ readonly state: 'abandoned'; readonly reason: string } & Closed)

export type RoundInput =
  | { readonly kind: 'received'; readonly party: string; readonly round: number; readonly contribution: Contribution }
  | { readonly kind: 'refused'; readonly party: string; readonly detail: string }
  | { readonly kind: 'present'; readonly party: string }
  | { readonly kind: 'left'; readonly party: string }
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'summed' }
  | { readonly kind: 'stopped'; readonly reason: string }

export type RoundEffect =
  /** Add this party's update to the sum, before any later effect. */
  | { readonly kind: 'add'; readonly party: string; readonly weight: number }
  | { readonly kind: 'announce'; readonly party: string; readonly activity: PartyActivity; readonly detail: string }
  /** Open the sum, then answer with `summed`. */
  | { readonly kind: 'sum' }
  | { readonly kind: 'abandon'; readonly reason: string }

export interface Step {
  readonly round: Round
  readonly effects: readonly RoundEffect[]
}

export function openRound(plan: RoundPlan, present: Iterable<string>): Round {
  const cohort = new Set(plan.cohort)
  return {
    state: 'gathering',
    plan,
    present: new Set([...present].filter((party) => cohort.has(party))),
    refused: new Set(),
    received: new Map(),
  }
}

/**
 * Whether an update may be taken: `new`, or `known` when the same bytes already count.
 * @throws RoundError when it may not.
 */
export function admit(round: Round, party: string, number: number, digest: string): 'new' | 'known' {
  const { plan, received } = round
  if (!plan.cohort.includes(party)) {
    throw new RoundError('ROUND_STRANGER', `party ${party} is not in the cohort of round ${plan.number}`)
  }
  if (number > plan.number) {
    throw new RoundError('ROUND_OTHER', `party ${party} sent an update for round ${number}; this is ${plan.number}`)
  }
  if (number < plan.number) {
    throw new RoundError('ROUND_CLOSED', `party ${party} sent its update for round ${number} after that round closed`)
  }
  const earlier = received.get(party)
  if (earlier?.digest === digest) return 'known'
  if (earlier !== undefined) {
    throw new RoundError('ROUND_CONFLICT', `party ${party} already has another update in round ${plan.number}`)
  }
  if (round.state !== 'gathering') {
    throw new RoundError('ROUND_CLOSED', `party ${party} sent its update after round ${plan.number} had closed`)
  }
  return 'new'
}

/** @throws RoundError for a `received` that `admit` refuses. */
export function step(round: Round, input: RoundInput): Step {
  if (input.kind === 'received') {
    const { party, contribution } = input
    if (admit(round, party, input.round, contribution.digest) === 'known') return { round, effects: [] }
  }
  if (input.kind === 'summed') {
    return round.state === 'summing' ? { round: { ...round, state: 'released' }, effects: [] } : { round, effects: [] }
  }
  if (input.kind === 'stopped' && (round.state === 'gathering' || round.state === 'summing')) {
    return abandon(round, input.reason, [])
  }
  if (round.state !== 'gathering' || input.kind === 'stopped') return { round, effects: [] }
  const [next, effects] = gather(round, input)
  return settle(next, effects, input.kind === 'time' ? input.nowMs : undefined)
}

type GatherInput = Exclude<RoundInput, { kind: 'summed' | 'stopped' }>

function gather(round: Gathering, input: GatherInput): [Gathering, RoundEffect[]] {
  if (input.kind === 'time') return [round, []]
  const { party } = input
  switch (input.kind) {
    case 'received': {
      const received = new Map(round.received).set(party, input.contribution)
      const effects: RoundEffect[] = [
        { kind: 'add', party, weight: input.contribution.weight },
        { kind: 'announce', party, activity: 'delivered', detail: '' },
      ]
      return [{ ...round, received, refused: without(round.refused, party) }, effects]
    }
    case 'refused':
      if (!round.plan.cohort.includes(party) || round.received.has(party) || round.refused.has(party))
        return [round, []]
      return [
        { ...round, refused: new Set(round.refused).add(party) },
        [{ kind: 'announce', party, activity: 'refused', detail: input.detail }],
      ]
    case 'present':
      if (!round.plan.cohort.includes(party)) return [round, []]
      return [{ ...round, present: new Set(round.present).add(party) }, []]
    case 'left':
      return [{ ...round, present: without(round.present, party) }, []]
  }
}

/** Closes or abandons the round if there is nothing left to wait for. */
function settle(round: Gathering, effects: RoundEffect[], nowMs: number | undefined): Step {
  const { plan, received, present, refused } = round
  const overdue = nowMs !== undefined && nowMs >= plan.deadlineMs
  const enough = received.size >= plan.quorum
  const awaited = plan.cohort.filter((party) => present.has(party) && !received.has(party) && !refused.has(party))
  if (enough && (overdue || awaited.length === 0)) {
    const late = missingFrom(round).filter((party) => present.has(party) && !refused.has(party))
    const announced = late.map((party): RoundEffect => ({ kind: 'announce', party, activity: 'late', detail: '' }))
    return { round: { state: 'summing', plan, received }, effects: [...effects, ...announced, { kind: 'sum' }] }
  }
  const possible = plan.cohort.filter((party) => !refused.has(party)).length
  if (overdue || possible < plan.quorum) return abandon(round, shortfall(round, overdue), effects)
  return { round, effects }
}

function abandon(round: Closed, reason: string, effects: readonly RoundEffect[]): Step {
  const { plan, received } = round
  return { round: { state: 'abandoned', plan, received, reason }, effects: [...effects, { kind: 'abandon', reason }] }
}

function shortfall(round: Gathering, overdue: boolean): string {
  const { plan, received, refused, present } = round
  const fate = (party: string) => (refused.has(party) ? 'refused' : present.has(party) ? 'late' : 'gone')
  const missing = missingFrom(round).map((party) => `${party} (${fate(party)})`)
  const when = overdue ? 'at its deadline' : 'and can get no more'
  return `round ${plan.number} had ${received.size} of ${plan.quorum} updates ${when}; missing: ${missing.join(', ')}`
}

/** The parties of the cohort whose update is not in, in cohort order. */
export function missingFrom(round: Round): string[] {
  return round.plan.cohort.filter((party) => !round.received.has(party))
}

function without(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  if (!set.has(value)) return set
  const copy = new Set(set)
  copy.delete(value)
  return copy
}
