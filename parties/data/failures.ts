/**
 * What DuckDB says when it cannot read a file, as an error of this room. DuckDB quotes the line it stopped at, which is a
 * bank's data: neither its message nor its error (as a cause) goes further than this file.
 */
import { PartyError } from '../errors.ts'
import { scanRecords } from './records.ts'

export interface FailedRead {
  readonly path: string
  readonly format: 'csv' | 'parquet'
  /** Of the column names in the first record; CSV only. */
  readonly columns: number
  readonly memoryLimit: string
  readonly signal: AbortSignal
}

/** How many bad lines a message lists. */
const MAXIMUM_LISTED = 20

export async function describeFailure(error: unknown, read: FailedRead): Promise<unknown> {
  const text = error instanceof Error ? error.message : String(error)
  if (/^Out of Memory Error/i.test(text)) {
    return new PartyError(
      'DATA_TOO_LARGE',
      `${read.path}: reading needs more than the memory limit of ${read.memoryLimit}`,
    )
  }
  if (read.format === 'csv' && /^IO Error/i.test(text)) {
    return new PartyError('DATA_FILE_UNREADABLE', `${read.path}: DuckDB cannot open or read the file`)
  }
  // Whatever DuckDB calls it (Invalid Input, Conversion, Invalid, ...): its text may quote rows, so none of it leaves here.
  if (/^[A-Z][\w ]* Error\b/i.test(text)) {
    return read.format === 'csv' ? describeCsv(read, text) : damagedParquet(read.path, text)
  }
  return error
}

function damagedParquet(path: string, text: string): PartyError {
  const reason = /no magic bytes|footer|prefetch|snappy|thrift|encrypt|utf-?8/i.exec(text)?.[0].toLowerCase()
  const detail = reason ? ` (DuckDB speaks of: ${reason})` : ''
  return new PartyError('DATA_MALFORMED', `${path}: the Parquet file is damaged, cut short or encrypted${detail}`)
}

async function describeCsv(read: FailedRead, text: string): Promise<PartyError> {
  const ragged: string[] = []
  const starts: number[] = []
  const stop = Number(/CSV Error on Line: (\d+)/.exec(text)?.[1] ?? 0)
  let count = 0
  let open = 0
  let seen = 0
  await scanRecords(read.path, read.signal, (record) => {
    seen += 1
    if (seen === stop) starts.push(record.line)
    if (record.open) open = record.line
    else if (record.fields !== read.columns) {
      count += 1
      if (ragged.length < MAXIMUM_LISTED) ragged.push(`${record.line} (${record.fields})`)
    }
  })
  const malformed = (what: string) => new PartyError('DATA_MALFORMED', `${read.path}${what}`)
  if (open > 0) return malformed(`, line ${open}: a quoted value begins in this row and does not end`)
  if (count > 0) {
    const list = `${ragged.join(', ')}${count > ragged.length ? ', ...' : ''}`
    const rows = count === 1 ? '1 row has' : `${count} rows have`
    return malformed(`: ${rows} another number of cells than the ${read.columns} column names; lines (cells): ${list}`)
  }
  const line = starts[0] === undefined ? '' : `, line ${starts[0]}`
  if (/utf-?8|unicode/i.test(text)) return malformed(`${line}: the text is not UTF-8`)
  return malformed(`${line}: the rows cannot be told apart: line endings are mixed, or text follows a closing quote`)
}
