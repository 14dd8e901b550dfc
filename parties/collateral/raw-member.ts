/**
 * One member of a JSON object as the very text that stands there. Intel signs the text of `tcbInfo` and
 * `enclaveIdentity`; parsing and writing it again could give another text, and the signature would be lost.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * `text` must be an object that JSON.parse accepts; undefined when it has no such member, or has it twice, because then
 * readers differ in which one they take (RFC 8259, section 4).
 */
export function rawMember(text: string, name: string): string | undefined {
  const found: string[] = []
  let at = text.indexOf('{') + 1
  while (at < text.length) {
    const start = text.indexOf('"', at)
    if (start < 0) break
    const end = endOfString(text, start)
    const value = text.indexOf(':', end) + 1
    const next = endOfValue(text, value)
    if (JSON.parse(text.slice(start, end)) === name) found.push(text.slice(value, next).trim())
    at = next + 1
  }
  return found.length === 1 ? found[0] : undefined
}

/** Where the comma or brace after a value is. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '"') at = endOfString(text, at) - 1
    else if ('{['.includes(character)) depth += 1
    else if (depth === 0 && ',}'.includes(character)) return at
    else if ('}]'.includes(character)) depth -= 1
  }
  return text.length
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at + 1
}
