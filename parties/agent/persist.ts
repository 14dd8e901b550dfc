/** Keeps a conversation with a server going: again after every end, with a growing pause that starts over on success. */
import { setTimeout as wait } from 'node:timers/promises'
import { AttestationError } from '../../src/attestation/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import type { Log } from '../../src/rpc/index.ts'
import { RecordError } from '../attestation/index.ts'
import { CollateralError } from '../collateral/index.ts'

const FIRST_PAUSE_MS = 250
/** Short enough that a restarted server has its parties back within seconds. */
const LONGEST_PAUSE_MS = 10_000
/** After a refusal, which the next attempt will hardly change: two agents under one name must not chase each other. */
const REFUSED_PAUSE_MS = 60_000

/**
 * Runs `converse` until it says that it is over, or the signal aborts. It calls `connected` when the other side has
 * answered. A coded error that is worth another try is logged; any other is thrown.
 */
export async function persist(
  whom: string,
  log: Log,
  signal: AbortSignal,
  converse: (connected: () => void) => Promise<'over' | 'again'>,
  worthAnotherTry: (error: CodedError) => boolean = () => true,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS
  while (!signal.aborted) {
    let refused = false
    try {
      const state = await converse(() => {
        pauseMs = FIRST_PAUSE_MS
      })
      if (state === 'over') return
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof CodedError) || !worthAnotherTry(error)) throw error
      refused = !isTransport(error)
      log.warn({ code: error.code, next: error.row.next }, `${whom}: ${error.message}; trying again`)
    }
    await pause(refused ? REFUSED_PAUSE_MS : pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

/**
 * The aggregator could not be believed, or the verdict not be made or written down. The channel dials and judges again by
 * itself, and what was wrong may be mended: collateral, a clock, a policy, the aggregator. It is refused each time until
 * then, so a run waits for its deadline and not for an operator to start the agent again.
 */
export const isUnattested = (error: CodedError): boolean =>
  error instanceof AttestationError || error instanceof CollateralError || error instanceof RecordError

/**
 * The connection failed; an answer about the request itself would come again. A server that dies between TLS and
 * HTTP/2 looks as if it refused this party (UNAUTHENTICATED), so that too is tried again.
 */
export function isTransport(error: CodedError): boolean {
  return (
    isUnattested(error) ||
    [
      'UNAVAILABLE',
      'DEADLINE_EXCEEDED',
      'DATA_LOSS',
      'CANCELLED',
      'UNAUTHENTICATED',
      'ABORTED',
      'RESOURCE_EXHAUSTED',
    ].includes(error.row.status)
  )
}

/** Between half and all of `ms`, so that many parties do not come back in the same instant. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms * (0.5 + Math.random() / 2), undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
