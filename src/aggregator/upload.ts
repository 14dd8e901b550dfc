/**
 * One upload, from its header to checked bytes. The header is judged before a byte is allocated; a limited number of
 * uploads are held in memory at once (the others wait, and the party's HTTP/2 window with them), so the memory of an
 * aggregator does not grow with the number of parties that send at the same time.
 */
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '../crypto/index.ts'
import type { UpdatePart } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'

/** Uploads held in memory at once; more would only share the same bandwidth. */
const STAGED_UPLOADS = 4
/** An upload that brings no byte for this long is dropped; the only deadline on an upload, whatever its size. */
const PROGRESS_DEADLINE_MS = 30_000

export type UploadHeader = Extract<UpdatePart, { kind: 'header' }>

/** A first-in, first-out queue for a limited number of places. */
export class Places {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(places = STAGED_UPLOADS) {
    this.#free = places
  }

  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      if (signal.aborted) reject(signal.reason)
      else {
        this.#waiting.push(enter)
        signal.addEventListener('abort', leave, { once: true })
      }
    })
  }
}

/** @throws AggregatorError AGGREGATION_UPLOAD_FORM if the first part is not a header. */
export async function readHeader(parts: AsyncIterator<UpdatePart>): Promise<UploadHeader> {
  const first = await next(parts)
  if (first?.kind === 'header') return first
  throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has to begin with its header')
}

/**
 * @param expected bytes of an update of this round
 * @throws AggregatorError AGGREGATION_UPLOAD_LENGTH, _DIGEST, _FORM, _SLOW
 */
export async function readBody(
  header: UploadHeader,
  parts: AsyncIterator<UpdatePart>,
  expected: number,
): Promise<Uint8Array> {
  if (header.length !== expected) {
    throw wrongLength(`the header announces ${header.length} bytes, an update of this round has ${expected}`)
  }
  const body = new Uint8Array(expected)
  const hash = createHash('sha256')
  let filled = 0
  for (let part = await next(parts); part; part = await next(parts)) {
    if (part.kind === 'header') throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has one header only')
    if (part.data.length > expected - filled) throw wrongLength(`more than the announced ${expected} bytes came`)
    body.set(part.data, filled)
    hash.update(part.data)
    filled += part.data.length
  }
  if (filled < expected) throw wrongLength(`the upload ended after ${filled} of ${expected} bytes`)
  const digest = new Uint8Array(hash.digest())
  if (!equalBytes(digest, header.digest)) {
    const text = `the header announces ${toHex(header.digest)}, the bytes have ${toHex(digest)}`
    throw new AggregatorError('AGGREGATION_UPLOAD_DIGEST', text)
  }
  return body
}

function wrongLength(text: string): AggregatorError {
  return new AggregatorError('AGGREGATION_UPLOAD_LENGTH', text)
}

/** The next part, or undefined at the end; no part for the progress deadline is an error. */
async function next(parts: AsyncIterator<UpdatePart>): Promise<UpdatePart | undefined> {
  let timer: NodeJS.Timeout | undefined
  const slow = new Promise<never>((_, reject) => {
    const error = new AggregatorError('AGGREGATION_UPLOAD_SLOW', `no byte came for ${PROGRESS_DEADLINE_MS / 1000} s`)
    timer = setTimeout(reject, PROGRESS_DEADLINE_MS, error)
  })
  try {
    const result = await Promise.race([parts.next(), slow])
    return result.done ? undefined : result.value
  } finally {
    clearTimeout(timer)
  }
}
