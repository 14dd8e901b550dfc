/** Small learnable problems and models that several tests share. */
import { createRandom } from '../../../src/crypto/index.ts'
import { type ModelPlan, type ModelSpec, planModel, type TaskSpec } from '../../../src/learning/index.ts'
import type { TrainingSpec } from '../../../parties/trainers/index.ts'

export const binary: TaskSpec = { kind: 'binary-classification' }
export const threeClasses: TaskSpec = { kind: 'multiclass-classification', classes: ['a', 'b', 'c'] }
export const regression: TaskSpec = { kind: 'regression', minimum: -10, maximum: 10 }

export const logistic: ModelSpec = { kind: 'logistic' }
export const mlp = (dropout = 0, activation = 'tanh'): ModelSpec => ({
  kind: 'mlp',
  hidden: [5, 3],
  activation,
  dropout,
})

export const normalised: ModelSpec = {
  kind: 'layers',
  layers: [
    { className: 'Dense', config: { units: 5, activation: 'tanh' } },
    { className: 'BatchNormalization', config: { momentum: 0.5 } },
    { className: 'LayerNormalization', config: {} },
    { className: 'Dense', config: { units: 1, activation: 'sigmoid' } },
  ],
}

/** Needs the gradients of convolutions; for at least 3 inputs. */
export const convolution = (inputs: number): ModelSpec => ({
  kind: 'layers',
  layers: [
    { className: 'Reshape', config: { targetShape: [inputs, 1] } },
    { className: 'Conv1D', config: { filters: 3, kernelSize: 3, activation: 'tanh' } },
    { className: 'Flatten', config: {} },
    { className: 'Dense', config: { units: 1 } },
    { className: 'Activation', config: { activation: 'sigmoid' } },
  ],
})

export const training: TrainingSpec = { epochs: 3, batch: 32, learningRate: 0.05, optimizer: 'adam', l2: 0 }

export interface Sample {
  readonly features: Float32Array
  readonly labels: Float32Array
  readonly rows: number
}

/** Standard normal features; the target follows from the first two. */
export function sample(task: TaskSpec, rows: number, inputs: number): Sample {
  const random = createRandom('sample')
  const features = Float32Array.from({ length: rows * inputs }, () => random.normal())
  const labels = Float32Array.from({ length: rows }, (_, row) => {
    const [first = 0, second = 0] = features.subarray(row * inputs, row * inputs + 2)
    if (task.kind === 'regression') return Math.min(Math.max(0.5 + 0.1 * first - 0.05 * second, 0), 1)
    if (task.kind === 'binary-classification') return first + second > 0 ? 1 : 0
    return first > 0.4 ? 2 : second > 0 ? 1 : 0
  })
  return { features, labels, rows }
}

export const planFor = (model: ModelSpec, task: TaskSpec, inputs: number): ModelPlan => planModel(model, task, inputs)
