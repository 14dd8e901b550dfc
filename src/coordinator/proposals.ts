/**
 * What is kept in memory of each run that waits for decisions: the quorum of its spec, which is parsed once, and its
 * deadline. It begins when the coordinator sees to the run for the first time, at submission or after a restart: parties
 * need that time to come back. One entry and one timer for each proposed run; the number of runs is bounded.
 */
import { readCanonicalSpec } from '../job/index.ts'
import type { Run } from '../round/index.ts'
import type { Circumstances } from './decisions.ts'

export interface Proposals {
  /** Begins the run's deadline unless it has begun, and says whether it has passed. */
  hold(run: Run): 'waiting' | 'overdue'
  /** Of a run that is held; undefined of any other. */
  held(runId: string): Circumstances | undefined
  /** Of any run; parses the spec of one that is not held. */
  circumstances(run: Run): Circumstances
  /** The run no longer waits. */
  forget(runId: string): void
  /** Stops all timers. Idempotent. */
  close(): void
}

interface Held {
  readonly quorum: number
  readonly deadlineSeconds: number
  readonly timer: NodeJS.Timeout
  overdue: boolean
}

/** `passed` is called once for each run whose deadline passes. */
export function createProposals(isConnected: (party: string) => boolean, passed: (runId: string) => void): Proposals {
  const runs = new Map<string, Held>()

  const held = (runId: string): Circumstances | undefined => {
    const run = runs.get(runId)
    if (!run) return undefined
    const { quorum, deadlineSeconds, overdue } = run
    return { quorum, deadlineSeconds, overdue, isConnected }
  }
  const begin = ({ runId, specJson }: Run): void => {
    const { quorum, deadlineSeconds } = readCanonicalSpec(specJson).rounds
    const timer = setTimeout(() => {
      const run = runs.get(runId)
      if (!run) return
      run.overdue = true
      passed(runId)
    }, deadlineSeconds * 1_000)
    runs.set(runId, { quorum, deadlineSeconds, timer, overdue: false })
  }
  const forget = (runId: string): void => {
    clearTimeout(runs.get(runId)?.timer)
    runs.delete(runId)
  }
  return {
    hold: (run) => {
      if (!runs.has(run.runId)) begin(run)
      return runs.get(run.runId)?.overdue ? 'overdue' : 'waiting'
    },
    held,
    circumstances: ({ runId, specJson }) => {
      const known = held(runId)
      if (known) return known
      const { quorum, deadlineSeconds } = readCanonicalSpec(specJson).rounds
      return { quorum, deadlineSeconds, overdue: false, isConnected }
    },
    forget,
    close: () => {
      for (const runId of [...runs.keys()]) forget(runId)
    },
  }
}
