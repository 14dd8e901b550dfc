/** Values in order of arrival, and promises of those to come. */
export interface Inbox<T> {
  readonly all: readonly T[]
  put(value: T): void
  /** Resolves with all values once there are that many. */
  count(wanted: number): Promise<readonly T[]>
  /** The first that fits, of those that came or will come. */
  first(fits: (value: T) => boolean): Promise<T>
}

export function createInbox<T>(): Inbox<T> {
  const all: T[] = []
  const waiting = new Set<() => void>()
  const until = <R>(look: () => R | undefined) =>
    new Promise<R>((resolve) => {
      const check = () => {
        const found = look()
        if (found === undefined) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
    })
  return {
    all,
    put(value) {
      all.push(value)
      for (const check of [...waiting]) check()
    },
    count: (wanted) => until(() => (all.length >= wanted ? all : undefined)),
    first: (fits) => until(() => all.find(fits)),
  }
}
