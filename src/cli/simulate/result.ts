/** What a simulation prints at its end. Scripts rely on the shape of the object: add, never rename. */
import type { Metrics } from '../../learning/index.ts'
import type { RunState } from '../../round/index.ts'
import { decimal, renderTable } from '../view/index.ts'
import type { Entry } from './diary.ts'

export interface SimulationResult {
  readonly parties: number
  readonly parameters: number
  readonly training: 'real' | 'made up'
  readonly changes: readonly string[]
  readonly entries: readonly Entry[]
  readonly state: RunState
  readonly reason: string
  /** Of the last model; none where training is made up. */
  readonly metrics: Metrics
  /** Hex; null of a run without a model. */
  readonly modelDigest: string | null
  readonly seconds: number
  /** Bytes. */
  readonly peakRss: number
  readonly eventLoopMs: number
  readonly receipts: number
  /** Errors in the logs of all programs: how many, and the first ones. */
  readonly errors: { readonly count: number; readonly first: readonly string[] }
}

const tenth = (value: number): number => Math.round(value * 10) / 10

export function resultJson(result: SimulationResult): object {
  const { parties, parameters, training, changes, entries, state, reason, metrics, modelDigest } = result
  const real = training === 'real'
  return {
    parties,
    parameters,
    training,
    simulated: true,
    changes,
    rounds: entries.map((entry) => ({ ...entry, metrics: real ? entry.metrics : {} })),
    state,
    reason,
    metrics,
    modelDigest,
    seconds: tenth(result.seconds),
    rss: { peak: result.peakRss },
    eventLoop: { maxMs: tenth(result.eventLoopMs) },
    receipts: result.receipts,
    errors: result.errors.count,
  }
}

/** Rounds shown: the first and the last ones of many. */
const [HEAD, TAIL] = [12, 12]

export function resultLines(result: SimulationResult, width: number): string[] {
  const { entries, state, reason, modelDigest, training, parties, parameters, errors } = result
  const names = training === 'real' ? metricNamesOf(entries) : []
  const columns = [
    { title: 'ROUND' },
    { title: 'CONTRIBUTED', align: 'right' },
    { title: 'MISSING', align: 'right' },
    { title: 'SECONDS', align: 'right' },
    ...names.map((name) => ({ title: name.toUpperCase(), align: 'right' }) as const),
  ] as const
  const [heading = '', ...rows] = renderTable(
    columns,
    entries.map((entry) => cells(entry, names)),
    width,
  )
  const size = `${parties} parties, ${parameters.toLocaleString('en-US')} parameters`
  return [
    heading,
    ...shortened(rows),
    '',
    `${state}${reason === '' ? '' : `: ${reason}`}; ${size}${training === 'real' ? '' : ', MADE-UP updates: nothing was learnt'}`,
    `model ${modelDigest ?? 'none'}`,
    `${tenth(result.seconds)} s in all, peak memory ${Math.round(result.peakRss / 2 ** 20)} MiB, the event loop stood still for ${Math.round(result.eventLoopMs)} ms at most`,
    ...(result.receipts > 0 ? [`${result.receipts} rounds with a signed receipt`] : []),
    ...(errors.count > 0
      ? [`${errors.count} errors in the logs of the programs, the first ones:`, ...errors.first]
      : []),
    ...(names.length > 0 ? ['metrics are those of the model that a round started from'] : []),
    'SIMULATED TEE: it protects nothing',
  ]
}

const metricNamesOf = (entries: readonly Entry[]): (keyof Metrics)[] => {
  const names = new Set<keyof Metrics>()
  for (const { metrics } of entries) {
    if (metrics.auc !== undefined) names.add('auc')
    if (metrics.ks !== undefined) names.add('ks')
    if (metrics.log_loss !== undefined) names.add('log_loss')
    if (metrics.accuracy !== undefined) names.add('accuracy')
    if (metrics.mse !== undefined) names.add('mse')
    if (metrics.mae !== undefined) names.add('mae')
  }
  return [...names]
}

function cells({ round, task, contributors, missing, seconds, metrics }: Entry, names: readonly (keyof Metrics)[]) {
  const name = task === 'train' ? String(round) : task === 'statistics' ? 'statistics' : 'evaluation'
  const values = names.map((each) => {
    const value = metrics[each]
    return value === undefined ? '' : decimal(value)
  })
  return [name, String(contributors), String(missing), seconds.toFixed(2), ...values]
}

function shortened(rows: readonly string[]): string[] {
  if (rows.length <= HEAD + TAIL) return [...rows]
  return [...rows.slice(0, HEAD), `... ${rows.length - HEAD - TAIL} more (--json has all) ...`, ...rows.slice(-TAIL)]
}
