/**
 * The least noise that keeps a promise: who writes a job spec asks with a budget and a number of rounds, and gets the
 * noise multiplier; times the sensitivity (sensitivity.ts) that is the deviation of the noise to add.
 *
 * Epsilon falls as noise grows, so bisection finds it. What is returned is the end of the last interval that keeps the
 * promise: never too little noise, and at most one part in 10^7 too much.
 *
 * What may go wrong: a promise that no noise within the limits can keep (an epsilon near 0, a delta far below what the
 * highest Rényi order reaches) is refused; one that next to no noise keeps gets the least noise multiplier there is.
 */
import { LearningError } from '../errors.ts'
import { epsilonOfStep } from './accountant.ts'
import { gaussianDelta } from './gaussian.ts'
import {
  MAXIMUM_NOISE_MULTIPLIER,
  MINIMUM_NOISE_MULTIPLIER,
  verifyDelta,
  verifyEpsilon,
  verifyRounds,
  verifySamplingRate,
} from './limits.ts'

const PRECISION = 1e-7

/**
 * The least noise multiplier with which the accountant lets that many rounds pass.
 * Throws PRIVACY_TARGET_INVALID, PRIVACY_STEP_INVALID, PRIVACY_NOISE_UNREACHABLE.
 */
export function leastNoiseMultiplier(options: {
  readonly epsilon: number
  readonly delta: number
  readonly rounds: number
  readonly samplingRate: number
}): number {
  const { epsilon, delta, rounds, samplingRate } = options
  verifyEpsilon(epsilon)
  verifyDelta(delta)
  verifyRounds(rounds)
  verifySamplingRate(samplingRate)
  const keeps = (noiseMultiplier: number): boolean =>
    epsilonOfStep({ noiseMultiplier, samplingRate, rounds }, delta) <= epsilon
  return bisect(keeps, `epsilon ${epsilon} at delta ${delta} over ${rounds} rounds, sampling rate ${samplingRate}`)
}

/**
 * The least noise multiplier of a single release to which everyone contributes, by the exact formula: less than
 * leastNoiseMultiplier, which bounds. Throws PRIVACY_TARGET_INVALID, PRIVACY_NOISE_UNREACHABLE.
 */
export function leastGaussianNoiseMultiplier(epsilon: number, delta: number): number {
  verifyEpsilon(epsilon)
  verifyDelta(delta)
  return bisect(
    (noise) => gaussianDelta(noise, epsilon) <= delta,
    `epsilon ${epsilon} at delta ${delta} in one release`,
  )
}

function bisect(keeps: (noiseMultiplier: number) => boolean, promise: string): number {
  let low = MINIMUM_NOISE_MULTIPLIER
  let high = MAXIMUM_NOISE_MULTIPLIER
  if (!keeps(high)) {
    throw new LearningError('PRIVACY_NOISE_UNREACHABLE', `no noise multiplier up to ${high} keeps ${promise}`)
  }
  while (high > low * (1 + PRECISION)) {
    const middle = Math.sqrt(low * high)
    if (keeps(middle)) high = middle
    else low = middle
  }
  // The interval only shrinks onto the lower limit when everything above it keeps the promise.
  return low === MINIMUM_NOISE_MULTIPLIER && keeps(low) ? low : high
}
