/**
 * The parts of one upload as they come, each raced against the end of whatever the upload is for and against the progress
 * deadline, which starts anew with every MiB: a byte a minute does not keep a place. Nothing limits the whole.
 */
import { type UpdatePart, unlessAborted } from '../rpc/index.ts'
import { PROGRESS_MS } from '../timeouts/index.ts'
import { AggregatorError } from './errors.ts'
import type { UploadChunk, UploadHeader } from './staging.ts'

/** An upload that brings less than this in that time is ended (35 kB/s). */
export const PROGRESS_BYTES = 1024 * 1024

export class IncomingUpload {
  readonly #parts: AsyncIterator<UpdatePart>
  readonly #ended = new AbortController()
  #timer: NodeJS.Timeout | undefined

  /** @param signal of the call */
  constructor(parts: AsyncIterable<UpdatePart>, signal: AbortSignal) {
    this.#parts = parts[Symbol.asyncIterator]()
    this.endWith(signal)
  }

  /** Aborts when the upload is over for whatever reason. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Ends the upload when this signal aborts, with its reason. */
  endWith(signal: AbortSignal): void {
    const end = () => this.end(signal.reason)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true, signal: this.ended })
  }

  end(reason?: unknown): void {
    this.stopClock()
    this.#ended.abort(reason)
    // A generator that is left where it stands holds its last chunk, half a MiB, until all of the connection is collected.
    // How it ends is of no interest: the upload is over.
    this.#parts.return?.().catch(() => undefined)
  }

  /** @throws AggregatorError AGGREGATION_UPLOAD_FORM if the first part is not a header, AGGREGATION_UPLOAD_SLOW */
  async header(): Promise<UploadHeader> {
    this.startClock()
    const first = await this.#next()
    // Waiting for a place, which comes next, is not the sender's slowness.
    this.stopClock()
    if (first?.kind === 'header') return first
    throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has to begin with its header')
  }

  /** Undefined at the end. @throws AggregatorError AGGREGATION_UPLOAD_FORM, AGGREGATION_UPLOAD_SLOW */
  async chunk(): Promise<UploadChunk | undefined> {
    const part = await this.#next()
    if (part?.kind !== 'header') return part
    throw new AggregatorError('AGGREGATION_UPLOAD_FORM', 'an upload has one header only')
  }

  /** @param leftMs of the progress deadline: an upload that is brought again goes on with what was left of it */
  startClock(leftMs = PROGRESS_MS): void {
    this.stopClock()
    const text = `an upload brought less than ${PROGRESS_BYTES} bytes in ${PROGRESS_MS / 1000} s`
    const slow = () => this.end(new AggregatorError('AGGREGATION_UPLOAD_SLOW', text))
    this.#timer = setTimeout(slow, Math.max(0, leftMs))
  }

  stopClock(): void {
    clearTimeout(this.#timer)
  }

  async #next(): Promise<UpdatePart | undefined> {
    const { ended } = this
    ended.throwIfAborted()
    const result = await unlessAborted(this.#parts.next(), ended)
    ended.throwIfAborted()
    return result.done ? undefined : result.value
  }
}
