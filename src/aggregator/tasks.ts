/** What a round asks, and of whom. */
import { type PendingRound, selectCohort, type TaskKind } from '../round/index.ts'
import type { EngineModel } from './engine/index.ts'
import type { TaskNow } from './members.ts'

/** How a round is opened: kept in the log, so that it opens the same way after a restart. */
export interface Opening {
  readonly number: number
  readonly task: TaskKind
  readonly cohort: readonly string[]
  /** Rows that the parties divide theirs by: of all that had joined when the round opened first. */
  readonly weightUnit: number
  readonly deadlineMs: number
}

export const taskOf = (round: number, rounds: number): TaskKind =>
  round === 0 ? 'statistics' : round <= rounds ? 'train' : 'evaluate'

export const openingOf = ({ number, task, cohort, weightUnit }: PendingRound): Omit<Opening, 'deadlineMs'> => ({
  number,
  task,
  cohort,
  weightUnit,
})

export function taskFor(runId: string, { number, task, weightUnit, deadlineMs }: Opening, model: EngineModel): TaskNow {
  const place = { runId, round: number, weightUnit, deadlineMs }
  if (task === 'statistics') return { ...place, kind: 'statistics' }
  const { digest: modelDigest, standardisation, control } = model
  if (task === 'evaluate') return { ...place, kind: 'evaluate', modelDigest, standardisation }
  return { ...place, kind: 'train', modelDigest, standardisation, controlDigest: control?.digest ?? new Uint8Array(0) }
}

/** Of those who are present, and of the others only as far as they are too few. @param present in the order of `parties` */
export function chooseCohort(
  parties: readonly string[],
  present: readonly string[],
  size: number,
  seed: number,
  round: number,
): readonly string[] {
  if (size >= parties.length) return parties
  const chosen = new Set(selectCohort(present, size, seed, round))
  const there = new Set(present)
  const absent = parties.filter((party) => !there.has(party))
  for (const party of selectCohort(absent, size - chosen.size, seed, round)) chosen.add(party)
  return parties.filter((party) => chosen.has(party))
}
