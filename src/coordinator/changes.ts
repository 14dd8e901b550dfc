/**
 * Who wants to know that a run changed. A subscription keeps the ids of changed runs, never what changed: the reader
 * takes that from the store at its own speed, so a slow one costs an id per run and misses nothing.
 */
import type { Run, RunState } from '../round/index.ts'

/** Ids kept for one reader; a reader so far behind looks at everything instead. */
const KEPT_IDS = 4_096

export interface Subscription {
  /**
   * Waits until a run has changed since the last call and gives the ids of those that did; 'many' when they were too
   * many to keep. Empty when `signal` aborts. One call at a time.
   */
  next(signal: AbortSignal): Promise<readonly string[] | 'many'>
  close(): void
}

export interface Changes {
  /** @param before its state before this change; undefined for a new run */
  announce(run: Run, before: RunState | undefined): void
  /** @param when `state`: only what changes a run's state; that is what a thousand parties wait for */
  subscribe(when: 'any' | 'state', concerns: (run: Run) => boolean): Subscription
}

export function createChanges(keptIds = KEPT_IDS): Changes {
  const announcements = { any: new Set<(run: Run) => void>(), state: new Set<(run: Run) => void>() }

  const subscribe = (when: 'any' | 'state', concerns: (run: Run) => boolean): Subscription => {
    let changed = new Set<string>()
    let many = false
    let wake = (): void => undefined
    const announce = (run: Run): void => {
      if (!concerns(run)) return
      many ||= changed.size >= keptIds && !changed.has(run.runId)
      if (many) changed.clear()
      else changed.add(run.runId)
      wake()
    }
    announcements[when].add(announce)
    return {
      next: async (signal) => {
        while (changed.size === 0 && !many && !signal.aborted) {
          await wakened(signal, (resolve) => {
            wake = resolve
          })
        }
        const taken = many ? 'many' : [...changed]
        changed = new Set()
        many = false
        return signal.aborted ? [] : taken
      },
      close: () => announcements[when].delete(announce),
    }
  }
  const announce = (run: Run, before: RunState | undefined): void => {
    for (const tell of announcements.any) tell(run)
    if (run.state === before) return
    for (const tell of announcements.state) tell(run)
  }
  return { announce, subscribe }
}

/** Resolves when the function that `arm` is given is called, or when `signal` aborts. */
function wakened(signal: AbortSignal, arm: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    arm(done)
  })
}
