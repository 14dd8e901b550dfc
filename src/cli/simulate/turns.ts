/**
 * A thousand agents in one process, without sockets between them, would work on in one go: no timer, no signal and no
 * other program would get its turn meanwhile. So whoever begins a piece of work takes a turn, one in each turn of the
 * event loop.
 */
export interface Turns {
  next(): Promise<void>
}

export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  const serve = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(serve)
  }
  return {
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (waiting.length === 1) setImmediate(serve)
      }),
  }
}
