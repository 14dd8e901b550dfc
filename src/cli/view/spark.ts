/** Small pictures in one line: a curve and a bar. */

const BLOCKS = [...'▁▂▃▄▅▆▇█']

/** Evenly chosen values, the first and the last always among them. */
function thin(values: readonly number[], count: number): readonly number[] {
  if (values.length <= count) return values
  if (count === 1) return values.slice(-1)
  return Array.from(
    { length: count },
    (_, index) => values[Math.round((index * (values.length - 1)) / (count - 1))] ?? 0,
  )
}

/** At most `width` characters, scaled from the least to the greatest value; a flat curve lies in the middle. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = thin(values.filter(Number.isFinite), Math.max(0, width))
  if (shown.length === 0) return ''
  const least = Math.min(...shown)
  const span = Math.max(...shown) - least
  const block = (value: number) => (span === 0 ? 3 : Math.round(((value - least) / span) * (BLOCKS.length - 1)))
  return shown.map((value) => BLOCKS[block(value)]).join('')
}

/** `share` from 0 to 1. Full only when all is done. */
export function bar(share: number, width: number): string {
  const inside = Math.min(1, Math.max(0, share))
  const filled = inside === 1 ? width : Math.min(width - 1, Math.round(inside * width))
  return '█'.repeat(Math.max(0, filled)) + '░'.repeat(Math.max(0, width - filled))
}
