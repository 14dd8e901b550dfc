/**
 * How often a connection may be accepted: whoever cuts connections on the way, without any key, makes the agent dial and
 * judge again, and every accepted verdict is kept. After some in quick succession further ones are turned away until a
 * minute has passed; the channel dials again by itself.
 */
import { RecordError } from './errors.ts'

/** A restarted aggregator or a changed network takes one or two. 4,320 records of 10 kB a day at most. */
const QUICK = 3
const WITHIN_MS = 60_000

export interface Pace {
  /** Before a verdict. Throws RecordError RECORD_PACE. */
  check(): void
  /** After one that accepted. */
  accepted(): void
}

export function createPace(now: () => number): Pace {
  let times: number[] = []
  return {
    check() {
      // A clock that was set back must not turn away for hours.
      times = times.filter((at) => at <= now() && now() - at < WITHIN_MS)
      if (times.length < QUICK) return
      throw new RecordError(
        'RECORD_PACE',
        `${times.length} connections were accepted within ${WITHIN_MS / 1000} s and lost again`,
      )
    },
    accepted() {
      times.push(now())
    },
  }
}
