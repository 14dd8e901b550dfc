/**
 * Sockets deliver messages one after the other, and timers, signals and other connections get their turn in between. In
 * memory a message would be answered in the same turn of the event loop, and the answer answered: a thousand parties
 * would hold it for seconds. So messages that arrive after a slice of time is used up wait, one for each further turn.
 */
import { performance } from 'node:perf_hooks'
// Imported, so that tests which stop the clock do not stop the network.
import { setImmediate } from 'node:timers'

/** Milliseconds in which messages are delivered without a wait. */
const SLICE_MS = 5

export interface Turns {
  /** Resolves when the next message may be delivered, in the order of the calls. */
  next(): Promise<void>
}

export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let began: number | undefined
  const turn = (): void => {
    began = performance.now()
    waiting.shift()?.()
    setImmediate(waiting.length > 0 ? turn : over)
  }
  const over = (): void => {
    if (waiting.length > 0) turn()
    else began = undefined
  }
  return {
    next: async () => {
      if (began === undefined) {
        began = performance.now()
        setImmediate(over)
      }
      if (waiting.length === 0 && performance.now() - began < SLICE_MS) return
      await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
