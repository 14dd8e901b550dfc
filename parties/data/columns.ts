/** Which columns of a file serve the data contract: checked before any row is read. */
import type { DataContract, TaskSpec } from '../../src/job/index.ts'
import { type PartyCode, PartyError } from '../errors.ts'
import type { Source, SourceColumn } from './source.ts'
import { type ColumnKind, numberOf, textOf } from './sql.ts'

export interface MatchedColumn {
  readonly name: string
  /** SQL of the value as it is read: a DOUBLE for numbers, else a VARCHAR. */
  readonly read: string
  /** SQL of the text to show in a message. */
  readonly show: string
  /** What NaN means in this column: text cannot say it, stored fractions say it for a missing value. */
  readonly nan: 'missing' | 'wrong'
}

export interface MatchedColumns {
  readonly id: MatchedColumn
  readonly label: MatchedColumn
  /** In the contract's order. */
  readonly features: readonly MatchedColumn[]
}

interface Wanted {
  readonly name: string
  readonly as: 'number' | 'text'
}

/** Names in one message; a contract may have 10,000. */
const MAXIMUM_NAMED = 20

const usable: Record<Wanted['as'], readonly ColumnKind[]> = {
  number: ['text', 'whole', 'fraction', 'boolean'],
  text: ['text', 'whole', 'fraction', 'boolean', 'moment'],
}

/** Throws PartyError DATA_DELIMITER, DATA_COLUMN_MISSING, DATA_COLUMN_AMBIGUOUS, DATA_COLUMN_TYPE, naming all columns. */
export function matchColumns(source: Source, contract: DataContract, task: TaskSpec): MatchedColumns {
  verifyDelimiter(source)
  const byName = new Map<string, SourceColumn[]>()
  for (const column of source.columns) byName.set(column.name, [...(byName.get(column.name) ?? []), column])

  const id: Wanted = { name: contract.id, as: 'text' }
  const label: Wanted = { name: contract.label, as: task.kind === 'regression' ? 'number' : 'text' }
  const features = contract.features.map(
    ({ name, type }): Wanted => ({ name, as: type === 'number' ? 'number' : 'text' }),
  )
  const lacking: string[] = []
  const ambiguous: string[] = []
  const unusable: string[] = []
  const match = ({ name, as }: Wanted): MatchedColumn => {
    const [column, second] = byName.get(name) ?? []
    if (!column) lacking.push(`${quote(name)}${lacking.length < MAXIMUM_NAMED ? similar(name, byName.keys()) : ''}`)
    else if (second) ambiguous.push(quote(name))
    else if (!usable[as].includes(column.kind)) unusable.push(`${quote(name)} is ${column.type}, expected ${as}`)
    const [sql, kind] = [column?.sql ?? 'NULL', column?.kind ?? 'other'] as const
    const show = textOf(sql, kind)
    return {
      name,
      read: as === 'number' ? numberOf(sql, kind) : show,
      show,
      nan: kind === 'fraction' ? 'missing' : 'wrong',
    }
  }
  const matched = { id: match(id), label: match(label), features: features.map(match) }
  refuse('DATA_COLUMN_MISSING', source, 'lacks the columns', lacking)
  refuse('DATA_COLUMN_AMBIGUOUS', source, 'has several columns with the names', ambiguous)
  refuse('DATA_COLUMN_TYPE', source, 'has columns of a type without use:', unusable)
  return matched
}

function refuse(code: PartyCode, source: Source, what: string, names: readonly string[]): void {
  if (names.length === 0) return
  const more = names.length > MAXIMUM_NAMED ? `, and ${names.length - MAXIMUM_NAMED} more` : ''
  const list = names.slice(0, MAXIMUM_NAMED).join(', ')
  throw new PartyError(code, `${source.path} (${source.columns.length} columns) ${what} ${list}${more}`)
}

/** A contract has three columns at least, so a CSV file with one was split at the wrong character. */
export function verifyDelimiter({ path, format, columns }: Source): void {
  const [only, second] = columns
  if (format !== 'csv' || !only || second) return
  const other = /[;\t|]/.exec(only.name)?.[0]
  const seems = other ? `; the file seems to be separated by ${JSON.stringify(other)}` : ''
  throw new PartyError(
    'DATA_DELIMITER',
    `${path}: only one column was found, expected columns separated by ","${seems}`,
  )
}

/** Other names of the file are not printed: in a file without names its first line is a customer. */
function similar(name: string, names: Iterable<string>): string {
  const plain = (text: string) =>
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[\s_-]/g, '')
  for (const other of names) if (plain(other) === plain(name)) return ` (there is ${quote(other)})`
  return ''
}

function quote(name: string): string {
  return JSON.stringify(name)
}
