/**
 * The model that one table gives on its own: what a bank has without a federation, or, over the rows of all, what
 * nobody could train. Same model, first parameters, trainer and number of passes as the run; mean and deviation are the
 * table's own.
 */
import {
  encodedColumns,
  type FeatureColumn,
  initialParameters,
  type ModelPlan,
  type ModelSpec,
  planModel,
  type Standardisation,
  standardisationFrom,
  standardise,
  statisticsUpdate,
  type TaskSpec,
} from '../../src/learning/index.ts'
import { type Backend, type BackendName, createTrainer, shared, type TrainingSpec } from '../trainers/index.ts'
import type { RawRows } from './evaluate.ts'

/** The parts of a job spec that local training needs. */
export interface LocalSpec {
  readonly task: TaskSpec
  readonly model: ModelSpec
  readonly data: { readonly features: readonly FeatureColumn[] }
  readonly rounds: { readonly count: number }
  readonly training: TrainingSpec
  readonly seed: number
}

export interface TrainLocallyOptions {
  readonly spec: LocalSpec
  /** Training rows only. */
  readonly table: RawRows
  readonly backend?: BackendName
  readonly signal: AbortSignal
  readonly progress?: (share: number) => void
}

export interface LocalModel {
  readonly plan: ModelPlan
  readonly parameters: Float32Array
  readonly standardisation: Standardisation
  readonly backend: Backend
  /** Mean training loss of the last pass. */
  readonly loss: number
}

/** Throws what `planModel`, `statisticsUpdate` and `Trainer.train` throw. */
export async function trainLocally(options: TrainLocallyOptions): Promise<LocalModel> {
  const { spec, table, backend, signal, progress } = options
  const { task, model, data, rounds, training, seed } = spec
  const plan = planModel(model, task, encodedColumns(data.features).length)
  const statistics = statisticsUpdate(data.features, table.raw, table.rows)
  const standardisation = standardisationFrom(data.features, statistics)
  const trainer = await createTrainer({ plan, task, ...(backend && { backend }) })
  try {
    const { parameters, loss } = await trainer.train({
      parameters: initialParameters(plan, seed),
      features: shared(standardise(table.raw, table.rows, standardisation)),
      labels: table.labels,
      rows: table.rows,
      training: { ...training, epochs: rounds.count * training.epochs },
      mu: 0,
      seed: `${seed}/local`,
      signal,
      ...(progress && { progress }),
    })
    return { plan, parameters, standardisation, backend: trainer.backend, loss }
  } finally {
    await trainer[Symbol.asyncDispose]()
  }
}
