/**
 * SCAFFOLD at the party: Karimireddy et al., ICML 2020, algorithm 1. Each local step goes along g(y) + (c - c_i), where c
 * is the server's control variate and c_i this party's, so that parties with different rows do not drift apart. Afterwards
 * the party's control becomes, by option II,
 *
 *   c_i+ = c_i - c + (x - y) / (K * eta)      x: incoming model, y: trained model, K: local steps, eta: learning rate
 *
 * which costs nothing more than the training itself. Both controls start at zero. Parameters that are not trained
 * (moving averages) have no gradient, and controls of zero. All vectors are as long as the parameters.
 */
import type { ModelPlan } from '../../src/learning/index.ts'

/** Where one round began and ended. */
export interface Control {
  /** c: the server's. */
  readonly server: Float32Array
  /** c_i: this party's, of its last update that was counted. */
  readonly own: Float32Array
}

/** c - c_i, for the trained parameters. */
export function correctionOf({ server, own }: Control, { trainable, size }: ModelPlan): Float32Array {
  const correction = new Float32Array(size)
  for (let i = 0; i < trainable; i += 1) correction[i] = (server[i] ?? 0) - (own[i] ?? 0)
  return correction
}

/** @returns c_i+. */
export function nextControl(
  { server, own }: Control,
  moved: {
    readonly from: Float32Array
    readonly to: Float32Array
    readonly steps: number
    readonly learningRate: number
  },
  { trainable, size }: ModelPlan,
): Float32Array {
  const { from, to, steps, learningRate } = moved
  const next = new Float32Array(size)
  for (let i = 0; i < trainable; i += 1) {
    const slope = ((from[i] ?? 0) - (to[i] ?? 0)) / (steps * learningRate)
    next[i] = (own[i] ?? 0) - (server[i] ?? 0) + slope
  }
  return next
}

/** In place; `gradient` is that of the trained parameters, which come first. */
export function addCorrection(gradient: Float32Array, correction: Float32Array): void {
  for (let i = 0; i < gradient.length; i += 1) gradient[i] = (gradient[i] ?? 0) + (correction[i] ?? 0)
}
