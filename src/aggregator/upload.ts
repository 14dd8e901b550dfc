/**
 * One upload, from its header to checked bytes. The header is judged before a byte is allocated; a limited amount of
 * uploads is held in memory at once. The others wait, and the party's HTTP/2 window with them: each costs what the
 * window lets through and what is read ahead, whatever the size of the model.
 */
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '../crypto/index.ts'
import type { UpdatePart } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'

/** Uploads held in memory at once, all runs together; one larger than this is held alone. */
const STAGED_BYTES = 256 * 1024 * 1024
/** An upload that brings less than this in that time is dropped (35 kB/s); there is no deadline on the whole. */
const PROGRESS_BYTES = 1024 * 1024
const PROGRESS_DEADLINE_MS = 30_000

export type UploadHeader = Extract<UpdatePart, { kind: 'header' }>

interface Waiting {
  readonly bytes: number
  readonly enter: () => void
}

/** A first-in, first-out queue for a limited amount of memory. */
export class Places {
  readonly #budget: number
  readonly #waiting: Waiting[] = []
  #held = 0

  constructor(budgetBytes = STAGED_BYTES) {
    this.#budget = budgetBytes
  }

  async hold<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#turn(bytes, signal)
    else this.#held += bytes
    try {
      return await work()
    } finally {
      this.#held -= bytes
      this.#admit()
    }
  }

  #fits(bytes: number): boolean {
    return this.#held === 0 || this.#held + bytes <= this.#budget
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#held += next.bytes
      next.enter()
    }
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(place), 1)
        reject(signal.reason)
        this.#admit()
      }
      const place = {
        bytes,
        enter: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      if (signal.aborted) return reject(signal.reason)
      this.#waiting.push(place)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}

/**
 * The parts of one upload, each raced against the end of whatever the upload is for and against the progress deadline.
 * The deadline starts anew with every `PROGRESS_BYTES`, so a byte a minute does not keep a place.
 */
export class IncomingUpload {
  readonly #parts: AsyncIterator<UpdatePart>
  readonly #ended = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #sinceProgress = 0

  constructor(parts: AsyncIterable<UpdatePart>) {
    this.#parts = parts[Symbol.asyncIterator]()
  }

  /** Ends the upload when this signal aborts, with its reason. */
  endWith(signal: AbortSignal): void {
    if (signal.aborted) this.#ended.abort(signal.reason)
    else
      signal.addEventListener('abort', () => this.#ended.abort(signal.reason), {
        once: true,
        signal: this.#ended.signal,
      })
  }

  /** @throws AggregatorError AGGREGATION_UPLOAD_FORM if the first part is not a header. */
  async header(): Promise<UploadHeader> {
    this.#startClock()
    const first = await this.#next()
    // Waiting for a place, which comes next, is not the sender's slowness.
    clearTimeout(this.#timer)
    if (first?.kind === 'header') return first
    throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has to begin with its header')
  }

  /**
   * @param expected bytes of an update of this round
   * @throws AggregatorError AGGREGATION_UPLOAD_LENGTH, _DIGEST, _FORM, _SLOW
   */
  async body(header: UploadHeader, expected: number): Promise<Uint8Array> {
    if (header.length !== expected) {
      throw wrongLength(`the header announces ${header.length} bytes, an update of this round has ${expected}`)
    }
    this.#startClock()
    const body = new Uint8Array(expected)
    const hash = createHash('sha256')
    let filled = 0
    for (let part = await this.#next(); part; part = await this.#next()) {
      if (part.kind === 'header') throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has one header only')
      if (part.data.length > expected - filled) throw wrongLength(`more than the announced ${expected} bytes came`)
      body.set(part.data, filled)
      hash.update(part.data)
      filled += part.data.length
      this.#progressed(part.data.length)
    }
    if (filled < expected) throw wrongLength(`the upload ended after ${filled} of ${expected} bytes`)
    const digest = new Uint8Array(hash.digest())
    if (equalBytes(digest, header.digest)) return body
    const text = `the header announces ${toHex(header.digest)}, the bytes have ${toHex(digest)}`
    throw new AggregatorError('AGGREGATION_UPLOAD_DIGEST', text)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#ended.abort()
  }

  #progressed(bytes: number): void {
    this.#sinceProgress += bytes
    if (this.#sinceProgress < PROGRESS_BYTES) return
    this.#startClock()
  }

  #startClock(): void {
    clearTimeout(this.#timer)
    this.#sinceProgress = 0
    const text = `an upload brought less than ${PROGRESS_BYTES} bytes in ${PROGRESS_DEADLINE_MS / 1000} s`
    const slow = () => this.#ended.abort(new AggregatorError('AGGREGATION_UPLOAD_SLOW', text))
    this.#timer = setTimeout(slow, PROGRESS_DEADLINE_MS)
  }

  async #next(): Promise<UpdatePart | undefined> {
    const { signal } = this.#ended
    signal.throwIfAborted()
    const result = await new Promise<IteratorResult<UpdatePart>>((resolve, reject) => {
      const end = () => reject(signal.reason)
      signal.addEventListener('abort', end, { once: true })
      this.#parts
        .next()
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', end))
    })
    return result.done ? undefined : result.value
  }
}

function wrongLength(text: string): AggregatorError {
  return new AggregatorError('AGGREGATION_UPLOAD_LENGTH', text)
}
