/**
 * Local training and prediction over a party's rows, with whatever computes a batch (`ComputedModel`). Knows neither
 * threads nor TensorFlow. The order of rows comes from the seed; a stop is obeyed between two batches.
 */
import { createRandom } from '../../src/crypto/index.ts'
import type { ModelPlan } from '../../src/learning/index.ts'
import { TrainerError } from './errors.ts'
import { addPenalties, createOptimizer } from './optimizer.ts'
import { addCorrection } from './scaffold.ts'

/** What the job spec says about local training. */
export interface TrainingSpec {
  readonly epochs: number
  /** Rows in one step; the last batch of an epoch holds what is left. */
  readonly batch: number
  readonly learningRate: number
  readonly optimizer: 'sgd' | 'adam'
  readonly l2: number
}

/** The model as arithmetic on one batch. Rows are row-major; labels are targets (scaleLabels of the learning room). */
export interface ComputedModel {
  /** Sets all parameters, in the order of the plan. */
  load(parameters: Float32Array): void
  /** Sets the trained ones only: the first `plan.trainable`. */
  loadTrained(parameters: Float32Array): void
  /** Reads all parameters, moving averages included. */
  read(): Float32Array
  /** The mean loss over a batch; writes its gradient by the trained parameters, and moves the moving averages. */
  gradient(features: Float32Array, labels: Float32Array, into: Float32Array): number
  /** rows * outputs probabilities, or numbers for regression. */
  predict(features: Float32Array, rows: number): Float32Array
}

/** Called between batches. `stopped` ends the work; `progress` takes the share done, 0 to 1. */
export interface Supervision {
  stopped(): boolean
  progress(share: number): void
}

export interface TrainingInput {
  readonly parameters: Float32Array
  readonly features: Float32Array
  readonly labels: Float32Array
  readonly rows: number
  readonly training: TrainingSpec
  readonly mu: number
  readonly seed: string
  /** Added to the gradient of each step, as long as `parameters`: SCAFFOLD's c - c_i (scaffold.ts). Sgd only. */
  readonly correction?: Float32Array | undefined
}

export interface Trained {
  readonly parameters: Float32Array
  /** Mean over the rows of the last epoch, each at the step that used it; penalties (l2, mu) are not in it. */
  readonly loss: number
  /** Local steps that were taken: batches, over all epochs. */
  readonly steps: number
}

/** Rows predicted at once: enough to be fast, */
const PREDICTED_AT_ONCE = 1024
/** and fewer for a wide model: values of its widest layer at once, 16 MB. */
const VALUES_AT_ONCE = 4_000_000

function rowsAtOnce({ parameters, inputs }: ModelPlan): number {
  const widest = parameters.reduce((width, { shape }) => Math.max(width, ...shape), inputs)
  return Math.max(1, Math.min(PREDICTED_AT_ONCE, Math.floor(VALUES_AT_ONCE / widest)))
}

/** @returns undefined when stopped. Throws TRAINER_DIVERGED. */
export function trainRows(
  model: ComputedModel,
  plan: ModelPlan,
  input: TrainingInput,
  supervision: Supervision,
): Trained | undefined {
  const { training, rows, mu } = input
  const trained = input.parameters.slice(0, plan.trainable)
  const anchor = input.parameters.subarray(0, plan.trainable)
  const shapes = plan.parameters.filter(({ trainable }) => trainable)
  const gradient = new Float32Array(plan.trainable)
  const optimizer = createOptimizer(training.optimizer, training.learningRate, plan.trainable)
  const random = createRandom(input.seed)
  const order = Uint32Array.from({ length: rows }, (_, row) => row)
  model.load(input.parameters)
  let loss = 0
  let steps = 0
  for (let epoch = 0; epoch < training.epochs; epoch += 1) {
    random.shuffle(order)
    let total = 0
    for (let at = 0; at < rows; at += training.batch) {
      if (supervision.stopped()) return undefined
      const picked = order.subarray(at, at + training.batch)
      const { features, labels } = gather(input, picked, plan.inputs)
      const batchLoss = model.gradient(features, labels, gradient)
      if (!Number.isFinite(batchLoss)) throw diverged(`the loss became ${batchLoss}`, epoch, training)
      addPenalties(gradient, trained, shapes, { l2: training.l2, mu, anchor })
      if (input.correction) addCorrection(gradient, input.correction)
      optimizer.step(trained, gradient)
      model.loadTrained(trained)
      steps += 1
      total += batchLoss * picked.length
      supervision.progress((epoch + (at + picked.length) / rows) / training.epochs)
    }
    loss = total / rows
  }
  const parameters = model.read()
  const broken = parameters.findIndex((value) => !Number.isFinite(value))
  if (broken >= 0) throw diverged(`parameter ${broken} became ${parameters[broken]}`, training.epochs - 1, training)
  return { parameters, loss, steps }
}

/** @returns undefined when stopped. */
export function predictRows(
  model: ComputedModel,
  plan: ModelPlan,
  input: Pick<TrainingInput, 'parameters' | 'features' | 'rows'>,
  supervision: Supervision,
): Float32Array | undefined {
  const predictions = new Float32Array(input.rows * plan.outputs)
  model.load(input.parameters)
  const atOnce = rowsAtOnce(plan)
  for (let row = 0; row < input.rows; row += atOnce) {
    if (supervision.stopped()) return undefined
    const rows = Math.min(atOnce, input.rows - row)
    const features = input.features.slice(row * plan.inputs, (row + rows) * plan.inputs)
    predictions.set(model.predict(features, rows), row * plan.outputs)
  }
  return predictions
}

/** Copies the picked rows next to each other, by elements: a view for each row would cost more than the copy. */
function gather(from: Pick<TrainingInput, 'features' | 'labels'>, picked: Uint32Array, inputs: number) {
  const features = new Float32Array(picked.length * inputs)
  const labels = new Float32Array(picked.length)
  for (let i = 0, to = 0; i < picked.length; i += 1) {
    const row = picked[i] ?? 0
    labels[i] = from.labels[row] ?? 0
    for (let at = row * inputs; at < (row + 1) * inputs; at += 1, to += 1) features[to] = from.features[at] ?? 0
  }
  return { features, labels }
}

function diverged(what: string, epoch: number, { optimizer, learningRate }: TrainingSpec): TrainerError {
  const where = `in local epoch ${epoch + 1} with ${optimizer} and learning rate ${learningRate}`
  return new TrainerError(
    'TRAINER_DIVERGED',
    `${what} ${where}; try learning rate ${Number((learningRate / 10).toPrecision(3))}`,
  )
}
