/**
 * Trains and predicts in a thread of its own. Many calls may be made at once; they are served one after the other.
 *
 * What may go wrong: no backend (TRAINER_BACKEND), arrays of other lengths (TRAINER_INPUT), numbers that run away
 * (TRAINER_DIVERGED), the thread itself (TRAINER_FAILED; every open call is told). An aborted call rejects with the
 * signal's reason, after the batch that was being computed.
 */
import type { ModelPlan, TaskSpec } from '../../src/learning/index.ts'
import type { Backend, BackendName } from './backend.ts'
import { TrainerError } from './errors.ts'
import type { Evaluated, Outcome, PredictionInput } from './messages.ts'
import { startThread } from './thread.ts'
import type { Trained, TrainingInput } from './training.ts'

export interface Trainer extends AsyncDisposable {
  readonly backend: Backend
  /**
   * `parameters` in the order of the plan; `features` rows * inputs, standardised; `labels` targets, one per row.
   * The same input on the same backend gives the same bytes. `mu`: the weight of FedProx's pull, 0 = none.
   * `progress` is told the share done, 0 to 1. Matrices that come again and again belong in shared memory (`shared`).
   */
  train(
    input: TrainingInput & { readonly signal: AbortSignal; readonly progress?: (share: number) => void },
  ): Promise<Trained>
  /** rows * outputs predictions: probabilities, or regression targets from about 0 to 1. */
  predict(input: PredictionInput & { readonly signal: AbortSignal }): Promise<Float32Array>
  /** Predicts and measures: sorting a million scores would hold up the caller's event loop for a third of a second. */
  evaluate(
    input: PredictionInput & Pick<TrainingInput, 'labels'> & { readonly signal: AbortSignal },
  ): Promise<Evaluated>
}

export interface TrainerOptions {
  readonly plan: ModelPlan
  readonly task: TaskSpec
  /** Insists on a backend; otherwise the best one that works is taken. */
  readonly backend?: BackendName
}

/** Throws TRAINER_BACKEND, TRAINER_FAILED. */
export async function createTrainer({ plan, task, backend }: TrainerOptions): Promise<Trainer> {
  const thread = await startThread({ plan, task, backend })
  return {
    backend: thread.backend,
    async train({ signal, progress, parameters, features, labels, rows, training, mu, seed, correction }) {
      const input = { parameters, features, labels, rows, training, mu, seed, correction }
      verifyLengths(plan, input)
      verifyCorrection(plan, input)
      if (labels.length !== rows) throw wrongLength('labels', labels.length, rows)
      if (rows === 0) throw new TrainerError('TRAINER_INPUT', 'there are 0 rows to train on, expected at least 1')
      const outcome = await thread.run({ kind: 'train', input }, signal, progress)
      if (outcome.kind !== 'trained') throw unexpected(outcome)
      return { parameters: outcome.parameters, loss: outcome.loss, steps: outcome.steps }
    },
    async predict({ signal, parameters, features, rows }) {
      const input = { parameters, features, rows }
      verifyLengths(plan, input)
      const outcome = await thread.run({ kind: 'predict', input }, signal)
      if (outcome.kind !== 'predicted') throw unexpected(outcome)
      return outcome.predictions
    },
    async evaluate({ signal, parameters, features, labels, rows }) {
      const input = { parameters, features, labels, rows }
      verifyLengths(plan, input)
      if (labels.length !== rows) throw wrongLength('labels', labels.length, rows)
      const outcome = await thread.run({ kind: 'evaluate', input }, signal)
      if (outcome.kind !== 'evaluated') throw unexpected(outcome)
      return { metrics: outcome.metrics, totals: outcome.totals }
    },
    [Symbol.asyncDispose]: () => thread.close(),
  }
}

function verifyLengths(plan: ModelPlan, input: PredictionInput): void {
  const { parameters, features, rows } = input
  if (parameters.length !== plan.size) throw wrongLength('parameters', parameters.length, plan.size)
  const expected = rows * plan.inputs
  if (features.length !== expected) throw wrongLength(`features for ${rows} rows`, features.length, expected)
}

/** A correction is in units of a gradient: what Adam makes of one is no correction any more. */
function verifyCorrection(plan: ModelPlan, { correction, training }: TrainingInput): void {
  if (correction === undefined) return
  if (correction.length !== plan.size) throw wrongLength('corrections', correction.length, plan.size)
  if (training.optimizer === 'sgd') return
  throw new TrainerError('TRAINER_INPUT', `a correction with the optimizer ${training.optimizer}, expected sgd`)
}

function wrongLength(what: string, found: number, expected: number): TrainerError {
  return new TrainerError('TRAINER_INPUT', `${found} ${what}, expected ${expected}`)
}

function unexpected({ kind }: Outcome): TrainerError {
  return new TrainerError('TRAINER_FAILED', `the training thread answered ${kind} to another request`)
}
