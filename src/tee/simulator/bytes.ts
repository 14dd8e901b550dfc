/** Bytes as the formats of DCAP need them: joined, little-endian, from hexadecimal that the source itself writes. */

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** `bytes` bytes, least significant first. */
export function littleEndian(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => Math.floor(value / 2 ** (8 * index)) % 256)
}

/** A copy in which `bit` (counted from the least significant bit of the first byte) is the other way round. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice()
  const index = bit >>> 3
  flipped[index] = (flipped[index] ?? 0) ^ (1 << (bit & 7))
  return flipped
}

/** A copy with `part` written over it at `offset`. */
export function overwrite(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const written = bytes.slice()
  written.set(part, offset)
  return written
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
