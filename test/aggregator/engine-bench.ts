/** Jobs for the engine, and updates as parties make them. */
import { createHash } from 'node:crypto'
import { EngineCore, type EngineMeans } from '../../src/aggregator/engine/core.ts'
import type { UpdateFacts } from '../../src/aggregator/engine/engine.ts'
import { type JobSpec, parseJobSpec } from '../../src/job/index.ts'
import {
  encodedColumns,
  metricsLayout,
  planModel,
  statisticsLayout,
  statisticsUpdate,
  trainLayout,
} from '../../src/learning/index.ts'
import type { TaskKind } from '../../src/round/index.ts'
import { compressUpdate, type UpdateLayout, type UpdateValues } from '../../src/update/index.ts'
import { createMemorySpool } from './memory-spool.ts'

/** A linear regression on two columns: three parameters. */
export const engineSpec = (changes: Record<string, unknown> = {}): JobSpec =>
  parseJobSpec(
    JSON.stringify({
      version: 1,
      name: 'engine',
      task: { kind: 'regression', minimum: 0, maximum: 1 },
      model: { kind: 'layers', layers: [{ className: 'Dense', config: { units: 1 } }] },
      data: {
        dataset: 'loans',
        id: 'id',
        label: 'y',
        features: [
          { name: 'x', type: 'number', minimum: 0, maximum: 12 },
          { name: 'k', type: 'category', values: ['a'] },
        ],
      },
      parties: ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e', 'bank-f', 'bank-g'],
      rounds: { count: 9, quorum: 5, minimumParties: 2 },
      training: { optimizer: 'sgd' },
      ...changes,
    }),
  )

/** Bytes that depend on the seed alone. */
export function seededBytes(seed: string): (bytes: number) => Uint8Array {
  let drawn = 0
  return (bytes) => {
    const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
      createHash('sha256').update(`${seed}/${drawn}/${i}`).digest(),
    )
    drawn += 1
    return new Uint8Array(Buffer.concat(blocks).subarray(0, bytes))
  }
}

export const means = (seed = 'noise'): EngineMeans => ({
  random: seededBytes(seed),
  createSpool: createMemorySpool,
  now: () => 0,
})

export const createCore = (changes: Record<string, unknown> = {}, restore?: Uint8Array, seed?: string): EngineCore =>
  new EngineCore(engineSpec(changes), means(seed), restore)

export const UNIT = 700

export const factsOf = (party: string, changes: Partial<UpdateFacts> = {}): UpdateFacts => ({
  party,
  rows: 100,
  weightUnit: UNIT,
  staleness: 0,
  ...changes,
})

export function layoutOf(spec: JobSpec, task: TaskKind): UpdateLayout {
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  if (task === 'statistics') return statisticsLayout(spec.data.features)
  return task === 'train' ? trainLayout(spec.task, plan, spec.strategy) : metricsLayout(spec.task)
}

/** A training update: one held-out row with squared error 0.25 and absolute error 0.5, and a loss of 2 per row. */
export function trained(spec: JobSpec, deltas: readonly number[], { rows, weightUnit }: UpdateFacts): Uint8Array {
  const values = { deltas: Float64Array.from(deltas), counts: [1], sums: [0.25, 0.5, 2 * rows] }
  return sealed(spec, 'train', values, rows / weightUnit)
}

export function sealed(spec: JobSpec, task: TaskKind, values: UpdateValues, share: number): Uint8Array {
  const compression = task === 'train' ? spec.compression : ({ kind: 'none' } as const)
  return compressUpdate(values, share, layoutOf(spec, task), spec.encoding, compression).bytes
}

/** Rows of the two columns. */
export function statistics(
  spec: JobSpec,
  rows: readonly (readonly [number, number])[],
  facts: UpdateFacts,
): Uint8Array {
  const values = statisticsUpdate(spec.data.features, Float32Array.from(rows.flat()), rows.length)
  return sealed(spec, 'statistics', values, facts.rows / facts.weightUnit)
}

export const parametersOf = (core: EngineCore): number[] => {
  const { bytes } = core.standing.model
  return [...new Float32Array(bytes.slice().buffer)]
}

/** Plays one training round; what each party sends, by name. Returns how the parameters changed. */
export function playRound(
  core: EngineCore,
  spec: JobSpec,
  round: number,
  deltas: Readonly<Record<string, readonly number[]>>,
  facts: Partial<UpdateFacts> = {},
) {
  const before = parametersOf(core)
  core.open({ round, task: 'train' })
  for (const [party, values] of Object.entries(deltas)) {
    core.add(trained(spec, values, factsOf(party, facts)), factsOf(party, facts))
  }
  const result = core.close()
  const moved = parametersOf(core).map((value, i) => value - (before[i] ?? Number.NaN))
  return { result, moved }
}
