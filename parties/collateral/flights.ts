/**
 * Work that is done once however many ask for it at the same time. Who gives up leaves alone; when the last one has
 * left, the work is told to stop, and who comes after that begins anew.
 */
export interface Flights<Result> {
  /** `left` makes the error of whoever gives up. */
  join(
    name: string,
    work: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
    left: () => Error,
  ): Promise<Result>
  /** Stops all work and waits for its end. */
  close(): Promise<void>
}

interface Flight<Result> {
  readonly stop: AbortController
  readonly result: Promise<Result>
  waiting: number
}

export function createFlights<Result>(): Flights<Result> {
  const flights = new Map<string, Flight<Result>>()
  const all = new Set<Promise<unknown>>()

  const begin = (name: string, work: (signal: AbortSignal) => Promise<Result>): Flight<Result> => {
    const stop = new AbortController()
    const result = work(stop.signal)
    const flight = { stop, result, waiting: 0 }
    flights.set(name, flight)
    all.add(result)
    const land = () => {
      all.delete(result)
      if (flights.get(name) === flight) flights.delete(name)
    }
    void result.then(land, land)
    return flight
  }

  const leave = (name: string, flight: Flight<Result>): void => {
    flight.waiting -= 1
    if (flight.waiting > 0) return
    if (flights.get(name) === flight) flights.delete(name)
    flight.stop.abort()
  }

  return {
    join(name, work, signal, left) {
      if (signal.aborted) return Promise.reject(left())
      const flight = flights.get(name) ?? begin(name, work)
      flight.waiting += 1
      return new Promise((resolve, reject) => {
        const abort = () => {
          reject(left())
          leave(name, flight)
        }
        signal.addEventListener('abort', abort, { once: true })
        const done = () => signal.removeEventListener('abort', abort)
        void flight.result.then(resolve, reject).then(done)
      })
    },
    async close() {
      for (const { stop } of flights.values()) stop.abort()
      await Promise.allSettled(all)
    },
  }
}
