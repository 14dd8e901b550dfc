/**
 * Local steps on a flat vector of parameters, and the penalties of the loss. They are here and not in TensorFlow: a
 * step is one pass over an array instead of ten kernels for each weight, and it is the same on every backend.
 */
import type { Parameter } from '../../src/learning/index.ts'

export interface Optimizer {
  /** Moves `parameters` against `gradient`, in place; equal lengths. */
  step(parameters: Float32Array, gradient: Float32Array): void
}

type OptimizerName = 'sgd' | 'adam'

/** Kingma and Ba, Adam, ICLR 2015, algorithm 1 with the order of its section 2; epsilon as in TensorFlow.js. */
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }

const optimizers: Readonly<Record<OptimizerName, (learningRate: number, size: number) => Optimizer>> = {
  sgd: (learningRate) => ({
    step(parameters, gradient) {
      for (let i = 0; i < parameters.length; i += 1) {
        parameters[i] = (parameters[i] ?? 0) - learningRate * (gradient[i] ?? 0)
      }
    },
  }),
  adam: (learningRate, size) => {
    const mean = new Float32Array(size)
    const square = new Float32Array(size)
    let steps = 0
    return {
      step(parameters, gradient) {
        steps += 1
        const rate = (learningRate * Math.sqrt(1 - adam.beta2 ** steps)) / (1 - adam.beta1 ** steps)
        for (let i = 0; i < parameters.length; i += 1) {
          const slope = gradient[i] ?? 0
          const first = adam.beta1 * (mean[i] ?? 0) + (1 - adam.beta1) * slope
          const second = adam.beta2 * (square[i] ?? 0) + (1 - adam.beta2) * slope * slope
          mean[i] = first
          square[i] = second
          parameters[i] = (parameters[i] ?? 0) - (rate * first) / (Math.sqrt(second) + adam.epsilon)
        }
      },
    }
  },
}

/** A new one for each round: nothing but the parameters passes from round to round. `size`: trained parameters. */
export function createOptimizer(name: OptimizerName, learningRate: number, size: number): Optimizer {
  return optimizers[name](learningRate, size)
}

export interface Penalties {
  /** l2 * ||kernels||^2; biases, centres and scales are free, since shrinking them shifts the predictions' mean. */
  readonly l2: number
  /** mu/2 * ||parameters - anchor||^2 over all trained parameters (FedProx: Li et al., MLSys 2020, eq. 2). */
  readonly mu: number
  readonly anchor: Float32Array
}

/** Adds the penalties' gradient to `gradient`. `trained`: the shapes behind the flat vector, in order. */
export function addPenalties(
  gradient: Float32Array,
  parameters: Float32Array,
  trained: readonly Pick<Parameter, 'shape'>[],
  { l2, mu, anchor }: Penalties,
): void {
  if (mu !== 0) {
    for (let i = 0; i < gradient.length; i += 1) {
      gradient[i] = (gradient[i] ?? 0) + mu * ((parameters[i] ?? 0) - (anchor[i] ?? 0))
    }
  }
  if (l2 === 0) return
  let at = 0
  for (const { shape } of trained) {
    const end = at + shape.reduce((product, length) => product * length, 1)
    if (shape.length > 1) {
      for (let i = at; i < end; i += 1) gradient[i] = (gradient[i] ?? 0) + 2 * l2 * (parameters[i] ?? 0)
    }
    at = end
  }
}
