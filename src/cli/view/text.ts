/**
 * Text for terminals. What comes over the wire may hold control characters, which could move a cursor or rewrite what
 * a person reads; they are replaced before anything is shown.
 */

// C0, DEL, C1, the line separators and the bidirectional controls of Unicode (UAX 9).
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

export const clean = (text: string): string => text.replace(CONTROLS, ' ')

/** Of a text that has lines of its own, such as a list of problems or a stack. */
export const cleanLines = (text: string): string => text.split('\n').map(clean).join('\n')

/** At most `width` characters, the last one an ellipsis where something was cut. */
export function truncate(text: string, width: number): string {
  const points = [...text]
  if (points.length <= width) return text
  return width <= 0 ? '' : `${points.slice(0, width - 1).join('')}…`
}

export const fit = (text: string, width: number): string => truncate(text, width).padEnd(width)

/** `0:42`, `12:05`, `1:02:03` from milliseconds. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

/** `3 s`, `2 min`, `5 h`, `3 d`: how long ago, one unit. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** Metrics and losses: four decimals, or the exponent where these would say nothing. */
export function decimal(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.001 || size >= 1_000_000)) return value.toExponential(3)
  return value.toFixed(4)
}

export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'bad' | 'warn'
export interface Segment {
  readonly text: string
  readonly tone: Tone
}

const codes: Readonly<Record<Tone, string>> = {
  plain: '',
  bold: '\x1b[1m',
  dim: '\x1b[2m',
  good: '\x1b[32m',
  bad: '\x1b[31m',
  warn: '\x1b[33m',
}

export const segment = (text: string, tone: Tone = 'plain'): Segment => ({ text: clean(text), tone })

/** One line of at most `width` characters; colours are not counted. */
export function compose(segments: readonly Segment[], width: number, colour: boolean): string {
  const texts = segments.map(({ text }) => text)
  const total = texts.reduce((sum, text) => sum + [...text].length, 0)
  let left = width
  let line = ''
  for (const { text, tone } of segments) {
    const length = [...text].length
    const shown = length <= left && (length < left || total <= width) ? text : truncate(`${text}…`, left)
    left -= [...shown].length
    line += colour && codes[tone] !== '' && shown !== '' ? `${codes[tone]}${shown}\x1b[0m` : shown
    if (left <= 0) break
  }
  return line.trimEnd()
}
