/** Who is gone in which round: drawn per party and round from the seed, so that it can be told before the run. */
import { createRandom } from '../../crypto/index.ts'

export interface Absences {
  /** The parties that are gone in this round; round 0 is statistics, the last one evaluation. */
  in(round: number): ReadonlySet<string>
}

/** Rounds looked at lately are kept; any other is drawn again. */
const KEPT = 4

export function createAbsences(parties: readonly string[], probability: number, seed: number): Absences {
  const kept = new Map<number, ReadonlySet<string>>()
  return {
    in(round) {
      const known = kept.get(round)
      if (known) return known
      const random = createRandom(`absences ${seed}/${round}`)
      const gone = new Set(parties.filter(() => random.uniform() < probability))
      kept.set(round, gone)
      if (kept.size > KEPT) kept.delete(Math.min(...kept.keys()))
      return gone
    },
  }
}

/** The round in which the fewest parties are left, and how many. */
export function emptiestRound(absences: Absences, parties: number, rounds: number): { round: number; left: number } {
  let [emptiest, left] = [0, parties]
  for (let round = 0; round <= rounds + 1; round += 1) {
    const here = parties - absences.in(round).size
    if (here < left) [emptiest, left] = [round, here]
  }
  return { round: emptiest, left }
}
