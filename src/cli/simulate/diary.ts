/** What is kept of a simulated run: one entry for each round that closed, made from the run's events. */
import type { Metrics } from '../../learning/index.ts'
import type { RunEvent, TaskKind } from '../../round/index.ts'

export interface Entry {
  readonly round: number
  readonly task: TaskKind
  readonly contributors: number
  /** Asked and not in the sum: gone, late or refused. */
  readonly missing: number
  /** Of the model the round started from. */
  readonly metrics: Metrics
  /** From its opening to its closing. */
  readonly seconds: number
}

export interface Diary {
  readonly entries: readonly Entry[]
  /** Rounds with a signed receipt. */
  readonly receipts: number
  /** The entry, if the event closed a round. */
  event(event: RunEvent): Entry | undefined
}

export function createDiary(): Diary {
  const entries: Entry[] = []
  let openedMs = 0
  let receipts = 0
  return {
    entries,
    get receipts() {
      return receipts
    },
    event(event) {
      if (event.kind === 'round-opened') openedMs = event.atMs
      if (event.kind !== 'round-closed') return undefined
      const { round, task, contributors, missing, metrics, atMs } = event
      const seconds = (atMs - openedMs) / 1000
      const entry = { round, task, contributors: contributors.length, missing: missing.length, metrics, seconds }
      entries.push(entry)
      if (event.receipt.length > 0) receipts += 1
      return entry
    },
  }
}
