/** What the trainer and its thread say to each other. Matrices in shared memory (shared.ts) cross without a copy. */
import type { Metrics, ModelPlan, TaskSpec } from '../../src/learning/index.ts'
import type { UpdateValues } from '../../src/update/index.ts'
import type { Backend, BackendName } from './backend.ts'
import type { TrainerCode } from './errors.ts'
import type { Trained, TrainingInput } from './training.ts'

/** `workerData`: fixed for the life of the thread. */
export interface ThreadSetup {
  readonly plan: ModelPlan
  readonly task: TaskSpec
  readonly backend: BackendName | undefined
}

export type PredictionInput = Pick<TrainingInput, 'parameters' | 'features' | 'rows'>

export interface Evaluated {
  /** Exact, over these rows: for the party itself. */
  readonly metrics: Metrics
  /** The same as counts and sums that can be added up over parties: for the update. */
  readonly totals: UpdateValues
}

export type Work =
  | { readonly kind: 'train'; readonly input: TrainingInput }
  | { readonly kind: 'predict'; readonly input: PredictionInput }
  | { readonly kind: 'evaluate'; readonly input: PredictionInput & Pick<TrainingInput, 'labels'> }

/** `stop`: one shared number; not 0 = stop. A message would wait until the work is over. */
export type Request = Work & { readonly id: number; readonly stop: Int32Array }

export type Outcome =
  | ({ readonly kind: 'trained' } & Trained)
  | { readonly kind: 'predicted'; readonly predictions: Float32Array }
  | ({ readonly kind: 'evaluated' } & Evaluated)
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: TrainerCode; readonly message: string }

/** First `started` or `refused`; then for each request any number of `progress` and one `done`. */
export type Reply =
  | { readonly kind: 'started'; readonly backend: Backend }
  | { readonly kind: 'refused'; readonly code: TrainerCode; readonly message: string }
  | { readonly kind: 'progress'; readonly id: number; readonly share: number }
  | { readonly kind: 'done'; readonly id: number; readonly outcome: Outcome }
