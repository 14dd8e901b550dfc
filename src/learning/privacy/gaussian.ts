/**
 * One release under Gaussian noise, exactly: Balle and Wang, "Improving the Gaussian Mechanism for Differential
 * Privacy", ICML 2018 (arXiv 1805.06530), Theorem 8. With noise multiplier sigma (deviation over L2 sensitivity)
 *
 *   delta(epsilon) = Phi(1/(2 sigma) - epsilon sigma) - e^epsilon Phi(-1/(2 sigma) - epsilon sigma)
 *
 * It serves as the cross-check of the accountant, which must never be below it, and for choosing noise when there is
 * one release only. The relation is whichever the sensitivity was computed for.
 *
 * What may go wrong: e^epsilon overflows and the difference cancels. Both vanish with the Mills ratio
 * M(x) = Phi(-x) / phi(x), because e^epsilon phi(1/(2 sigma) + epsilon sigma) = phi(1/(2 sigma) - epsilon sigma).
 * What remains is rounding: about 14 digits of delta, less log10(sigma).
 */
import { LearningError } from '../errors.ts'
import { verifyDelta, verifyNoiseMultiplier } from './limits.ts'

/** The exact delta of one release; `epsilon` from 0. Throws PRIVACY_STEP_INVALID, PRIVACY_TARGET_INVALID. */
export function gaussianDelta(noiseMultiplier: number, epsilon: number): number {
  verifyNoiseMultiplier(noiseMultiplier)
  if (!(Number.isFinite(epsilon) && epsilon >= 0)) {
    throw new LearningError('PRIVACY_TARGET_INVALID', `epsilon is ${epsilon}, expected a finite number from 0`)
  }
  const near = 1 / (2 * noiseMultiplier) - epsilon * noiseMultiplier
  const far = 1 / (2 * noiseMultiplier) + epsilon * noiseMultiplier
  if (near < 0) return density(near) * (millsRatio(-near) - millsRatio(far))
  return 1 - density(near) * (millsRatio(near) + millsRatio(far))
}

/**
 * The least epsilon of one release at this delta, to 12 digits and from above; 0 where delta alone covers it.
 * Throws PRIVACY_STEP_INVALID, PRIVACY_TARGET_INVALID.
 */
export function gaussianEpsilon(noiseMultiplier: number, delta: number): number {
  verifyDelta(delta)
  if (gaussianDelta(noiseMultiplier, 0) <= delta) return 0
  let high = 1
  while (gaussianDelta(noiseMultiplier, high) > delta) high *= 2
  let low = 0
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2
    if (gaussianDelta(noiseMultiplier, middle) > delta) low = middle
    else high = middle
  }
  return high
}

const density = (x: number): number => Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)

/** Phi(-x) / phi(x) for x >= 0, to about 14 digits. */
function millsRatio(x: number): number {
  if (x < 2) {
    // Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...), all terms positive (NIST DLMF 7.6.2)
    let term = x
    let sum = x
    for (let k = 3; term > 1e-18 * sum; k += 2) {
      term *= (x * x) / k
      sum += term
    }
    return 0.5 / density(x) - sum
  }
  // 1/(x + 1/(x + 2/(x + 3/(x + ...)))) (NIST DLMF 7.9.3); 120 levels are enough from x = 2 on.
  let tail = x
  for (let level = 120; level >= 1; level -= 1) tail = x + level / tail
  return 1 / tail
}
