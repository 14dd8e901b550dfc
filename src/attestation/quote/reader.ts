/** Bytes of a quote one field after the other, little-endian; running out of them is a refusal, never a short field. */
import { EvidenceError } from '../errors.ts'

export interface Reader {
  bytes(length: number, what: string): Uint8Array
  u8(what: string): number
  u16(what: string): number
  u32(what: string): number
  /** Position from the beginning. */
  readonly at: number
  readonly left: number
}

export function createReader(bytes: Uint8Array): Reader {
  let at = 0
  const reader: Reader = {
    bytes(length, what) {
      if (length > bytes.length - at) {
        const text = `${what} at byte ${at}: found ${bytes.length - at} bytes, expected ${length}`
        throw new EvidenceError('EVIDENCE_QUOTE_TRUNCATED', text)
      }
      at += length
      return bytes.subarray(at - length, at)
    },
    u8: (what) => reader.bytes(1, what)[0] ?? 0,
    u16: (what) => littleEndian(reader.bytes(2, what)),
    u32: (what) => littleEndian(reader.bytes(4, what)),
    get at() {
      return at
    },
    get left() {
      return bytes.length - at
    },
  }
  return reader
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
}
