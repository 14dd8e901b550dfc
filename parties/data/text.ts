/** What text means in a data file: which text is a number, which is missing, and how text is shown in a message. */

/**
 * The exact texts that stand for a missing value, next to an empty cell and NULL. Where the data contract declares one of
 * them as a category, a class or the positive label, it is a value in the whole file.
 */
export const missingMarkers = ['NA', 'N/A', 'NULL', 'null'] as const

/** A number as people write it: sign, digits with a decimal point, exponent; ASCII spaces around it. */
const NUMBER = /^[ \t\n\v\f\r]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[ \t\n\v\f\r]*$/

/** @returns undefined for text that is not a finite number; hexadecimal, `nan`, `inf`, `1,000` and `1_000` are not. */
export function parseNumber(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : undefined
}

/** Texts that mean the same label: `1`, `1.0` and ` 1` are one value, `good` and `Good` are two. */
export function labelKey(text: string): string {
  const number = parseNumber(text)
  return number === undefined ? `text ${text.trim()}` : `number ${number}`
}

/** One cell for a message: it is a bank's data and may be hostile, so it is short and on one line. */
const MAXIMUM_SHOWN = 40

export function shown(text: string): string {
  const characters = [...text]
  const cut = characters.slice(0, MAXIMUM_SHOWN).join('')
  const escaped = cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0
    return `\\u{${point.toString(16)}}`
  })
  return `'${escaped}${characters.length > MAXIMUM_SHOWN ? '…' : ''}'`
}
