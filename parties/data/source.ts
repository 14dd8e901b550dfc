/**
 * One data file, opened in a DuckDB of its own and closed whatever happens. The file's columns are known here as
 * c0, c1, ... by position: a name from a file or a job never becomes SQL, and names that differ in case only stay apart
 * (DuckDB compares identifiers without case). CSV cells arrive as text, so that the rules of this room judge them.
 *
 * One thread: with several, DuckDB 1.5.6 returned the rows of a CSV file in another order than the file's, and row
 * numbers in messages, and so training, would depend on luck. Parsing is about as fast, for conversion is the bottleneck.
 */
import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBValue,
  DuckDBVarCharVector,
} from '@duckdb/node-api'
import { PartyError } from '../errors.ts'
import { describeFailure } from './failures.ts'
import { readHeader } from './records.ts'
import { type ColumnKind, columnKind, presentOrNull } from './sql.ts'
import { missingMarkers } from './text.ts'

export interface SourceOptions {
  readonly path: string
  /** What DuckDB may use, such as `1GB`. */
  readonly memoryLimit?: string
  /** Texts of `missingMarkers` that the contract declares as values. */
  readonly declared?: ReadonlySet<string>
  readonly signal: AbortSignal
}

export interface SourceColumn {
  /** As in the file. */
  readonly name: string
  readonly kind: ColumnKind
  /** DuckDB's name of the type, for messages. */
  readonly type: string
  /** SQL for the cell's value, NULL where it is missing. */
  readonly sql: string
}

export interface Source {
  readonly path: string
  readonly format: 'csv' | 'parquet'
  readonly columns: readonly SourceColumn[]
  readonly signal: AbortSignal
  count(): Promise<number>
  /** Rows in the order of the file, about 2,048 at a time. */
  chunks(expressions: readonly string[]): AsyncGenerator<DuckDBDataChunk>
  /** The text of one cell; rows count from 0. */
  cell(row: number, expression: string): Promise<string>
}

/** Room for DuckDB's buffers; the table itself is counted apart (table.ts). */
const MEMORY_LIMIT = '1GB'

/** Throws PartyError DATA_FILE_..., DATA_EMPTY, DATA_FORMAT, DATA_MALFORMED, DATA_TOO_LARGE; the signal's reason. */
export async function withSource<T>(options: SourceOptions, use: (source: Source) => Promise<T>): Promise<T> {
  const { path, signal } = options
  signal.throwIfAborted()
  const format = await recogniseFormat(path)
  const names = format === 'csv' ? await readHeader(path) : []
  const memoryLimit = options.memoryLimit ?? MEMORY_LIMIT
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: memoryLimit,
    threads: '1',
    // Nothing of a bank's data on another disk than its own, and nothing from the network.
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  const interrupt = () => connection.interrupt()
  signal.addEventListener('abort', interrupt)
  try {
    const source = await createSource(connection, options, format, names)
    return await use(source)
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof PartyError
      ? error
      : await describeFailure(error, { path, format, columns: names.length, memoryLimit, signal })
  } finally {
    signal.removeEventListener('abort', interrupt)
    connection.closeSync()
    instance.closeSync()
  }
}

/** By content, not by name: a file that is called .csv and is not text gets a message that says so. */
async function recogniseFormat(path: string): Promise<'csv' | 'parquet'> {
  const start = await readStart(path)
  if (start.length === 0) throw new PartyError('DATA_EMPTY', `${path}: the file is empty`)
  const text = Buffer.from(start).toString('latin1')
  if (text === 'PAR1') return 'parquet'
  const foreign = foreignFormats.find(([bytes]) => text.startsWith(bytes))?.[1]
  if (foreign) throw new PartyError('DATA_FORMAT', `${path}: found ${foreign}, expected CSV in UTF-8 or Parquet`)
  if (path.endsWith('.parquet')) {
    throw new PartyError('DATA_MALFORMED', `${path}: the file does not begin as Parquet does (PAR1)`)
  }
  return 'csv'
}

