/**
 * Canonical JSON: one sequence of bytes for one value, so that a digest over it means the value.
 *
 * RFC 8785 (JCS, https://www.rfc-editor.org/rfc/rfc8785): no white space; members sorted by the UTF-16 code units of
 * their names (3.2.3); strings (3.2.2.2) and numbers (3.2.2.3) as ECMAScript's JSON.stringify writes them; UTF-8.
 * Values that JSON.stringify would drop, replace or call (undefined, NaN, toJSON, half surrogate pairs) are refused
 * instead, because two parties would then sign the same bytes for different values.
 */
import { CryptoError } from './errors.ts'

/** Deepest nesting that is written. Deeper values come from an attack or a cycle; the stack would hold thousands. */
const maximumDepth = 256

/** UTF-8 bytes. Throws CryptoError CANONICAL_JSON_VALUE or CANONICAL_JSON_DEPTH, naming the path. */
export function canonicalJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(write(value, []))
}

/** @param path of the value; the one array for all of them, since a receipt of a thousand parties has 5,000 values. */
function write(value: unknown, path: (string | number)[]): string {
  if (path.length > maximumDepth) {
    throw new CryptoError(
      'CANONICAL_JSON_DEPTH',
      `${show(path.slice(0, 5))}...: found nesting deeper than ${maximumDepth}`,
    )
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(path, String(value), 'a finite number')
    return JSON.stringify(value)
  }
  if (typeof value === 'string') return writeString(value, path)
  if (Array.isArray(value)) {
    // Array.from visits the holes of a sparse array too, as undefined, so that they are refused.
    return `[${Array.from(value, (item: unknown, index) => writeWithin(item, index, path)).join(',')}]`
  }
  if (typeof value === 'object') return writeObject(value, path)
  return refuse(path, `a value of type ${typeof value}`, 'null, true, false, a number, text, a list or a mapping')
}

function writeWithin(member: unknown, name: string | number, path: (string | number)[]): string {
  path.push(name)
  const text = write(member, path)
  path.pop()
  return text
}

function writeString(value: string, path: readonly (string | number)[]): string {
  if (/\p{Surrogate}/u.test(value)) refuse(path, 'half a surrogate pair', 'well-formed Unicode text')
  return JSON.stringify(value)
}

function writeObject(value: object, path: (string | number)[]): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(path, 'an object of a class', 'a plain object')
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(path, 'a symbol as a name', 'text as names')
  // The default order of sort() is that of UTF-16 code units, which RFC 8785 section 3.2.3 asks for.
  const members = Object.entries(value)
    .map(([name, member]) => ({ name, member: member as unknown }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return `{${members.map(({ name, member }) => `${writeString(name, path)}:${writeWithin(member, name, path)}`).join(',')}}`
}

function refuse(path: readonly (string | number)[], found: string, expected: string): never {
  throw new CryptoError('CANONICAL_JSON_VALUE', `${show(path)}: found ${found}, expected ${expected}`)
}

function show(path: readonly (string | number)[]): string {
  return path.length === 0 ? 'the value' : path.map(String).join('.')
}
