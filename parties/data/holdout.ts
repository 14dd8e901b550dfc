/**
 * Which rows a model is never trained on. The answer belongs to the id and the job's seed alone:
 *
 *   SHA-256( seed as decimal digits || 0 || id in UTF-8 ), its first 6 bytes as a big-endian number, below
 *   fraction * 2^48  =>  hold-out
 *
 * so that it does not change when rows are added, removed or sorted, when the agent restarts, or when another program
 * (a reviewer's script, `model evaluate`) does the split again; and nobody can choose their hold-out by ordering a file.
 * A drawn random number per row would break all of these. About 1 microsecond a row.
 */
import { hash } from 'node:crypto'
import { PartyError } from '../errors.ts'
import { createPace, type Pace } from './pace.ts'
import type { RawTable } from './table.ts'

/** Rows hashed or copied before the clock is looked at: below a millisecond. */
const ROWS_BETWEEN_LOOKS = 256

/** Every row of `table` is in exactly one part, in the order of the table. Throws PartyError DATA_TOO_FEW_ROWS. */
export async function splitHoldout(
  table: RawTable,
  fraction: number,
  seed: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ train: RawTable; holdout: RawTable }> {
  const pace = createPace(signal)
  const train: number[] = []
  const holdout: number[] = []
  for (const [row, id] of table.ids.entries()) {
    ;(isHeldOut(id, fraction, seed) ? holdout : train).push(row)
    if (row % ROWS_BETWEEN_LOOKS === 0 && pace.due()) await pace.rest()
  }
  if (train.length === 0 || holdout.length === 0) {
    const found = `${table.rows} rows gave ${train.length} for training and ${holdout.length} for the hold-out`
    throw new PartyError('DATA_TOO_FEW_ROWS', `${found} (share ${fraction}), expected at least 1 each`)
  }
  return { train: await select(table, train, pace), holdout: await select(table, holdout, pace) }
}

export function isHeldOut(id: string, fraction: number, seed: number): boolean {
  return hash('sha256', `${seed}\0${id}`, 'buffer').readUIntBE(0, 6) < fraction * 2 ** 48
}

async function select(table: RawTable, rows: readonly number[], pace: Pace): Promise<RawTable> {
  const { inputs } = table
  const raw = new Float32Array(rows.length * inputs)
  const labels = new Float32Array(rows.length)
  const ids: string[] = []
  for (const [i, row] of rows.entries()) {
    raw.set(table.raw.subarray(row * inputs, (row + 1) * inputs), i * inputs)
    labels[i] = table.labels[row] ?? 0
    ids.push(table.ids[row] ?? '')
    if (i % ROWS_BETWEEN_LOOKS === 0 && pace.due()) await pace.rest()
  }
  return { ids, rows: rows.length, inputs, raw, labels, warnings: table.warnings }
}
