/** Typed fields out of hostile JSON: each read names its path, and a value of another kind is a refusal. */
import { fromHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { exceedsStructures, repeatedMember } from './json-text.ts'

/** The members of one object. A class, since documents have thousands of objects. */
export class Fields {
  readonly #path: string
  readonly #members: ReadonlyMap<string, unknown>

  constructor(path: string, members: ReadonlyMap<string, unknown>) {
    this.#path = path
    this.#members = members
  }

  get keys(): readonly string[] {
    return [...this.#members.keys()]
  }

  has(key: string): boolean {
    return this.#members.has(key)
  }

  text(key: string, most: number): string {
    const found = this.#members.get(key)
    if (typeof found === 'string' && found.length <= most) return found
    throw this.#refused(key, `text of at most ${most} characters`)
  }

  /** Whole number from 0 to `most`. */
  whole(key: string, most: number): number {
    const found = this.#members.get(key)
    if (typeof found === 'number' && Number.isInteger(found) && found >= 0 && found <= most) return found
    throw this.#refused(key, `a whole number from 0 to ${most}`)
  }

  /** Exactly `length` bytes of hexadecimal. */
  bytes(key: string, length: number): Uint8Array {
    const found = this.#members.get(key)
    if (typeof found === 'string' && found.length === 2 * length && /^[0-9a-f]*$/i.test(found)) return fromHex(found)
    throw this.#refused(key, `${length} bytes in hexadecimal`)
  }

  /** Whole seconds, Zulu (ISO 8601), in milliseconds since 1970. */
  time(key: string): number {
    const found = this.#members.get(key)
    const written = typeof found === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(found)
    const time = written ? Date.parse(found) : Number.NaN
    if (Number.isNaN(time)) throw this.#refused(key, 'a time like 2025-01-31T12:00:00Z')
    return time
  }

  object(key: string): Fields {
    return fieldsOf(this.#members.get(key), `${this.#path}.${key}`)
  }

  /** From `least` to `most` objects. */
  list(key: string, least: number, most: number): Fields[] {
    return this.#array(key, least, most).map((each, at) => fieldsOf(each, `${this.#path}.${key}[${at}]`))
  }

  /** Strings of at most 64 characters; none where the key is absent. */
  texts(key: string, most: number): string[] {
    const found = this.#members.has(key) ? this.#array(key, 0, most) : []
    return found.map((each) => {
      if (typeof each === 'string' && each.length <= 64) return each
      throw this.#refused(key, 'texts of at most 64 characters')
    })
  }

  #array(key: string, least: number, most: number): unknown[] {
    const found: unknown = this.#members.get(key)
    if (Array.isArray(found) && found.length >= least && found.length <= most) return found
    throw this.#refused(key, `a list of ${least} to ${most}`)
  }

  #refused(key: string, expected: string): EvidenceError {
    return invalid(`${this.#path}.${key}`, show(this.#members.get(key)), expected)
  }
}

/** Objects and lists in one text. Real TCB info has about 40 a level, and fewer than 30 levels. */
const MOST_STRUCTURES = 65_536

/** The fields of the JSON object in `text`, which holds at most `structures` objects and lists, itself included. */
export function parseFields(text: string, path: string, structures = MOST_STRUCTURES): Fields {
  if (exceedsStructures(text, structures)) throw invalid(path, `more than ${structures} objects and lists`, 'fewer')
  const value = parseJson(text, path)
  const repeated = repeatedMember(text)
  if (repeated === undefined) return fieldsOf(value, path)
  throw invalid(path, `${repeated.slice(0, 60)} twice`, 'each name once')
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(path, 'text that is not JSON', 'an object', error)
  }
}

export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, show(value), 'an object')
  return new Fields(path, new Map(Object.entries(value)))
}

/** Never writes out a hostile structure, however deep, or text, however long. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object'
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value)
}

function invalid(path: string, found: string, expected: string, cause?: unknown): EvidenceError {
  return new EvidenceError('EVIDENCE_COLLATERAL_INVALID', `${path}: found ${found}, expected ${expected}`, { cause })
}
