/** Text that came from elsewhere and will be printed in somebody's terminal and stored as a line. */

/** Control characters, among them those that start a terminal's escape sequences, become spaces. */
export const cleanText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')

export const withinCharacters = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1)).replace(/[\ud800-\udbff]$/, '')}…`

const NAMED = 8

/** a, b and c; of many, the first eight and how many more. */
export function listNames(names: readonly string[]): string {
  if (names.length > NAMED) return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
  const last = names.at(-1) ?? 'nobody'
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last
}
