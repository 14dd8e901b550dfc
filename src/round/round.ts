/**
 * The life of one round, as a pure state machine: `step(round, event) -> { round, effects }`.
 *
 *   gathering ──> summing ──> released
 *       └────────────┴──> abandoned
 *
 * gathering  updates come in; each counts once, by party. The round closes as soon as it has `enough` updates, when
 *            every present party has delivered and the quorum is reached, or at the deadline with the quorum. A party
 *            that left is not waited for once the quorum is there, and may come back until the round closes.
 * summing    the set of contributors is fixed; the sum is being opened.
 * released   the sum is out.
 * abandoned  the deadline passed without the quorum, the quorum became impossible, or the run was stopped, if need be
 *            while its sum was being opened.
 *
 * Late: an update of an earlier round, within the plan's staleness, counts as its party's contribution to this round.
 * The party is then done with this round; what it makes for this one may count in a later one (ROUND_COUNTED until
 * then). Updates that are older are refused (ROUND_CLOSED). So each update counts in one round and each party once in
 * each round.
 *
 * After a restart the same round opens again, without bytes: the parties send theirs again. Each update that had been
 * acknowledged is waited for until the deadline, present or not, and until then has its place among `enough`, which
 * nobody else is given; a party's place is free again when its update is refused or it declines. Hence:
 *   - who waits for everybody gets the contributors of an undisturbed round;
 *   - with fewer `enough` than asked, the first in time count, as ever, but those that were acknowledged are among
 *     them; if they were all, or the set had been closed already (planRound), they are the very same;
 *   - an acknowledged update is missing only if its own party did not bring it again by the deadline. If the quorum is
 *     missed by that, the round is abandoned: to let others in would make a sum that no undisturbed round can have.
 * What is acknowledged does not depend on the order of arrival in any other way: the same inputs in the same order give
 * the same round, and where `enough` is not reached before everybody is there, so does every order.
 *
 * Time enters as an event. Refused updates are thrown as RoundError and leave the round as it was.
 */
import { type Admission, judgeUpdate } from './admission.ts'
import { names } from './names.ts'
import type { Contribution, RoundPlan } from './plan.ts'
import type { PartyActivity } from './run.ts'

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
  /** `round`: the one the update was made for. */
  | {
      readonly kind: 'received'
      readonly party: string
      readonly round: number
      readonly digest: string
      readonly weight: number
    }
  /** The update that the party made for this round is bad, or will not come. */
  | { readonly kind: 'refused'; readonly party: string; readonly round: number; readonly detail: string }
  | { readonly kind: 'present'; readonly party: string }
  | { readonly kind: 'left'; readonly party: string }
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'summed' }
  | { readonly kind: 'stopped'; readonly reason: string }

export type RoundEffect =
  /** Add this party's update to the sum, before any later effect. */
  | { readonly kind: 'add'; readonly party: string; readonly weight: number; readonly staleness: number }
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
 * Whether an update may be taken. `number`: the round it was made for.
 * @throws RoundError when it may not: ROUND_STRANGER, _OTHER, _CLOSED, _CONFLICT, _COUNTED.
 */
export function admit(round: Round, party: string, number: number, digest: string): Admission {
  const { state, plan, received } = round
  return judgeUpdate({ state, plan, received, outstanding: outstandingOf(round) }, party, number, digest)
}

/** @throws RoundError for a `received` that `admit` refuses. */
export function step(round: Round, input: RoundInput): Step {
  if (input.kind === 'received') {
    const { party, digest } = input
    if (admit(round, party, input.round, digest).kind === 'known') return { round, effects: [] }
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
      const { digest, weight } = input
      const staleness = round.plan.number - input.round
      const received = new Map(round.received).set(party, { digest, weight, staleness })
      const detail = staleness === 0 ? '' : `with its update for round ${input.round}`
      const effects: RoundEffect[] = [
        { kind: 'add', party, weight, staleness },
        { kind: 'announce', party, activity: 'delivered', detail },
      ]
      return [{ ...round, received, refused: without(round.refused, party) }, effects]
    }
    case 'refused':
      if (!isExpected(round, party, input.round) || round.received.has(party) || round.refused.has(party))
        return [round, []]
      return [
        { ...round, refused: new Set(round.refused).add(party) },
        [{ kind: 'announce', party, activity: 'refused', detail: input.detail }],
      ]
    case 'present':
      if (!names(round.plan.cohort, party)) return [round, []]
      return [{ ...round, present: new Set(round.present).add(party) }, []]
    case 'left':
      return [{ ...round, present: without(round.present, party) }, []]
  }
}

/** Whether the party still owes the update that it made for round `number`. A late one is welcome, but owed only if it
 * was acknowledged: a party whose late update is bad may deliver the one of this round. */
function isExpected({ plan }: Gathering, party: string, number: number): boolean {
  const acknowledged = plan.acknowledged.get(party)
  if (acknowledged !== undefined) return number === plan.number - acknowledged.staleness
  return number === plan.number && names(plan.cohort, party)
}

const nobody: ReadonlySet<string> = new Set()

/** Parties whose update was acknowledged before a restart, and is neither here again nor given up. */
function outstandingOf(round: Round): ReadonlySet<string> {
  if (round.plan.acknowledged.size === 0) return nobody
  const refused = round.state === 'gathering' ? round.refused : new Set<string>()
  const parties = [...round.plan.acknowledged.keys()]
  return new Set(parties.filter((party) => !round.received.has(party) && !refused.has(party)))
}

/** Closes or abandons the round if there is nothing left to wait for. */
function settle(round: Gathering, effects: RoundEffect[], nowMs: number | undefined): Step {
  const { plan, received, present, refused } = round
  const overdue = nowMs !== undefined && nowMs >= plan.deadlineMs
  const isAwaited = (party: string) => present.has(party) && !received.has(party) && !refused.has(party)
  const satisfied = received.size >= plan.enough || !plan.cohort.some(isAwaited)
  const complete = satisfied && outstandingOf(round).size === 0
  if (received.size >= plan.quorum && (overdue || complete)) {
    const late = plan.cohort
      .filter(isAwaited)
      .map((party): RoundEffect => ({ kind: 'announce', party, activity: 'late', detail: '' }))
    return { round: { state: 'summing', plan, received }, effects: [...effects, ...late, { kind: 'sum' }] }
  }
  if (overdue || !canReachQuorum(round)) return abandon(round, shortfall(round, overdue), effects)
  return { round, effects }
}

/** Whether enough of those may still count who were asked, now or within the staleness, and were not refused. */
function canReachQuorum({ plan, refused, received }: Gathering): boolean {
  // The rest looks at as many names as a hundred rounds have asked.
  if (plan.cohort.length - refused.size >= plan.quorum) return true
  const earlier = [...plan.asked].filter(([number]) => plan.number - number <= plan.staleness)
  const parties = new Set([...plan.cohort, ...earlier.flatMap(([, asked]) => asked), ...received.keys()])
  return [...parties].filter((party) => !refused.has(party)).length >= plan.quorum
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

/** The parties whose updates are in the sum, ascending: an order that does not depend on that of arrival. */
export function contributorsOf(round: Round): string[] {
  return [...round.received.keys()].sort()
}

function without(set: ReadonlySet<string>, value: string): ReadonlySet<string> {
  if (!set.has(value)) return set
  const copy = new Set(set)
  copy.delete(value)
  return copy
}
