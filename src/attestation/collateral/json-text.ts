/**
 * What JSON.parse does not say of a hostile text. Before it: how many objects and lists there are, since a text of 8 MiB
 * can hold millions, which take seconds and hundreds of MiB. After it: whether a name is repeated; names within an object
 * should be unique, because readers differ in which value they take (RFC 8259, section 4), and JSON.parse takes the last.
 * By hand, since a regular expression over a string of millions of escapes exhausts the stack.
 */

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const [OBJECT, OBJECT_END] = [0x7b, 0x7d]
const [LIST, LIST_END] = [0x5b, 0x5d]
const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20]

/** Whether there are more than `most` objects and lists; in a text that is not JSON, as if it were. */
export function exceedsStructures(text: string, most: number): boolean {
  let count = 0
  for (let at = 0; at < text.length && count <= most; at += 1) {
    const character = text.charCodeAt(at)
    if (character === QUOTE) at = endOfString(text, at)
    else if (character === OBJECT || character === LIST) count += 1
  }
  return count > most
}

/** The first repeated name in a text that JSON.parse accepted. */
export function repeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (character === OBJECT) open.push(new Set())
    else if (character === LIST) open.push(undefined)
    else if (character === OBJECT_END || character === LIST_END) open.pop()
    else if (character === QUOTE) {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names !== undefined && followedByColon(text, end + 1)) {
        const name = String(JSON.parse(text.slice(at, end + 1)))
        if (names.has(name)) return name
        names.add(name)
      }
      at = end
    }
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}

function followedByColon(text: string, start: number): boolean {
  let at = start
  while (isSpace(text.charCodeAt(at))) at += 1
  return text.charCodeAt(at) === COLON
}

const isSpace = (code: number): boolean => code === SPACE || code === NEWLINE || code === RETURN || code === TAB
