/** Bytes of a quote one field after the other, little-endian; running out of them is a refusal, never a short field. */
import { EvidenceError } from '../errors.ts'

export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  bytes(length: number, what: string): Uint8Array {
    const from = this.#at
    if (length > this.left) {
      const text = `${what} at byte ${from}: found ${this.left} bytes, expected ${length}`
      throw new EvidenceError('EVIDENCE_QUOTE_TRUNCATED', text)
    }
    this.#at += length
    return this.#bytes.subarray(from, this.#at)
  }

  u8(what: string): number {
    return this.bytes(1, what)[0] ?? 0
  }

  u16(what: string): number {
    return littleEndian(this.bytes(2, what))
  }

  u32(what: string): number {
    return littleEndian(this.bytes(4, what))
  }

  /** Position from the beginning. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }
}

export function createReader(bytes: Uint8Array): Reader {
  return new Reader(bytes)
}

function littleEndian(bytes: Uint8Array): number {
  let sum = 0
  for (let at = bytes.length - 1; at >= 0; at -= 1) sum = sum * 256 + (bytes[at] ?? 0)
  return sum
}
