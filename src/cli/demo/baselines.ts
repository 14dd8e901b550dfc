/**
 * What the federation is compared with: each bank's model trained on its own rows, and the model of all rows together,
 * which nobody could train in earnest. Same model, same local epochs, same hold-out split as in the federation.
 */
import { evaluateModel, loadTable, type RawTable, splitHoldout, trainLocally } from '../../../parties/index.ts'
import type { JobSpec } from '../../job/index.ts'
import type { Metrics } from '../../learning/index.ts'
import type { PartyFile } from './federation.ts'

export interface PartyRows {
  readonly name: string
  /** Rows in the party's file. */
  readonly rows: number
  readonly train: RawTable
}

export interface DemoRows {
  readonly parties: readonly PartyRows[]
  /** The hold-out file, or the rows that the parties held out, together. */
  readonly holdout: RawTable
}

export async function readRows(
  spec: JobSpec,
  parties: readonly PartyFile[],
  holdoutFile: string | undefined,
  signal: AbortSignal,
): Promise<DemoRows> {
  const load = (path: string) => loadTable({ path, contract: spec.data, task: spec.task, signal })
  const loaded: { name: string; rows: number; train: RawTable; holdout: RawTable }[] = []
  for (const { name, file } of parties) {
    const table = await load(file)
    loaded.push({ name, rows: table.rows, ...(await splitHoldout(table, spec.data.holdout, spec.seed)) })
  }
  const holdout = holdoutFile === undefined ? joinTables(loaded.map((party) => party.holdout)) : await load(holdoutFile)
  return { parties: loaded.map(({ name, rows, train }) => ({ name, rows, train })), holdout }
}

export interface Baselines {
  readonly alone: readonly { readonly name: string; readonly rows: number; readonly metrics: Metrics }[]
  readonly pooled: Metrics
}

export async function measureBaselines(
  spec: JobSpec,
  { parties, holdout }: DemoRows,
  remark: (text: string) => void,
  signal: AbortSignal,
): Promise<Baselines> {
  const measure = async (table: RawTable): Promise<Metrics> => {
    const { plan, parameters, standardisation } = await trainLocally({ spec, table, signal })
    return evaluateModel({ plan, task: spec.task, parameters, standardisation, table: holdout, signal })
  }
  const alone: Baselines['alone'][number][] = []
  const of = parties.length + 1
  for (const [i, { name, rows, train }] of parties.entries()) {
    remark(`for comparison ${i + 1}/${of}: ${name} alone`)
    alone.push({ name, rows, metrics: await measure(train) })
  }
  remark(`for comparison ${of}/${of}: all rows pooled, which nobody could do in earnest`)
  return { alone, pooled: await measure(joinTables(parties.map(({ train }) => train))) }
}

function joinTables(tables: readonly RawTable[]): RawTable {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0)
  const inputs = tables[0]?.inputs ?? 0
  const raw = new Float32Array(rows * inputs)
  const labels = new Float32Array(rows)
  let at = 0
  for (const table of tables) {
    raw.set(table.raw, at * inputs)
    labels.set(table.labels, at)
    at += table.rows
  }
  return { ids: tables.flatMap(({ ids }) => ids), rows, inputs, raw, labels, warnings: [] }
}
