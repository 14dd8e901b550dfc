/**
 * A reader of DER (ITU-T X.690, section 10), strict: definite minimal lengths, one-byte tags, nothing left over.
 * OpenSSL accepts some BER; what two parsers read differently is what an attacker looks for.
 */
import { toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** One value inside bytes; its parts are views, made when asked for: most values are only passed over. */
export class Der {
  readonly tag: number
  readonly #bytes: Uint8Array
  readonly #at: number
  readonly #start: number
  readonly end: number

  constructor(tag: number, bytes: Uint8Array, at: number, start: number, end: number) {
    this.tag = tag
    this.#bytes = bytes
    this.#at = at
    this.#start = start
    this.end = end
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.end)
  }

  /** Tag, length and content. */
  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.end)
  }
}

/** Reads values one after the other; `what` names the structure in refusals. A class, since lists have thousands. */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  /** The next value, which must have this tag. */
  next(tag: number): Der {
    const value = derAt(this.#bytes, this.#at, this.#what)
    if (value.tag !== tag) throw invalid(this.#what, this.#at, `tag ${value.tag}, expected ${tag}`)
    this.#at = value.end
    return value
  }

  /** The next value if it has this tag. */
  optional(tag: number): Der | undefined {
    return this.#bytes[this.#at] === tag ? this.next(tag) : undefined
  }

  /** Whether the next value has one of these tags. */
  has(...tags: readonly number[]): boolean {
    return tags.includes(this.#bytes[this.#at] ?? -1)
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Refuses anything left over. */
  end(): void {
    if (!this.done) throw invalid(this.#what, this.#at, `${this.#bytes.length - this.#at} bytes left over`)
  }
}

/** The values inside `bytes`. */
export function readDer(bytes: Uint8Array, what: string): DerReader {
  return new DerReader(bytes, what)
}

/** Exactly one value of this tag and nothing after it. */
export function onlyDer(bytes: Uint8Array, tag: number, what: string): Der {
  const reader = readDer(bytes, what)
  const value = reader.next(tag)
  reader.end()
  return value
}

function derAt(bytes: Uint8Array, at: number, what: string): Der {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw invalid(what, at, 'the end, expected a value')
  if ((tag & 0x1f) === 0x1f) throw invalid(what, at, 'a tag of several bytes')
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const count = first - 0x80
    if (count < 1 || count > 3) throw invalid(what, at, `a length of ${count} bytes, expected 1 to 3`)
    length = 0
    for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[start + i] ?? 0)
    start += count
    if (length < 0x80 || length < 256 ** (count - 1)) throw invalid(what, at, 'a length that is not minimal')
  }
  if (start + length > bytes.length) throw invalid(what, at, `a length of ${length} that passes the end`)
  return new Der(tag, bytes, at, start, start + length)
}

/** A non-negative INTEGER as its minimal big-endian bytes in hexadecimal, sign byte included. */
export function integerHex(value: Der, what: string): string {
  const { content } = value
  const first = content[0]
  const second = content[1]
  if (first === undefined) throw invalid(what, 0, 'an empty integer')
  if (first >= 0x80) throw invalid(what, 0, 'a negative integer')
  if (first === 0 && second !== undefined && second < 0x80) throw invalid(what, 0, 'an integer that is not minimal')
  return toHex(content)
}

/** A small INTEGER, 0 to 65,535. */
export function smallInteger(value: Der, what: string): number {
  const hex = integerHex(value, what)
  if (hex.length > 6 || Number.parseInt(hex, 16) > 0xffff) throw invalid(what, 0, `integer 0x${hex}, at most 65535`)
  return Number.parseInt(hex, 16)
}

/** A BOOLEAN: DER knows 00 and FF only. */
export function derBoolean(value: Der, what: string): boolean {
  const { content } = value
  const byte = content[0]
  if (content.length !== 1 || (byte !== 0 && byte !== 0xff)) throw invalid(what, 0, 'a boolean that is not DER')
  return byte === 0xff
}

function invalid(what: string, at: number, found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_DER_INVALID', `${what}, byte ${at}: found ${found}`)
}
