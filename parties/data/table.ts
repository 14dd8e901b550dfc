/**
 * The data of a party for one job: read from CSV or Parquet, judged by the data contract, encoded. Nothing is used
 * before everything is checked: the file, its columns, its size, then every value.
 *
 * May go wrong: everything under DATA_ in ../errors.ts. A message names file, line and column, and shows one cell at
 * most; messages stay at the party.
 */
import type { DataContract, TaskSpec } from '../../src/job/index.ts'
import { encodedColumns } from '../../src/learning/index.ts'
import { PartyError } from '../errors.ts'
import { matchColumns } from './columns.ts'
import { type ColumnReader, featureReaders, textAt } from './encode.ts'
import { createIdIndex } from './ids.ts'
import { labelReader } from './labels.ts'
import { createPace } from './pace.ts'
import { Problems } from './problems.ts'
import { type Source, withSource } from './source.ts'
import { missingMarkers } from './text.ts'

export interface RawTable {
  /** One per row, distinct. */
  readonly ids: readonly string[]
  readonly rows: number
  /** Input columns: `encodedColumns(contract.features).length`. */
  readonly inputs: number
  /** rows * inputs, row-major, in data units; NaN = missing. */
  readonly raw: Float32Array
  /** Targets: 0 or 1; the number of the class; or (label - minimum) / (maximum - minimum) for regression. */
  readonly labels: Float32Array
  /** What a person should know and a run can live with: one class only, constant columns, clipped values. */
  readonly warnings: readonly string[]
}

export interface LoadOptions {
  readonly path: string
  readonly contract: DataContract
  readonly task: TaskSpec
  /** For DuckDB's own buffers, such as `1GB` (the default). */
  readonly memoryLimit?: string
  /** For the table, in bytes; default 4 GiB. */
  readonly maximumBytes?: number
  readonly signal: AbortSignal
}

/** 40 million rows of 25 columns; a party agent also holds standardised copies of it. */
const MAXIMUM_BYTES = 4 * 1024 ** 3
/** A target, an id of about 40 characters and its place in the index of ids. */
const ROW_BYTES = 100
/** Rows are the weight of an update, which the wire bounds (proto/coffer/v1/aggregator.proto, JoinRequest.rows). */
const MAXIMUM_ROWS = 2 ** 31 - 1

/** Throws PartyError DATA_...; the signal's reason when aborted. */
export async function loadTable(options: LoadOptions): Promise<RawTable> {
  const { path, contract, task, memoryLimit, signal } = options
  const declared = new Set(declaredTexts(contract, task))
  return withSource({ path, signal, declared, ...(memoryLimit && { memoryLimit }) }, async (source) => {
    const columns = matchColumns(source, contract, task)
    const inputs = encodedColumns(contract.features).length
    const rows = await source.count()
    verifySize(path, rows, inputs, options.maximumBytes ?? MAXIMUM_BYTES)

    const ids = new Array<string>(rows).fill('')
    const labels = new Float32Array(rows)
    const raw = new Float32Array(rows * inputs)
    const problems = new Problems()
    const readers = [
      idReader(columns.id, ids, problems),
      labelReader(contract, task, columns.label, labels, problems),
      ...featureReaders(contract.features, columns.features, { raw, inputs, problems }),
    ]
    await readAll(source, readers, rows)
    await problems.verifyNone(source)
    return { ids, rows, inputs, raw, labels, warnings: readers.flatMap((reader) => reader.warnings()) }
  })
}

function declaredTexts(contract: DataContract, task: TaskSpec): string[] {
  const values = contract.features.flatMap((feature) => (feature.type === 'category' ? feature.values : []))
  const classes = task.kind === 'multiclass-classification' ? task.classes : []
  const texts = new Set([...values, ...classes, String(contract.positive ?? '')])
  return missingMarkers.filter((marker) => texts.has(marker))
}

function verifySize(path: string, rows: number, inputs: number, limit: number): void {
  if (rows === 0) throw new PartyError('DATA_EMPTY', `${path}: found column names and no row`)
  if (rows > MAXIMUM_ROWS) {
    throw new PartyError('DATA_TOO_LARGE', `${path}: found ${rows} rows, expected at most ${MAXIMUM_ROWS}`)
  }
  const bytes = rows * (inputs * Float32Array.BYTES_PER_ELEMENT + ROW_BYTES)
  if (bytes <= limit) return
  const mebibytes = (value: number) => `${Math.ceil(value / 1024 ** 2)} MiB`
  const found = `${rows} rows of ${inputs} input columns need ${mebibytes(bytes)}`
  throw new PartyError('DATA_TOO_LARGE', `${path}: ${found}, expected at most ${mebibytes(limit)}`)
}

/** Exported for its test: a file that changes between count and reading. */
export async function readAll(source: Source, readers: readonly ColumnReader[], rows: number): Promise<void> {
  const pace = createPace(source.signal)
  let from = 0
  for await (const chunk of source.chunks(readers.map(({ column }) => column.read))) {
    const count = chunk.rowCount
    if (from + count > rows) throw changed(source, rows)
    for (const [i, reader] of readers.entries()) {
      reader.read(chunk.getColumnVector(i), from, count)
      if (pace.due()) await pace.rest()
    }
    from += count
  }
  if (from !== rows) throw changed(source, rows)
}

function changed({ path }: Source, rows: number): PartyError {
  return new PartyError(
    'DATA_FILE_CHANGED',
    `${path}: found another number of rows than the ${rows} counted just before`,
  )
}

function idReader(column: ColumnReader['column'], ids: string[], problems: Problems): ColumnReader {
  const index = createIdIndex(ids, ids.length)
  const expected = 'an id that no other row has'
  return {
    column,
    read: (vector, from, count) => {
      for (let row = from; row < from + count; row += 1) {
        const id = textAt(vector, row - from)?.trim() ?? ''
        ids[row] = id
        if (id === '') problems.add('DATA_ID_MISSING', column, row, expected)
        else if (!index.add(row)) problems.add('DATA_ID_DUPLICATE', column, row, expected)
      }
    },
    warnings: () => [],
  }
}
