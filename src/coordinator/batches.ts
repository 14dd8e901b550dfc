/**
 * What has arrived from a stream while its reader was busy, as one array: events that come faster than the disk syncs
 * are stored in one transaction. At most `most` are held, and none after one that `isLarge`; the stream is not read
 * further until they are taken. An error comes after everything that arrived before it. Whoever leaves early also
 * aborts the stream's signal.
 */
export async function* batches<T>(
  source: AsyncIterable<T>,
  most: number,
  isLarge: (value: T) => boolean = () => false,
): AsyncGenerator<readonly T[]> {
  const iterator = source[Symbol.asyncIterator]()
  let pending: Promise<IteratorResult<T>> | undefined
  try {
    for (;;) {
      pending ??= iterator.next()
      const first = await pending
      pending = undefined
      if (first.done) return
      const batch = [first.value]
      let large = isLarge(first.value)
      while (batch.length < most && !large) {
        pending = iterator.next()
        const next = await Promise.race([pending.catch(later), soon()])
        if (next === 'later' || next.done) break
        batch.push(next.value)
        large = isLarge(next.value)
        pending = undefined
      }
      yield batch
    }
  } finally {
    // Whatever is still on its way is of no interest, nor is how it fails; a generator returns only after it has come.
    pending?.catch(later)
    iterator.return?.().catch(later)
  }
}

const later = (): 'later' => 'later'

/** After everything that has already arrived has been handed over. */
const soon = (): Promise<'later'> => new Promise((resolve) => setImmediate(resolve, 'later'))