const foreignFormats: readonly (readonly [string, string])[] = [
  ['PARE', 'encrypted Parquet'],
  ['PK\x03\x04', 'a zip archive or a spreadsheet'],
  ['\x1f\x8b', 'a gzip archive'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive'],
  ['\xff\xfe', 'text in UTF-16'],
  ['\xfe\xff', 'text in UTF-16'],
]

async function readStart(path: string): Promise<Uint8Array> {
  try {
    const stats = await stat(path)
    // Opening a pipe would wait for its writer for ever.
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not an ordinary file')
    const file = await open(path)
    try {
      const bytes = new Uint8Array(Math.min(4, stats.size))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): PartyError {
  const reason = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error)
  const missing = reason === 'ENOENT' || reason === 'ENOTDIR'
  if (missing) return new PartyError('DATA_FILE_MISSING', `${path}: no such file`, { cause: error })
  return new PartyError('DATA_FILE_UNREADABLE', `${path}: cannot be read: ${reason}`, { cause: error })
}

async function createSource(
  connection: DuckDBConnection,
  { path, declared, signal }: SourceOptions,
  format: 'csv' | 'parquet',
  header: readonly string[],
): Promise<Source> {
  const markers = missingMarkers.filter((marker) => !declared?.has(marker))
  const values: Record<string, DuckDBValue> = { path: literalPattern(resolve(path)) }
  const names = format === 'csv' ? header : await parquetNames(connection, values)
  const aliases = names.map((_, i) => `c${i}`)
  const table = format === 'csv' ? csvTable(aliases, markers) : parquetTable(aliases)
  const empty = await connection.run(`SELECT * FROM ${table} LIMIT 0`, values)
  const columns = empty.columnTypes().map((type, i) => {
    const kind = columnKind(type)
    const sql = format === 'csv' ? `c${i}` : presentOrNull(`c${i}`, kind, markers)
    return { name: names[i] ?? '', kind, type: String(type), sql }
  })
  return {
    path,
    format,
    columns,
    signal,
    count: async () => {
      const result = await connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM ${table}`, values)
      return Number(result.getRows()[0]?.[0] ?? 0)
    },
    async *chunks(expressions) {
      const result = await connection.stream(`SELECT ${expressions.join(', ')} FROM ${table}`, values)
      for (;;) {
        signal.throwIfAborted()
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) return
        yield chunk
      }
    },
    cell: async (row, expression) => {
      const numbered = `SELECT row_number() OVER () AS number, ${expression} AS cell FROM ${table}`
      const sql = `SELECT left(cell::VARCHAR, 100) FROM (${numbered}) WHERE number = ${row + 1}`
      const chunk = await (await connection.run(sql, values)).fetchChunk()
      const vector = chunk?.rowCount ? chunk.getColumnVector(0) : undefined
      return (vector instanceof DuckDBVarCharVector && vector.getItem(0)) || ''
    },
  }
}

/** DuckDB reads paths as patterns: *, ? and [ stand for themselves in brackets. Nothing there stands for a backslash. */
function literalPattern(path: string): string {
  if (!/[*?[]/.test(path)) return path
  if (path.includes('\\')) {
    throw new PartyError(
      'DATA_FILE_UNREADABLE',
      `${path}: a path with a backslash and one of * ? [ cannot be read: rename it`,
    )
  }
  return path.replace(/[*?[]/g, '[$&]')
}

function csvTable(aliases: readonly string[], markers: readonly string[]): string {
  const columns = aliases.map((alias) => `'${alias}': 'VARCHAR'`).join(', ')
  const nulls = ['', ...markers].map((marker) => `'${marker}'`).join(', ')
  return `read_csv($path, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', strict_mode = true,
    nullstr = [${nulls}], compression = 'none', hive_partitioning = false, columns = {${columns}})`
}

function parquetTable(aliases: readonly string[]): string {
  return `read_parquet($path, hive_partitioning = false, binary_as_string = true) AS t(${aliases.join(', ')})`
}

/** The names of the outermost columns, from the tree of the schema in depth-first order; the root comes first. */
async function parquetNames(connection: DuckDBConnection, values: Record<string, DuckDBValue>): Promise<string[]> {
  const sql = 'SELECT name, coalesce(num_children, 0)::DOUBLE FROM parquet_schema($path)'
  const nodes = (await connection.runAndReadAll(sql, values)).getRows()
  const names: string[] = []
  for (let at = 1; at < nodes.length; ) {
    names.push(String(nodes[at]?.[0]))
    // Past this column and everything below it.
    for (let open = 1; open > 0; at += 1) open += Number(nodes[at]?.[1] ?? 0) - 1
  }
  return names
}
