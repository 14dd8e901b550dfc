/** Writing DER (X.690): the few types that certificates, CRLs and Intel's SGX extension are made of. */
import { ascii, join } from './bytes.ts'

function tagged(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = join(...content)
  return join(Uint8Array.of(tag), lengthOf(body.length), body)
}

/** X.690 8.1.3: one byte below 128, else the number of length bytes and the length, most significant first. */
function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.of(0x80 + bytes.length, ...bytes)
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => tagged(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Uint8Array => tagged(0x31, ...items)
export const octetString = (bytes: Uint8Array): Uint8Array => tagged(0x04, bytes)
export const utf8String = (text: string): Uint8Array => tagged(0x0c, ascii(text))
export const printableString = (text: string): Uint8Array => tagged(0x13, ascii(text))
export const boolean = (value: boolean): Uint8Array => tagged(0x01, Uint8Array.of(value ? 0xff : 0))
export const enumerated = (value: number): Uint8Array => tagged(0x0a, Uint8Array.of(value))
/** Context-specific and constructed: `[number] EXPLICIT`. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Uint8Array => tagged(0xa0 + number, ...items)
/** Context-specific and primitive: `[number] IMPLICIT` over a primitive type. */
export const implicit = (number: number, bytes: Uint8Array): Uint8Array => tagged(0x80 + number, bytes)
export const bitString = (bytes: Uint8Array, unused = 0): Uint8Array => tagged(0x03, Uint8Array.of(unused), bytes)

/** A number that is not negative, given as its bytes, most significant first (X.690 8.3: shortest, sign bit clear). */
export function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const shortest = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return tagged(0x02, (shortest[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0), shortest)
}

export const smallInteger = (value: number): Uint8Array => integer(Uint8Array.of(value >>> 8, value & 0xff))

export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)))
}

function base128(arc: number): number[] {
  const bytes = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(128 + (rest % 128))
  return bytes
}

/** RFC 5280, 4.1.2.5.1: two digits of the year mean 1950 to 2049; the simulator stays below 2050. */
export function utcTime(date: Date): Uint8Array {
  return tagged(0x17, ascii(`${date.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
}

/** A signature of two 32-byte numbers as X.509 carries it (RFC 3279, 2.2.3). */
export function ecdsaSignature(raw: Uint8Array): Uint8Array {
  return sequence(integer(raw.subarray(0, 32)), integer(raw.subarray(32)))
}

/** RFC 7468: base64 in lines of 64, with a line feed after the last line. */
export function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
