/** The tables of the parties, in memory: planted rows, made when an agent asks for them, or the rows of one file. */
import { hash } from 'node:crypto'
import { isHeldOut, loadTable, plantedTable, type RawTable } from '../../../parties/index.ts'
import type { JobSpec } from '../../job/index.ts'
import { CliError } from '../errors.ts'
import type { Context } from '../io.ts'
import { clean } from '../view/index.ts'
import type { Wanted } from './options.ts'

export interface Tables {
  /** For people. */
  readonly about: string
  tableOf(party: string): Promise<RawTable>
}

/** Throws CliError CLI_SIMULATION_ROWS; PartyError DATA_... for a file that breaks the contract. */
export async function openTables(
  context: Context,
  spec: JobSpec,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Tables> {
  const { rows, shift, data } = wanted
  if (data !== undefined) return tablesOfFile(context, spec, context.path(data), signal)
  const { seed, task } = spec
  return {
    about: `${rows} made-up rows each`,
    tableOf: async (party) => plantedTable({ contract: spec.data, task, seed, party, rows, shift }),
  }
}

async function tablesOfFile(context: Context, spec: JobSpec, path: string, signal: AbortSignal): Promise<Tables> {
  const table = await loadTable({ path, contract: spec.data, task: spec.task, signal })
  for (const warning of table.warnings) context.remark(`warning: ${clean(warning)}`)
  const rowsOf = spec.parties.map((): number[] => [])
  for (const [row, id] of table.ids.entries()) rowsOf[placeOf(id, spec.parties.length)]?.push(row)
  verifySplit(spec, table, rowsOf, path)
  const places = new Map(spec.parties.map((party, place) => [party, place]))
  return {
    about: `${table.rows} rows of ${path}, split by a hash of the id`,
    tableOf: async (party) => select(table, rowsOf[places.get(party) ?? -1] ?? []),
  }
}

/** SHA-256( 'party' || 0 || id ), its first 6 bytes as a big-endian number, modulo the parties; apart from the hold-out's. */
const placeOf = (id: string, parties: number): number =>
  hash('sha256', `party\0${id}`, 'buffer').readUIntBE(0, 6) % parties

/** A party without a row to train on or to measure with would decline the run. */
function verifySplit({ parties, data, seed }: JobSpec, table: RawTable, rowsOf: readonly number[][], path: string) {
  const poor = rowsOf.findIndex((rows) => {
    const held = rows.filter((row) => isHeldOut(table.ids[row] ?? '', data.holdout, seed)).length
    return held === 0 || held === rows.length
  })
  if (poor < 0) return
  const text = `${path} has ${table.rows} rows for ${parties.length} parties; ${parties[poor]} gets ${rowsOf[poor]?.length}`
  throw new CliError('CLI_SIMULATION_ROWS', `${text}, expected at least one to train on and one to hold out`)
}

function select(table: RawTable, rows: readonly number[]): RawTable {
  const { inputs } = table
  const raw = new Float32Array(rows.length * inputs)
  for (const [i, row] of rows.entries()) raw.set(table.raw.subarray(row * inputs, (row + 1) * inputs), i * inputs)
  return {
    ids: rows.map((row) => table.ids[row] ?? ''),
    rows: rows.length,
    inputs,
    raw,
    labels: Float32Array.from(rows, (row) => table.labels[row] ?? 0),
    warnings: [],
  }
}
