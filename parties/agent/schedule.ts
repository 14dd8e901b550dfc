/**
 * Which task a party works on when, as functions of what it holds and what it is told. A party has one task under way
 * and one update that no receipt has shown yet:
 *
 *   idle      no task, or the newest one was answered
 *   working   one task is under way; `next` is a newer one that waits for it, where the job lets late updates count
 */
import type { Facts, UpdateFacts } from '../state/index.ts'
import type { RoundTask } from './work.ts'

type Place = Pick<RoundTask, 'kind' | 'round'>

/** Only training may be late: statistics and evaluations are about one model. */
const isLate = (older: Place, newer: Place, staleness: number): boolean =>
  older.kind === 'train' &&
  newer.kind === 'train' &&
  newer.round > older.round &&
  newer.round - older.round <= staleness

/** What becomes of a new task: `same` as is under way already, to `hold` until that is done, or to `start` instead of it. */
export function stepOn(underWay: Place | undefined, task: Place, staleness: number): 'same' | 'hold' | 'start' {
  if (underWay?.round === task.round) return 'same'
  return underWay && isLate(underWay, task, staleness) ? 'hold' : 'start'
}

/**
 * What a task needs: `nothing`, because the kept update is in the sum of its round already, as this very epoch said; to
 * `resend` the kept update, which may still count; or to be `work`ed on.
 */
export function needOf(
  task: Place,
  kept: UpdateFacts | undefined,
  accepted: Facts['accepted'],
  epoch: string,
  staleness: number,
): 'nothing' | 'resend' | 'work' {
  if (kept === undefined) return 'work'
  const known = accepted?.digest === kept.digest && accepted.epoch === epoch
  if (known && accepted.round === task.round) return 'nothing'
  const older = { kind: kept.task, round: kept.round }
  return kept.round === task.round || isLate(older, task, staleness) ? 'resend' : 'work'
}
