/** Streams of messages that end when their call does, and the checks that both sides make on messages as bytes. */
import { setMaxListeners } from 'node:events'
import { RpcError } from '../errors.ts'
import { MAXIMUM_MESSAGE_BYTES } from '../limits.ts'

export function requireFits(bytes: Uint8Array, name: string, limit: number = MAXIMUM_MESSAGE_BYTES): void {
  if (bytes.length <= limit) return
  throw new RpcError('WIRE_TOO_LARGE', `${name}: found ${bytes.length} bytes, expected at most ${limit}`)
}

/** Bytes that are no message at all are the peer's fault, like a message with bad fields. */
export function parsed(decode: (bytes: Buffer) => object, bytes: Buffer, name: string): object {
  try {
    return decode(bytes)
  } catch (error) {
    throw new RpcError('WIRE_INVALID', `${name}: ${bytes.length} bytes that are not such a message`, { cause: error })
  }
}

/** Reads to the end: a second request in a call that has one is as wrong as none. */
export async function onlyOne(messages: AsyncIterable<unknown>, name: string): Promise<unknown> {
  const all: unknown[] = []
  for await (const each of messages) {
    all.push(each)
    if (all.length > 1) break
  }
  if (all.length !== 1)
    throw new RpcError('WIRE_INVALID', `${name}: ${all.length === 0 ? 'no message' : 'a second message'}, expected one`)
  return all[0]
}

/** Settles as `work` does, or rejects with the signal's reason when that comes first. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * The same values until the signal aborts; then it throws the reason. The source is told to return, but not waited for:
 * a generator that awaits something else cannot return before that has come.
 */
export async function* interruptible<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal)
      ended = next.done === true
      if (ended) return
      yield next.value
    }
  } finally {
    // Nobody is left to hear what the source throws while it is being closed.
    if (!ended) iterator.return?.().catch(ignore)
  }
}

export const ignore = (): undefined => undefined

const left = new Error('nobody listens any more')

/** Calls `then` once, with the signal that aborted first, at once if one has already. The result stops listening. */
export function whenAborted(signals: readonly AbortSignal[], then: (signal: AbortSignal) => void): () => void {
  const over = new AbortController()
  const fire = (signal: AbortSignal) => {
    if (over.signal.aborted) return
    over.abort(left)
    then(signal)
  }
  for (const signal of signals) {
    // One signal may end many calls; the runtime would take more than ten for a leak.
    setMaxListeners(0, signal)
    if (signal.aborted) fire(signal)
    else signal.addEventListener('abort', () => fire(signal), { once: true, signal: over.signal })
  }
  // With a reason of its own, because the runtime's takes a stack trace each time.
  return () => over.abort(left)
}
