/** Bytes as the attestation transcript writes them. */

export const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'utf8'))

/** A length in four bytes, big-endian, then the bytes: no two lists of parts give the same text. */
export function lengthPrefixed(part: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(4 + part.length)
  new DataView(prefixed.buffer).setUint32(0, part.length)
  prefixed.set(part, 4)
  return prefixed
}
