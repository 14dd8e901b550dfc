/**
 * Values that break the contract, gathered over the whole file so that one message tells all: per column and kind how
 * many and the first rows. One cell at most is shown, the first: the file is a bank's data.
 */
import { type PartyCode, PartyError } from '../errors.ts'
import type { MatchedColumn } from './columns.ts'
import { scanRecords } from './records.ts'
import type { Source } from './source.ts'
import { shown } from './text.ts'

/** What is said of several such values, and whether the value may be shown. */
const kinds = {
  DATA_NOT_A_NUMBER: { many: 'not numbers', show: true },
  DATA_OUTSIDE_RANGE: { many: 'outside the range', show: true },
  DATA_UNKNOWN_CATEGORY: { many: 'not in the list', show: true },
  DATA_LABEL_INVALID: { many: 'not valid labels', show: true },
  DATA_VALUE_MISSING: { many: 'missing', show: false },
  DATA_ID_MISSING: { many: 'missing', show: false },
  DATA_ID_DUPLICATE: { many: 'seen before', show: false },
} as const satisfies Partial<Record<PartyCode, { many: string; show: boolean }>>

export type ProblemCode = keyof typeof kinds

interface Group {
  readonly code: ProblemCode
  readonly column: MatchedColumn
  readonly expected: string
  /** The first rows, from 0. */
  readonly rows: number[]
  count: number
}

/** Groups in one message, and rows of a group. */
const MAXIMUM_GROUPS = 20
const MAXIMUM_ROWS = 3

export class Problems {
  readonly #groups = new Map<string, Group>()

  add(code: ProblemCode, column: MatchedColumn, row: number, expected: string): void {
    const key = `${code} ${column.name}`
    const group = this.#groups.get(key) ?? { code, column, expected, rows: [], count: 0 }
    this.#groups.set(key, group)
    group.count += 1
    if (group.rows.length < MAXIMUM_ROWS) group.rows.push(row)
  }

  /** Throws the first problem of the file, with the code of its kind, and a list of all. */
  async verifyNone(source: Source): Promise<void> {
    const groups = [...this.#groups.values()].sort((a, b) => first(a) - first(b))
    const [leader] = groups
    if (!leader) return
    const listed = groups.slice(0, MAXIMUM_GROUPS)
    const place = await places(
      source,
      listed.flatMap(({ rows }) => rows),
    )
    const cell = kinds[leader.code].show ? await source.cell(first(leader), leader.column.show) : ''
    const found = kinds[leader.code].show ? shown(cell) : kinds[leader.code].many
    const where = `${source.path}, ${place(first(leader))}, column ${JSON.stringify(leader.column.name)}`
    const total = groups.reduce((sum, { count }) => sum + count, 0)
    const lines = listed.map(({ code, column, rows, count }) => {
      const at = `${rows.map(place).join(', ')}${count > rows.length ? ', ...' : ''}`
      return `- column ${JSON.stringify(column.name)}: ${count} ${kinds[code].many}: ${at}`
    })
    if (groups.length > listed.length) lines.push(`- and ${groups.length - listed.length} more kinds`)
    const list = total > 1 ? `\n${total} values break the data contract:\n${lines.join('\n')}` : ''
    throw new PartyError(leader.code, `${where}: found ${found}, expected ${leader.expected}${list}`)
  }
}

function first({ rows }: Group): number {
  return rows[0] ?? 0
}

/** Names rows as a person finds them: by line in CSV, where a quoted value may span lines; by number in Parquet. */
async function places(source: Source, rows: readonly number[]): Promise<(row: number) => string> {
  if (source.format === 'parquet') return (row) => `row ${row + 1}`
  const wanted = new Set(rows)
  const lines = new Map<number, number>()
  // The first record holds the names.
  let row = -1
  await scanRecords(source.path, source.signal, ({ line }) => {
    if (wanted.has(row)) lines.set(row, line)
    row += 1
  })
  return (row) => `line ${lines.get(row) ?? '?'}`
}
