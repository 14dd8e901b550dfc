/**
 * What has come of one update: its bytes up to some offset, in shared memory, and the digest over them so far. It outlives
 * the connection that brought them, so that the next one can go on.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { equalBytes, toHex } from '../crypto/index.ts'
import type { UpdatePart } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'

export type UploadHeader = Extract<UpdatePart, { kind: 'header' }>
export type UploadChunk = Extract<UpdatePart, { kind: 'chunk' }>

export class Staging {
  readonly body: Uint8Array<SharedArrayBuffer>
  readonly #announced: Uint8Array
  readonly #hash = createHash('sha256')
  #filled = 0

  /** @param body as long as the update, of any content */
  constructor(body: Uint8Array<SharedArrayBuffer>, digest: Uint8Array) {
    this.body = body
    this.#announced = digest
  }

  /** All bytes before this offset are held. */
  get offset(): number {
    return this.#filled
  }

  get whole(): boolean {
    return this.#filled === this.body.length
  }

  /**
   * Takes the next bytes, or ignores bytes that are held already: what was under way twice after a connection broke.
   * @returns how many were new
   * @throws AggregatorError AGGREGATION_UPLOAD_CHUNK, _GAP, _LENGTH; what was held before stays
   */
  add({ offset, data, crc32: announced }: UploadChunk): number {
    const found = crc32(data)
    if (found !== announced) {
      const text = `${data.length} bytes at ${offset} have CRC-32 ${found}, the chunk says ${announced}`
      throw new AggregatorError('AGGREGATION_UPLOAD_CHUNK', text)
    }
    if (offset + data.length <= this.#filled) return 0
    if (offset !== this.#filled) {
      const text = `a chunk of ${data.length} bytes at ${offset} came, the next byte is ${this.#filled}`
      throw new AggregatorError('AGGREGATION_UPLOAD_GAP', text)
    }
    if (data.length > this.body.length - this.#filled) {
      throw new AggregatorError('AGGREGATION_UPLOAD_LENGTH', `more than the announced ${this.body.length} bytes came`)
    }
    this.body.set(data, this.#filled)
    this.#hash.update(data)
    this.#filled += data.length
    return data.length
  }

  /** Once, when all is there. @throws AggregatorError AGGREGATION_UPLOAD_DIGEST */
  verify(): void {
    const digest = new Uint8Array(this.#hash.digest())
    if (equalBytes(digest, this.#announced)) return
    const text = `the header announces ${toHex(this.#announced)}, the bytes have ${toHex(digest)}`
    throw new AggregatorError('AGGREGATION_UPLOAD_DIGEST', text)
  }
}
