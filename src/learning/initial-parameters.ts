/**
 * The model of round 1, the same on every machine for a seed: kernels uniform in +-sqrt(6 / (fan in + fan out))
 * (Glorot and Bengio, AISTATS 2010, eq. 16), biases and centres 0, scales and moving variances 1.
 */
import { createRandom } from '../crypto/index.ts'
import type { ModelPlan, Parameter } from './model.ts'

/** `plan.size` numbers in the order of `plan.parameters`. `seed`: 0 to 2^32 - 1, from the job spec. */
export function initialParameters(plan: Pick<ModelPlan, 'parameters' | 'size'>, seed: number): Float32Array {
  const random = createRandom(`initial parameters ${seed}`)
  const out = new Float32Array(plan.size)
  let at = 0
  for (const { shape, initial } of plan.parameters) {
    const size = shape.reduce((product, length) => product * length, 1)
    const values = out.subarray(at, at + size)
    at += size
    if (initial === 'ones') values.fill(1)
    if (initial === 'glorot') {
      const limit = glorotLimit(shape)
      for (let i = 0; i < size; i += 1) values[i] = limit * (2 * random.uniform() - 1)
    }
  }
  return out
}

/** Kernels have shape [..., in, out]; what comes before (the width of a convolution) multiplies both fans. */
function glorotLimit(shape: Parameter['shape']): number {
  const width = shape.slice(0, -2).reduce((product, length) => product * length, 1)
  const fans = width * ((shape.at(-2) ?? 1) + (shape.at(-1) ?? 1))
  return Math.sqrt(6 / fans)
}
