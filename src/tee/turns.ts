/**
 * Order among quotes. The devices mix up requests that overlap, so this process makes one after the other; what only
 * another process or the moment can have caused is tried again, a bounded number of times; and no caller waits longer
 * than its deadline, although a read that hangs in the kernel cannot be stopped: it keeps its turn until it returns.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type TeeCode, TeeError } from './errors.ts'
import { CONNECT_MS } from '../timeouts/index.ts'

export interface QuoteTimes {
  /** The kernel gives up on its own after 30 s (TDX, configfs-tsm). */
  readonly deadlineMs?: number
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

const DEADLINE_MS = CONNECT_MS / 2
/** 20 pauses of at most 2 s are the time the kernel may keep another program's request. The rest is not worth waiting. */
const triesAgain: Partial<Record<TeeCode, number>> = {
  TEE_BUSY: 20,
  TEE_INTERRUPTED: 3,
  TEE_QUOTE_RACE: 3,
  TEE_QUOTE_STALE: 3,
}
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2000

let last: Promise<unknown> = Promise.resolve()

/**
 * `once` in its turn, again where that helps, until it gives something. Throws what the last try threw, the signal's
 * reason, or TeeError TEE_QUOTE_TIMEOUT.
 */
export async function inTurn<T>(
  what: string,
  once: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  { deadlineMs = DEADLINE_MS, pause = (ms, signal) => sleep(ms, undefined, { signal }) }: QuoteTimes = {},
): Promise<T> {
  signal.throwIfAborted()
  const controller = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
  })
  const stop = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const late = new TeeError('TEE_QUOTE_TIMEOUT', `${what}: no answer in ${deadlineMs} ms`)
  const timer = setTimeout(() => controller.abort(late), deadlineMs)
  const turn = last.then(() => tryAgain(once, controller.signal, pause))
  // For the next one's order only: what went wrong is thrown to whoever waits for this turn, below.
  last = turn.catch(() => undefined)
  try {
    return await Promise.race([turn, aborted])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function tryAgain<T>(
  once: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  pause: (ms: number, signal: AbortSignal) => Promise<void>,
): Promise<T> {
  const left = { ...triesAgain }
  for (let ms = FIRST_PAUSE_MS; ; ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted()
    try {
      return await once(signal)
    } catch (error) {
      const code = error instanceof TeeError ? error.code : undefined
      const more = (code === undefined ? undefined : left[code]) ?? 0
      if (code === undefined || more === 0) throw error
      left[code] = more - 1
    }
    await pause(ms, signal)
  }
}
