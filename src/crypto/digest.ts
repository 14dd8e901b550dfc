/** SHA-256, hexadecimal, and comparison of bytes. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { CryptoError } from './errors.ts'

/** SHA-256 over the parts, one after the other without separators; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** Lower-case hexadecimal, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** The bytes of lower- or upper-case hexadecimal text. Throws CryptoError HEX_INVALID. */
export function fromHex(text: string): Uint8Array {
  const wrong = text.search(/[^0-9a-fA-F]/)
  if (wrong >= 0) {
    const found = JSON.stringify(text.slice(wrong, wrong + 1))
    throw new CryptoError('HEX_INVALID', `character ${wrong + 1}: found ${found}, expected 0-9 or a-f`)
  }
  if (text.length % 2 === 1) {
    throw new CryptoError('HEX_INVALID', `found ${text.length} hexadecimal characters, expected an even number`)
  }
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** Whether two byte strings are equal, in time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
