/** How long to wait before trying again: twice as long each time up to a bound, and a random half of that. */
import { setTimeout as wait } from 'node:timers/promises'

const FIRST_MS = 250
/** Long enough to cost nothing, short enough that nobody waits for it when the aggregator comes back. */
const LONGEST_MS = 15_000

/** `attempt` counts from 0, `random` is in [0, 1): many coordinators and runs must not come back in the same moment. */
export function backOffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return full / 2 + (full / 2) * random
}

/** Waits before attempt number `attempt`; ends early, without an error, when `signal` aborts. */
export type BackOff = (attempt: number, signal: AbortSignal) => Promise<void>

export const backOff: BackOff = async (attempt, signal) => {
  try {
    await wait(backOffMs(attempt, Math.random()), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
