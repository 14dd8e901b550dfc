/**
 * A run's history, then what happens next, without loss or repetition between the two: the subscription begins before
 * the first reading, and every event comes from the store, in order of its sequence.
 */
import type { RunEvent } from '../round/index.ts'
import type { Store } from '../store/index.ts'
import type { Changes } from './changes.ts'
import { hasEnded } from './runs.ts'

/** Events read at once: all that a watcher holds in memory. Each may hold a receipt of 180 KB. */
const BATCH = 64

export async function* watchRun(
  store: Store,
  changes: Changes,
  runId: string,
  afterSequence: number,
  signal: AbortSignal,
): AsyncGenerator<RunEvent> {
  const subscription = changes.subscribe('any', (run) => run.runId === runId)
  try {
    for (let after = afterSequence; !signal.aborted; ) {
      // Before the events: a run that had ended by then has all of its events in the store.
      const run = await store.runs.get(runId)
      const events = await store.events.read(runId, after, BATCH)
      for (const event of events) {
        yield event
        if (signal.aborted) return
        after = event.sequence
      }
      if (events.length === BATCH) continue
      if (!run || hasEnded(run)) return
      await subscription.next(signal)
    }
  } finally {
    subscription.close()
  }
}
