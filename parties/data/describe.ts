/**
 * What is in a file whose data contract nobody has written yet: `demo --data` infers one from this. The values seen
 * (ranges, categories) go into a contract that other parties read, so this is for data that may be shown; the contract
 * of a real job is written by people.
 */
import { DuckDBDoubleVector, DuckDBVarCharVector } from '@duckdb/node-api'
import { PartyError } from '../errors.ts'
import { verifyDelimiter } from './columns.ts'
import { type Source, withSource } from './source.ts'
import { numberOf, textOf } from './sql.ts'

export interface ColumnDescription {
  readonly name: string
  /** `none`: every value is missing. `text`: more different texts than a category may have, or a type without use. */
  readonly type: 'number' | 'category' | 'text' | 'none'
  readonly missing: number
  /** Of the numbers in the column; NaN where there is none. */
  readonly minimum: number
  readonly maximum: number
  /** Every different value as text, trimmed and sorted; empty where there are more than `MAXIMUM_VALUES`. */
  readonly values: readonly string[]
}

export interface DatasetDescription {
  readonly path: string
  readonly rows: number
  readonly columns: readonly ColumnDescription[]
}

/** More different texts than this are names or remarks, not categories. */
export const MAXIMUM_VALUES = 100
/** DuckDB's count of different values is an estimate (HyperLogLog); columns up to this one are looked at exactly. */
const MAXIMUM_ESTIMATE = 2 * MAXIMUM_VALUES

/** Reads the file twice. Throws PartyError DATA_FILE_..., DATA_EMPTY, DATA_FORMAT, DATA_DELIMITER, DATA_MALFORMED. */
export async function describeDataset(path: string, signal: AbortSignal): Promise<DatasetDescription> {
  return withSource({ path, signal }, async (source) => {
    verifyDelimiter(source)
    const rows = await source.count()
    if (rows === 0) throw new PartyError('DATA_EMPTY', `${path}: found column names and no row`)
    const aggregates = source.columns.flatMap(({ sql, kind }) => {
      const text = kind === 'other' ? 'NULL::VARCHAR' : textOf(sql, kind)
      const number = kind === 'other' || kind === 'moment' ? 'NULL::DOUBLE' : numberOf(sql, kind)
      const finite = `FILTER (isfinite(${number}))`
      return [
        `count(${text})::DOUBLE`,
        `approx_count_distinct(${text})::DOUBLE`,
        `count(*) ${finite}::DOUBLE`,
        `min(${number}) ${finite}`,
        `max(${number}) ${finite}`,
      ]
    })
    const found = await numbers(source, aggregates)
    const summaries = source.columns.map((_, i) => summary(found.slice(i * 5, i * 5 + 5)))
    const values = await distinctValues(source, summaries)
    const columns = source.columns.map(({ name, kind }, i): ColumnDescription => {
      const { present, numeric, minimum, maximum } = summaries[i] ?? summary([])
      const few = values.get(i) ?? []
      const texts = few.length > 0 ? ('category' as const) : ('text' as const)
      const typed = numeric === present ? ('number' as const) : texts
      const type = kind === 'other' ? 'text' : present === 0 ? 'none' : typed
      return { name, type, missing: rows - present, minimum, maximum, values: few }
    })
    return { path, rows, columns }
  })
}

interface Summary {
  readonly present: number
  readonly different: number
  readonly numeric: number
  readonly minimum: number
  readonly maximum: number
}

function summary([
  present = 0,
  different = 0,
  numeric = 0,
  minimum = Number.NaN,
  maximum = Number.NaN,
]: number[]): Summary {
  return { present, different, numeric, minimum, maximum }
}

async function numbers(source: Source, aggregates: readonly string[]): Promise<number[]> {
  for await (const chunk of source.chunks(aggregates)) {
    return aggregates.map((_, i) => {
      const vector = chunk.getColumnVector(i)
      return (vector instanceof DuckDBDoubleVector ? vector.getItem(0) : null) ?? Number.NaN
    })
  }
  return []
}

async function distinctValues(source: Source, summaries: readonly Summary[]): Promise<Map<number, string[]>> {
  const few = summaries.flatMap(({ present, different }, i) =>
    present > 0 && different <= MAXIMUM_ESTIMATE ? [i] : [],
  )
  const lists = few.map((i) => {
    const { sql, kind } = source.columns[i] ?? { sql: 'NULL', kind: 'text' as const }
    return `to_json(list(DISTINCT trim(${textOf(sql, kind)})))::VARCHAR`
  })
  const found = new Map<number, string[]>()
  if (lists.length === 0) return found
  for await (const chunk of source.chunks(lists)) {
    for (const [at, i] of few.entries()) {
      const vector = chunk.getColumnVector(at)
      const list: unknown = JSON.parse((vector instanceof DuckDBVarCharVector && vector.getItem(0)) || '[]')
      const texts = Array.isArray(list) ? list.filter((item) => typeof item === 'string' && item !== '').sort() : []
      if (texts.length <= MAXIMUM_VALUES) found.set(i, texts)
    }
  }
  return found
}
