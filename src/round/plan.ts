/**
 * What a round is played by: who is asked, when it closes, which late updates count in it. Made before the round opens
 * and never changed while it is played.
 */
import { createRandom } from '../crypto/index.ts'
import type { JobSpec } from '../job/index.ts'
import type { TaskKind } from './run.ts'

export interface RoundPlan {
  readonly number: number
  readonly task: TaskKind
  /** Who is asked: those present at once, those who come in time then. */
  readonly cohort: readonly string[]
  /** Updates without which the round is abandoned at its deadline. */
  readonly quorum: number
  /** Updates with which the round closes without waiting for anybody else; the quorum at least. */
  readonly enough: number
  /** Largest age in rounds of an update that may count here; 0: only updates of this round. */
  readonly staleness: number
  /** Who was asked in the rounds before, by round: those within `staleness`. */
  readonly asked: ReadonlyMap<number, readonly string[]>
  /** What counted lately, by party: the rounds within `staleness`, and the last one for a party that missed its answer. */
  readonly counted: ReadonlyMap<string, readonly CountedUpdate[]>
  /** What this round had acknowledged before the aggregator was restarted, by party; empty in an undisturbed round. */
  readonly acknowledged: ReadonlyMap<string, Contribution>
  readonly deadlineMs: number
}

export interface Contribution {
  /** SHA-256 of the update's bytes, hex. */
  readonly digest: string
  /** Training rows behind the update. */
  readonly weight: number
  /** Age in rounds: it was made for the round that many before. */
  readonly staleness: number
}

/** An update that is in a released sum. It was made for round `round - staleness`. */
export interface CountedUpdate extends Contribution {
  readonly round: number
}

/** What the job says of one round. */
export interface RoundRules {
  /** How many parties are asked. */
  readonly cohort: number
  readonly quorum: number
  readonly enough: number
  readonly staleness: number
}

/** @param parties how many take part in the run: those of the spec that accepted */
export function roundRules(spec: JobSpec, parties: number, number: number, task: TaskKind): RoundRules {
  const { rounds, strategy } = spec
  const cohort = Math.min(rounds.cohort ?? parties, parties)
  const buffered = strategy.kind === 'fedbuff' && task === 'train'
  const enough = Math.min(buffered ? strategy.buffer : (rounds.enough ?? cohort), cohort)
  return {
    cohort,
    quorum: rounds.quorum,
    enough: Math.max(enough, rounds.quorum),
    // Round 1 is the first that trains.
    staleness: Math.max(0, Math.min(maximumStaleness(spec, task), number - 1)),
  }
}

/** By how many rounds an update may be late and still count: only those of training look alike from round to round. */
export function maximumStaleness({ rounds, strategy }: Pick<JobSpec, 'rounds' | 'strategy'>, task: TaskKind): number {
  if (task !== 'train') return 0
  if (strategy.kind === 'fedbuff') return strategy.maximumStaleness
  return rounds.late === 'keep' ? 1 : 0
}

/**
 * Who is asked in a round: everybody if that many are wanted, else a choice that is each time equally likely to be any.
 * It follows from the job's seed and is known to everybody beforehand: it spreads work and hides nobody.
 * @returns in the order of `parties`, whose order changes no choice
 */
export function selectCohort(parties: readonly string[], size: number, seed: number, round: number): string[] {
  if (size >= parties.length) return [...parties]
  const order = [...parties].sort()
  createRandom(`coffer-cohort-v1 seed ${seed} round ${round}`).shuffle(order)
  const chosen = new Set(order.slice(0, size))
  return parties.filter((party) => chosen.has(party))
}
