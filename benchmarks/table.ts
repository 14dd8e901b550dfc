/** Rows as an aligned table for a terminal, and as Markdown for docs/benchmarks.md. */
import type { Question, Row } from './question.ts'

const columns = ['case', 'value', 'unit', 'ratio', 'against'] as const

function cells(row: Row): string[] {
  return [row.case, number(row.value), row.unit, row.ratio === null ? '' : number(row.ratio), row.against ?? '']
}

function number(value: number): string {
  if (value === 0) return '0'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

export function table(rows: readonly Row[]): string {
  const lines = [[...columns], ...rows.map(cells)]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const numeric = (i: number) => i === 1 || i === 3
  const pad = (text: string, i: number) => (numeric(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n')
}

/** @param machine on which the rows were measured: not every table of the page is of the same day */
export function markdown({ name, asks }: Question, rows: readonly Row[], machine: string): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  const head = [line(columns), line(['---', '---:', '---', '---:', '---'])]
  return [
    `### ${name}`,
    '',
    asks,
    '',
    `Machine: ${machine}.`,
    '',
    ...head,
    ...rows.map((row) => line(cells(row))),
    '',
  ].join('\n')
}
