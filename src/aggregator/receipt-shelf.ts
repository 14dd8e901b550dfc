/**
 * All signed receipts of one run, in order. Whoever joins late, or was away, checks the chain from where it stands, so
 * none may be missing; but 10,000 rounds of a thousand parties have 1.8 GB of them. The newest are in memory, up to a
 * budget, and those before them in a temporary file that has no name.
 *
 * The file is not sealed: the coordinator is given every receipt, and whoever reads one checks its signature. What may go
 * wrong is the disk: then the receipts that should be on it are gone (AGGREGATION_RECEIPTS_GONE for who asks for them), and
 * the run, which does not need them, goes on.
 */
import { closeSync, read } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { GrowingHistory } from '../round/index.ts'
import { AggregatorError } from './errors.ts'
import { openNameless, writeAll } from './nameless-file.ts'

/** 90 rounds of a thousand parties; all rounds of most runs. */
const MEMORY_BYTES = 16 * 1024 * 1024

interface Place {
  readonly offset: number
  readonly length: number
  readonly crc: number
}

const readInto = promisify(read)

export class ReceiptShelf implements Disposable {
  readonly #directory: string
  readonly #budget: number
  readonly #recent: Uint8Array[] = []
  #recentBytes = 0
  /** Of those that are no longer in memory; undefined: gone. */
  readonly #places: (Place | undefined)[] = []
  #file: number | undefined
  #fileBytes = 0

  /** @param directory for the temporary file, which is made when it is needed first */
  constructor({ directory = tmpdir(), memoryBytes = MEMORY_BYTES } = {}) {
    this.#directory = directory
    this.#budget = memoryBytes
  }

  get count(): number {
    return this.#places.length + this.#recent.length
  }

  get last(): Uint8Array | undefined {
    return this.#recent.at(-1)
  }

  /** The newest is in memory however large it is. */
  push(sealed: Uint8Array): void {
    this.#recent.push(sealed)
    this.#recentBytes += sealed.length
    while (this.#recentBytes > this.#budget && this.#recent.length > 1) {
      const [oldest] = this.#recent.splice(0, 1)
      if (!oldest) return
      this.#recentBytes -= oldest.length
      this.#places.push(this.#put(oldest))
    }
  }

  /** Those after the first `held`, in order, with what is pushed meanwhile. @throws AggregatorError _RECEIPTS_GONE */
  async *after(held: number): AsyncGenerator<Uint8Array> {
    for (let i = held; i < this.count; i += 1) {
      yield this.#recent[i - this.#places.length] ?? (await this.#get(i, this.#places[i]))
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** Some 0.1 ms: it goes to the system's memory. */
  #put(sealed: Uint8Array): Place | undefined {
    try {
      this.#file ??= openNameless(this.#directory)
      writeAll(this.#file, sealed, this.#fileBytes)
    } catch (error) {
      // Told to whoever asks for this receipt; the run does not need it.
      if (error instanceof AggregatorError) return undefined
      throw error
    }
    const place = { offset: this.#fileBytes, length: sealed.length, crc: crc32(sealed) }
    this.#fileBytes += sealed.length
    return place
  }

  async #get(round: number, place: Place | undefined): Promise<Uint8Array> {
    if (place === undefined || this.#file === undefined) throw gone(round, 'the temporary file could not be written')
    const { offset, length, crc } = place
    const bytes = new Uint8Array(length)
    const { bytesRead } = await readInto(this.#file, bytes, 0, length, offset)
    if (bytesRead === length && crc32(bytes) === crc) return bytes
    throw gone(round, 'the temporary file does not hold what was written there')
  }
}

/** Of a run that begins, or to be filled with what is known of it. */
export function createHistory(): { readonly history: GrowingHistory; readonly shelf: ReceiptShelf } {
  const shelf = new ReceiptShelf()
  return { history: new GrowingHistory((receipt) => shelf.push(receipt)), shelf }
}

const gone = (round: number, why: string): AggregatorError =>
  new AggregatorError('AGGREGATION_RECEIPTS_GONE', `the receipt of round ${round} is gone: ${why}`)
