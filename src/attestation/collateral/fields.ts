/** Typed fields out of hostile JSON: each read names its path, and a value of another kind is a refusal. */
import { fromHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { repeatedMember } from './repeated-members.ts'

export interface Fields {
  readonly path: string
  readonly keys: readonly string[]
  has(key: string): boolean
  text(key: string, most: number): string
  /** Whole number from 0 to `most`. */
  whole(key: string, most: number): number
  /** Exactly `length` bytes of hexadecimal. */
  bytes(key: string, length: number): Uint8Array
  /** Whole seconds, Zulu (ISO 8601), in milliseconds since 1970. */
  time(key: string): number
  object(key: string): Fields
  /** From `least` to `most` objects. */
  list(key: string, least: number, most: number): Fields[]
  /** Strings of at most 64 characters; none where the key is absent. */
  texts(key: string, most: number): string[]
}

/** The fields of the JSON object in `text`. */
export function parseFields(text: string, path: string): Fields {
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
  const record = new Map<string, unknown>(Object.entries(value))
  const at = (key: string): string => `${path}.${key}`
  const refuse = (key: string, expected: string): EvidenceError => invalid(at(key), show(record.get(key)), expected)
  const array = (key: string, least: number, most: number): unknown[] => {
    const found: unknown = record.get(key)
    if (!Array.isArray(found) || found.length < least || found.length > most) {
      throw refuse(key, `a list of ${least} to ${most}`)
    }
    return found
  }
  const fields: Fields = {
    path,
    keys: [...record.keys()],
    has: (key) => record.has(key),
    text(key, most) {
      const found = record.get(key)
      if (typeof found !== 'string' || found.length > most) throw refuse(key, `text of at most ${most} characters`)
      return found
    },
    whole(key, most) {
      const found = record.get(key)
      if (typeof found !== 'number' || !Number.isInteger(found) || found < 0 || found > most) {
        throw refuse(key, `a whole number from 0 to ${most}`)
      }
      return found
    },
    bytes(key, length) {
      const found = record.get(key)
      if (typeof found !== 'string' || found.length !== 2 * length || !/^[0-9a-f]*$/i.test(found)) {
        throw refuse(key, `${length} bytes in hexadecimal`)
      }
      return fromHex(found)
    },
    time(key) {
      const found = record.get(key)
      const time =
        typeof found === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(found) ? Date.parse(found) : NaN
      if (Number.isNaN(time)) throw refuse(key, 'a time like 2025-01-31T12:00:00Z')
      return time
    },
    object: (key) => fieldsOf(record.get(key), at(key)),
    list: (key, least, most) => array(key, least, most).map((each, i) => fieldsOf(each, `${at(key)}[${i}]`)),
    texts(key, most) {
      const found = record.has(key) ? array(key, 0, most) : []
      return found.map((each) => {
        if (typeof each !== 'string' || each.length > 64) throw refuse(key, 'texts of at most 64 characters')
        return each
      })
    },
  }
  return fields
}

/** Never writes out a hostile structure, however deep. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object'
  return JSON.stringify(value).slice(0, 60)
}

function invalid(path: string, found: string, expected: string, cause?: unknown): EvidenceError {
  return new EvidenceError('EVIDENCE_COLLATERAL_INVALID', `${path}: found ${found}, expected ${expected}`, { cause })
}
