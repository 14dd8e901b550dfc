/**
 * From a model's raw outputs (before the activation of its last layer) to predictions, and to the mean loss of a batch
 * with its slope by each raw output. On raw outputs loss and slope stay exact where a sigmoid has become 0 or 1.
 * In float64 and outside of TensorFlow: it is rows * outputs numbers, and the same on every backend.
 */
import type { TaskSpec } from '../../src/learning/index.ts'

export interface Objective {
  /** rows * outputs predictions: probabilities, or regression targets. */
  predict(raw: Float32Array, outputs: number): Float32Array
  /** The mean loss over the rows; `slope`, as long as `raw`, receives its derivative by each raw output. */
  loss(raw: Float32Array, labels: Float32Array, outputs: number, slope: Float32Array): number
}

export const objectives: Readonly<Record<TaskSpec['kind'], Objective>> = {
  // Cross-entropy: max(z, 0) - z y + log(1 + exp(-|z|)).
  'binary-classification': {
    predict: (raw) => raw.map(sigmoid),
    loss(raw, labels, _outputs, slope) {
      let total = 0
      for (let row = 0; row < labels.length; row += 1) {
        const z = raw[row] ?? Number.NaN
        const y = labels[row] ?? 0
        total += Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z)))
        slope[row] = (sigmoid(z) - y) / labels.length
      }
      return total / labels.length
    },
  },
  // Cross-entropy of the softmax: log(sum of exp(z)) - z[label].
  'multiclass-classification': {
    predict(raw, outputs) {
      const predictions = new Float32Array(raw.length)
      for (let at = 0; at < raw.length; at += outputs) {
        const logSum = logSumExp(raw, at, outputs)
        for (let i = at; i < at + outputs; i += 1) predictions[i] = Math.exp((raw[i] ?? Number.NaN) - logSum)
      }
      return predictions
    },
    loss(raw, labels, outputs, slope) {
      let total = 0
      for (let row = 0; row < labels.length; row += 1) {
        const at = row * outputs
        const hit = at + (labels[row] ?? 0)
        const logSum = logSumExp(raw, at, outputs)
        total += logSum - (raw[hit] ?? Number.NaN)
        for (let i = at; i < at + outputs; i += 1) {
          slope[i] = (Math.exp((raw[i] ?? 0) - logSum) - (i === hit ? 1 : 0)) / labels.length
        }
      }
      return total / labels.length
    },
  },
  // Squared error.
  regression: {
    predict: (raw) => raw.slice(),
    loss(raw, labels, _outputs, slope) {
      let total = 0
      for (let row = 0; row < labels.length; row += 1) {
        const error = (raw[row] ?? Number.NaN) - (labels[row] ?? 0)
        total += error * error
        slope[row] = (2 * error) / labels.length
      }
      return total / labels.length
    },
  },
}

function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z))
}

function logSumExp(raw: Float32Array, at: number, outputs: number): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = at; i < at + outputs; i += 1) largest = Math.max(largest, raw[i] ?? Number.NaN)
  let sum = 0
  for (let i = at; i < at + outputs; i += 1) sum += Math.exp((raw[i] ?? Number.NaN) - largest)
  return largest + Math.log(sum)
}
