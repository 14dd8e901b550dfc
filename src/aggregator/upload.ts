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
/** An upload that brings less than this in that time is dropped (35 kB/s); there is no deadline on the whole. */
const PROGRESS_BYTES = 1024 * 1024
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

/**
 * The parts of one upload, each raced against the end of whatever the upload is for and against the progress deadline.
 * The deadline starts anew with every `PROGRESS_BYTES`, so a byte a minute does not keep a place.
 */
export class IncomingUpload {
  readonly #parts: AsyncIterator<UpdatePart>
  readonly #ended = new AbortController()
  readonly #timer: NodeJS.Timeout
  #sinceProgress = 0

  constructor(parts: AsyncIterable<UpdatePart>) {
    this.#parts = parts[Symbol.asyncIterator]()
    const text = `an upload brought less than ${PROGRESS_BYTES} bytes in ${PROGRESS_DEADLINE_MS / 1000} s`
    const slow = () => this.#ended.abort(new AggregatorError('AGGREGATION_UPLOAD_SLOW', text))
    this.#timer = setTimeout(slow, PROGRESS_DEADLINE_MS)
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

  /** Waiting for a place is not the sender's slowness. */
  waited(): void {
    this.#timer.refresh()
  }

  /** @throws AggregatorError AGGREGATION_UPLOAD_FORM if the first part is not a header. */
  async header(): Promise<UploadHeader> {
    const first = await this.#next()
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
    this.#sinceProgress = 0
    this.#timer.refresh()
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
