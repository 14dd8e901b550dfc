/**
 * Whether an update may count in a round. What identifies it is its party and the round it was made for, of which one
 * update counts, once, in one round. The digest tells a repetition from another update. (It is no identity of its own:
 * a party whose coarse deltas are all zero may rightly make the same bytes in two rounds.)
 */
import { RoundError } from './errors.ts'
import { names } from './names.ts'
import type { Contribution, RoundPlan } from './plan.ts'

export type Admission =
  /** It may be taken; `staleness`: how many rounds before this one it was made for. */
  | { readonly kind: 'new'; readonly staleness: number }
  /** The same bytes are acknowledged already, and in the sum of this round or will be. */
  | { readonly kind: 'known'; readonly round: number }

/** What admission needs to know of a round. */
export interface Admitting {
  readonly state: string
  readonly plan: RoundPlan
  readonly received: ReadonlyMap<string, Contribution>
  /** Acknowledged before a restart and not here again. */
  readonly outstanding: ReadonlySet<string>
}

/** @throws RoundError ROUND_STRANGER, _OTHER, _CLOSED, _CONFLICT, _COUNTED */
export function judgeUpdate(round: Admitting, party: string, number: number, digest: string): Admission {
  const { plan, received } = round
  if (number > plan.number) {
    throw new RoundError('ROUND_OTHER', `party ${party} sent an update for round ${number}; this is ${plan.number}`)
  }
  const earlier = plan.counted.get(party)?.find((each) => each.round - each.staleness === number)
  if (earlier !== undefined) return repetition(party, number, digest, earlier.digest, earlier.round)
  const staleness = plan.number - number
  requireAsked(plan, party, number)
  const own = received.get(party) ?? plan.acknowledged.get(party)
  if (own !== undefined && own.staleness !== staleness) {
    const text = `party ${party} already counts in round ${plan.number}, with its update for round ${plan.number - own.staleness}`
    throw new RoundError('ROUND_COUNTED', text)
  }
  if (own !== undefined) {
    const known = repetition(party, number, digest, own.digest, plan.number)
    if (received.has(party)) return known
  }
  requireOpen(round, party)
  return { kind: 'new', staleness }
}

function repetition(party: string, number: number, digest: string, counts: string, round: number): Admission {
  if (digest === counts) return { kind: 'known', round }
  throw new RoundError('ROUND_CONFLICT', `party ${party} already has another update for round ${number}`)
}

function requireAsked(plan: RoundPlan, party: string, number: number): void {
  if (plan.number - number > plan.staleness) {
    throw new RoundError('ROUND_CLOSED', `party ${party} sent its update for round ${number} after that round closed`)
  }
  const asked = number === plan.number ? plan.cohort : (plan.asked.get(number) ?? [])
  if (names(asked, party)) return
  throw new RoundError('ROUND_STRANGER', `party ${party} is not in the cohort of round ${number}`)
}

/** Places of what was acknowledged before a restart are kept: nobody else takes them. Whoever was told that its update
 * counts is let in even after it was refused once, and its place given away. */
function requireOpen({ state, plan, received, outstanding }: Admitting, party: string): void {
  if (state !== 'gathering') {
    throw new RoundError('ROUND_CLOSED', `party ${party} sent its update after round ${plan.number} had closed`)
  }
  if (plan.acknowledged.has(party) || outstanding.size === 0) return
  if (received.size + outstanding.size < plan.enough) return
  const text = `round ${plan.number} had ${plan.enough} updates before the aggregator was restarted, and takes no other`
  throw new RoundError('ROUND_CLOSED', `party ${party} sent its update too late: ${text}`)
}
