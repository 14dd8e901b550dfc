/**
 * RFC 8259, section 4: names within an object should be unique, because readers differ in which value they take.
 * JSON.parse takes the last one, so a text is looked through for a repeated name as well. By hand, since a regular
 * expression over a string of millions of escapes exhausts the stack.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The first repeated name in a text that JSON.parse accepted. */
export function repeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
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
  while (' \t\n\r'.includes(text[at] ?? ':')) at += 1
  return text[at] === ':'
}
