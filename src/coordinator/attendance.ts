/**
 * The parties that hold an Attend stream, and what goes down each: at first every run of the party that has something
 * for it to do, then each change that gives it something else to do. One stream a party; a second ends the first.
 */
import { type Assignment, type AssignmentPhase, createTurns, RpcError } from '../rpc/index.ts'
import type { Store } from '../store/index.ts'
import { assignmentFor } from './assignments.ts'
import type { Changes } from './changes.ts'
import { CoordinatorError } from './errors.ts'

export interface Attendance {
  /** Sorted names. */
  connected(): readonly string[]
  isConnected(party: string): boolean
  attend(party: string, signal: AbortSignal): AsyncGenerator<Assignment>
}

/** `draining` ends all streams, so that the agents look for the coordinator again. */
export function createAttendance(store: Store, changes: Changes, draining: AbortSignal): Attendance {
  const streams = new Map<string, AbortController>()

  async function* attend(party: string, caller: AbortSignal): AsyncGenerator<Assignment> {
    streams.get(party)?.abort()
    const replaced = new AbortController()
    streams.set(party, replaced)
    const signal = AbortSignal.any([caller, replaced.signal, draining])
    try {
      yield* assignments(store, changes, party, signal)
    } finally {
      if (streams.get(party) === replaced) streams.delete(party)
    }
    if (caller.aborted) return
    if (replaced.signal.aborted) {
      throw new CoordinatorError('ATTEND_REPLACED', `another agent of party ${party} has connected`)
    }
    throw new RpcError('PEER_DRAINING', 'the coordinator is shutting down')
  }

  return { connected: () => [...streams.keys()].sort(), isConnected: (party) => streams.has(party), attend }
}

/** One change of a run wakes the streams of a thousand parties. */
const turns = createTurns()

/** Ends when `signal` aborts. */
async function* assignments(
  store: Store,
  changes: Changes,
  party: string,
  signal: AbortSignal,
): AsyncGenerator<Assignment> {
  const told = new Map<string, AssignmentPhase>()
  // Before the first reading, so that no change falls between the two. What a party is to do changes with the state only:
  // its own decision, in the same state, leaves it nothing to do.
  const subscription = changes.subscribe('state', (run) => assignmentFor(run, party, told.get(run.runId)) !== undefined)
  try {
    for (let runIds: readonly string[] | 'many' = 'many'; !signal.aborted; runIds = await subscription.next(signal)) {
      const looked = runIds === 'many' ? new Set([...told.keys(), ...(await store.runs.unfinished(party))]) : runIds
      for (const runId of looked) {
        await turns.next()
        if (signal.aborted) return
        const run = await store.runs.get(runId)
        const assignment = run && assignmentFor(run, party, told.get(runId))
        if (!assignment) continue
        if (assignment.phase === 'ended') told.delete(runId)
        else told.set(runId, assignment.phase)
        yield assignment
        if (signal.aborted) return
      }
    }
  } finally {
    subscription.close()
  }
}
