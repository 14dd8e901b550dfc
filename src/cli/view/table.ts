/** Tables for people: columns aligned, numbers to the right, the widest text column shrunk to fit. */
import { clean, truncate } from './text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
  /** May be cut where the table is too wide. */
  readonly shrink?: true
}

const GAP = '  '
const LEAST_WIDTH = 6

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((_, index) => clean(row[index] ?? ''))),
  ]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => [...(row[index] ?? '')].length)))
  shrink(columns, widths, width)
  return cells.map((row) =>
    row
      .map((text, index) => {
        const room = widths[index] ?? 0
        const shown = truncate(text, room)
        const space = ' '.repeat(room - [...shown].length)
        return columns[index]?.align === 'right' ? space + shown : shown + space
      })
      .join(GAP)
      .trimEnd(),
  )
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const total = () => widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1))
  while (total() > width) {
    const shrinkable = widths.map((each, index) => (columns[index]?.shrink === true ? each : 0))
    const widest = Math.max(...shrinkable)
    if (widest <= LEAST_WIDTH) return
    const index = shrinkable.indexOf(widest)
    widths[index] = widest - 1
  }
}
