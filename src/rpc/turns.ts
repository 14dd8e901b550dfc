/**
 * Sockets deliver messages one after the other, and timers, signals and other connections get their turn in between. In
 * memory a message is answered in the same turn of the event loop, and the answer answered; and what wakes one reader
 * wakes a thousand. So pieces of work queue here: one begins when all that the one before could do at once is done, and
 * after a slice of time the event loop goes on first.
 */
import { performance } from 'node:perf_hooks'
// Imported, so that tests which stop the clock do not stop the network.
import { setImmediate } from 'node:timers'

const SLICE_MS = 5

export interface Turns {
  /** Resolves when the next piece of work may begin, in the order of the calls. */
  next(): Promise<void>
}

export function createTurns(sliceMs = SLICE_MS): Turns {
  const waiting: (() => void)[] = []
  /** When the present slice began. */
  let began: number | undefined

  const serve = (): void => {
    if (began === undefined) {
      began = performance.now()
      setImmediate(end)
    } else if (performance.now() - began >= sliceMs) {
      return
    }
    waiting.shift()?.()
    if (waiting.length > 0) afterwards(serve)
  }
  const end = (): void => {
    began = undefined
    if (waiting.length > 0) serve()
  }
  return {
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (waiting.length === 1) afterwards(serve)
      }),
  }
}

/** A tick that a microtask asks for comes when no microtask is left. */
const afterwards = (work: () => void): void => queueMicrotask(() => process.nextTick(work))
