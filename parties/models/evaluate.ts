/** Exact metrics of a model on a table at hand, such as a bank's own hold-out file. Nothing leaves the machine. */
import {
  type Metrics,
  type ModelPlan,
  type Standardisation,
  standardise,
  type TaskSpec,
} from '../../src/learning/index.ts'
import { type BackendName, createTrainer, shared } from '../trainers/index.ts'

/** The part of a RawTable that training and evaluation need; labels are targets (scaleLabels). */
export interface RawRows {
  /** rows * inputs, NaN = missing. */
  readonly raw: Float32Array
  readonly labels: Float32Array
  readonly rows: number
}

export interface EvaluateOptions {
  readonly plan: ModelPlan
  readonly task: TaskSpec
  readonly parameters: Float32Array
  readonly standardisation: Standardisation
  readonly table: RawRows
  readonly backend?: BackendName
  readonly signal: AbortSignal
}

/** Throws what `createTrainer` and `exactMetrics` throw. */
export async function evaluateModel(options: EvaluateOptions): Promise<Metrics> {
  const { plan, task, parameters, standardisation, table, backend, signal } = options
  const trainer = await createTrainer({ plan, task, ...(backend && { backend }) })
  try {
    const features = shared(standardise(table.raw, table.rows, standardisation))
    const { labels, rows } = table
    return (await trainer.evaluate({ parameters, features, labels, rows, signal })).metrics
  } finally {
    await trainer[Symbol.asyncDispose]()
  }
}
