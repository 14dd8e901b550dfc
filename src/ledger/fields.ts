/**
 * Reading signed statements out of hostile bytes. One value has one form, canonical JSON (RFC 8785): what was read is
 * written again and has to be the same bytes, so unknown or repeated members, other spellings and trailing bytes are
 * refused without a rule for each. Whoever reads brings the error to refuse with.
 */
import { canonicalJson, equalBytes } from '../crypto/index.ts'

/** Makes the error of the family that is being read. */
export type Refusal = (message: string, cause?: unknown) => Error

export const nameForm = { pattern: /^[a-z][a-z0-9-]{0,62}$/, expected: 'a name' } as const
export const runForm = { pattern: /^[0-9a-f]{32}$/, expected: '32 lower-case hex digits' } as const

export class Fields {
  readonly #path: string
  readonly #members: Readonly<Record<string, unknown>>
  readonly #refuse: Refusal

  constructor(value: unknown, path: string, refuse: Refusal) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`${path}: expected an object`)
    this.#path = path
    this.#members = value as Readonly<Record<string, unknown>>
    this.#refuse = refuse
  }

  /** As it came: for a form that the reader checks itself. */
  unread(key: string): unknown {
    // Only what stands in the document: every object has a `constructor`.
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined
  }

  matching(key: string, { pattern, expected }: { readonly pattern: RegExp; readonly expected: string }): string {
    const found = this.unread(key)
    if (typeof found === 'string' && pattern.test(found)) return found
    throw this.refused(key, expected)
  }

  /** Exactly this many bytes in lower-case hexadecimal. */
  hex(key: string, bytes: number): string {
    const found = this.unread(key)
    if (typeof found === 'string' && found.length === 2 * bytes && /^[0-9a-f]*$/.test(found)) return found
    throw this.refused(key, `${bytes} bytes in lower-case hexadecimal`)
  }

  whole(key: string, least: number): number {
    const found = this.unread(key)
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= least) return found
    throw this.refused(key, `a whole number of at least ${least}`)
  }

  /** Finite, not negative. */
  amount(key: string): number {
    const found = this.unread(key)
    if (typeof found === 'number' && Number.isFinite(found) && found >= 0) return found
    throw this.refused(key, 'a number of at least 0')
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.unread(key))
    if (found !== undefined) return found
    throw this.refused(key, choices.join(' or '))
  }

  /** null, or what `read` makes of the member. */
  orNull<T>(key: string, read: () => T): T | null {
    return this.unread(key) === null ? null : read()
  }

  object(key: string): Fields {
    return new Fields(this.unread(key), `${this.#path}.${key}`, this.#refuse)
  }

  objects(key: string, most: number): Fields[] {
    const found = this.unread(key)
    if (!Array.isArray(found) || found.length > most) throw this.refused(key, `a list of at most ${most}`)
    return found.map((each: unknown, at) => new Fields(each, `${this.#path}.${key}[${at}]`, this.#refuse))
  }

  /** Never writes out what was found, which may be long or deep. */
  refused(key: string, expected: string): Error {
    return this.#refuse(`${this.#path}.${key}: expected ${expected}`)
  }
}

/**
 * @param what names the document in refusals, `receipt` @param most bytes
 * @param written what was read as JSON has it, where that is another value
 */
export function parseCanonical<T>(
  bytes: Uint8Array,
  what: string,
  most: number,
  read: (fields: Fields) => T,
  refuse: Refusal,
  written: (value: T) => unknown = (value) => value,
): T {
  if (bytes.length > most) throw refuse(`${what}: found ${bytes.length} bytes, expected at most ${most}`)
  const value = read(new Fields(parseJson(bytes, what, refuse), what, refuse))
  if (equalBytes(canonicalJson(written(value)), bytes)) return value
  throw refuse(`${what}: not in canonical form (RFC 8785), or with members that are not known here`)
}

function parseJson(bytes: Uint8Array, what: string, refuse: Refusal): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw refuse(`${what}: no JSON in UTF-8`, cause)
  }
}
