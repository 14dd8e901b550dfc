/** Long loops give way: gRPC keep-alives and signals are answered on the same thread. */

export interface Pace {
  /** Whether the slice is used up. Cheap: looks at the clock. */
  due(): boolean
  /** Lets everything else that waits run; throws the signal's reason if it aborted. */
  rest(): Promise<void>
}

/** Milliseconds that a loop may hold the thread. */
const SLICE_MS = 5

export function createPace(signal: AbortSignal): Pace {
  let began = performance.now()
  return {
    due: () => performance.now() - began > SLICE_MS,
    rest: async () => {
      await new Promise<void>((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
      began = performance.now()
    },
  }
}
