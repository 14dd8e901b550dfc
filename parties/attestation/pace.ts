/**
 * How often a connection may be accepted: whoever cuts connections on the way, without any key, makes the agent dial and
 * judge again, and every accepted verdict is kept. After some in quick succession each further one waits.
 */
import { setTimeout as wait } from 'node:timers/promises'

/** A restarted aggregator or a changed network takes one or two. */
const QUICK = 3
const WITHIN_MS = 60_000
/** Less than a dial may take (GrpcSettings.attestationMs); 2,880 records of 10 kB a day at most. */
const PAUSE_MS = 30_000

/** Resolves after `ms`, or rejects with the signal's reason. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

export interface Pace {
  /** Before a verdict. */
  turn(signal: AbortSignal): Promise<void>
  /** After one that accepted. */
  accepted(): void
}

export function createPace(now: () => number, pause: Pause = (ms, signal) => wait(ms, undefined, { signal })): Pace {
  let times: number[] = []
  return {
    async turn(signal) {
      times = times.filter((at) => now() - at < WITHIN_MS)
      if (times.length >= QUICK) await pause(PAUSE_MS, signal)
    },
    accepted() {
      times.push(now())
    },
  }
}
