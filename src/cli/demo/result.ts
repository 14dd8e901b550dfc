/** What the demo ends with: one table for people, one object for scripts. */
import type { Metrics } from '../../learning/index.ts'
import type { Tampered } from './tampered.ts'

export interface DemoResult {
  readonly alone: readonly { readonly name: string; readonly rows: number; readonly metrics: Metrics }[]
  readonly federated: Metrics
  readonly pooled: Metrics
  readonly rounds: number
  readonly seconds: number
  readonly ceiling: number | undefined
  readonly holdoutRows: number
  /** The changed aggregator, and why it was refused. */
  readonly tampered: Tampered
}

const scores = ({ auc, ks }: Metrics) => ({ auc: auc ?? null, ks: ks ?? null })

export function resultJson({ alone, federated, pooled, rounds, seconds, tampered }: DemoResult): object {
  return {
    parties: alone.map(({ name, rows, metrics }) => ({ name, rows, alone: scores(metrics) })),
    federated: scores(federated),
    pooled: scores(pooled),
    rounds,
    attestation: { simulated: true, tampered: { refused: true, code: tampered.refusal.code } },
    seconds: Math.round(seconds * 10) / 10,
  }
}

export function resultLines(result: DemoResult): string[] {
  const { alone, federated, pooled, holdoutRows, rounds, seconds, ceiling } = result
  const total = alone.reduce((sum, { rows }) => sum + rows, 0)
  const line = (who: string, rows: string, auc: string, ks: string) =>
    `  ${who.padEnd(34).slice(0, 34)} ${rows.padStart(9)} ${auc.padStart(8)} ${ks.padStart(8)}`
  const entry = (who: string, rows: number, { auc, ks }: Metrics) =>
    line(who, rows.toLocaleString('en-US'), auc?.toFixed(4) ?? '-', ks?.toFixed(4) ?? '-')
  const best = Math.max(...alone.map(({ metrics }) => metrics.auc ?? 0))
  const better = alone.filter(({ metrics }) => (federated.auc ?? 0) > (metrics.auc ?? 0)).length
  return [
    '',
    `Measured on ${holdoutRows.toLocaleString('en-US')} rows that nobody trained on, after ${rounds} rounds:`,
    '',
    line('', 'rows', 'AUC', 'KS'),
    ...alone.map(({ name, rows, metrics }) => entry(`${name} alone`, rows, metrics)),
    entry('federated: rows stay at each bank', total, federated),
    entry('pooled: what nobody could do', total, pooled),
    '',
    'The AUC of the live view above is over the rows that each party held out of its own;',
    'the table measures every model on one common hold-out.',
    `The federated model is better than ${better} of ${alone.length} banks alone (best alone: ${best.toFixed(4)}).`,
    ...(ceiling === undefined
      ? []
      : [`The true risk of these made-up customers has an AUC of ${ceiling.toFixed(4)} here: the ceiling.`]),
    `SIMULATED TEE: every party attested the aggregator before it spoke; a changed one was refused (${result.tampered.refusal.code}).`,
    `Done in ${seconds.toFixed(0)} s; nothing is left running.`,
  ]
}
