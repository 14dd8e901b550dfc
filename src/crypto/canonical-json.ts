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

/** Text that stands in quotation marks as it is: most of what is signed consists of digests and names. */
const plain = /^[ !#-[\]-~]*$/

/** Where in the value the writer is; one list for all, because a receipt has thousands of values. */
type Path = (string | number)[]

/** UTF-8 bytes. Throws CryptoError CANONICAL_JSON_VALUE or CANONICAL_JSON_DEPTH, naming the path. */
export function canonicalJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(write(value, []))
}

function write(value: unknown, path: Path): string {
  if (path.length > maximumDepth) {
    throw new CryptoError(
      'CANONICAL_JSON_DEPTH',
      `${show(path.slice(0, 5))}...: found nesting deeper than ${maximumDepth}`,
    )
  }
  if (typeof value === 'string') return writeString(value, path)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(path, String(value), 'a finite number')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return writeList(value, path)
  if (typeof value === 'object') return writeObject(value, path)
  return refuse(path, `a value of type ${typeof value}`, 'null, true, false, a number, text, a list or a mapping')
}

function writeString(value: string, path: Path): string {
  if (plain.test(value)) return `"${value}"`
  if (/\p{Surrogate}/u.test(value)) refuse(path, 'half a surrogate pair', 'well-formed Unicode text')
  return JSON.stringify(value)
}

function writeList(value: readonly unknown[], path: Path): string {
  let text = ''
  // By index, to visit the holes of a sparse array too, as undefined, so that they are refused.
  for (let at = 0; at < value.length; at++) {
    path.push(at)
    text += at === 0 ? write(value[at], path) : `,${write(value[at], path)}`
    path.pop()
  }
  return `[${text}]`
}

function writeObject(value: object, path: Path): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) refuse(path, 'an object of a class', 'a plain object')
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(path, 'a symbol as a name', 'text as names')
  const members = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const name of sortedNames(value)) {
    const written = writeString(name, path)
    path.push(name)
    text += `${text === '' ? '' : ','}${written}:${write(members[name], path)}`
    path.pop()
  }
  return `{${text}}`
}

/** By UTF-16 code units, as RFC 8785 section 3.2.3 asks for, and as < and the default order of sort() compare text. */
function sortedNames(value: object): readonly string[] {
  const names = Object.keys(value)
  return names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name) ? names : names.sort()
}

function refuse(path: Path, found: string, expected: string): never {
  throw new CryptoError('CANONICAL_JSON_VALUE', `${show(path)}: found ${found}, expected ${expected}`)
}

function show(path: Path): string {
  return path.length === 0 ? 'the value' : path.map(String).join('.')
}
