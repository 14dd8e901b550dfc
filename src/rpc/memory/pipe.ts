/**
 * A bounded pipe for one writer and one reader: `write` waits while the pipe is full, reading waits while it is empty.
 * What is in it is read before its end, or its error, is seen; a reader that leaves makes writes reject.
 */
export interface Pipe<T> extends AsyncIterable<T> {
  write(value: T): Promise<void>
  end(error?: Error): void
}

export function createPipe<T>(capacity: number): Pipe<T> {
  const held: T[] = []
  let ended = false
  let failure: Error | undefined
  let left = false
  let wake: (() => void)[] = []
  const changed = () => {
    const waiting = wake
    wake = []
    for (const each of waiting) each()
  }
  const change = () => new Promise<void>((resolve) => wake.push(resolve))

  return {
    async write(value) {
      while (held.length >= capacity && !ended && !left) await change()
      if (ended || left) throw new Error('the pipe is closed')
      held.push(value)
      changed()
    },
    end(error) {
      if (ended) return
      ended = true
      failure = error
      changed()
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          while (held.length === 0 && !ended) await change()
          const [value] = held.splice(0, 1)
          if (value === undefined) break
          changed()
          yield value
        }
        if (failure !== undefined) throw failure
      } finally {
        left = true
        changed()
      }
    },
  }
}
