/**
 * Clipping: the aggregator scales an update down to a norm bound C, so that one party changes the sum by a known
 * amount; and the bound itself follows the parties' norms from round to round without looking at any one of them.
 *
 * Adaptive clipping is Andrew, Thakkar, McMahan, Ramaswamy, "Differentially Private Learning with Adaptive Clipping",
 * NeurIPS 2021 (arXiv 1905.03871), Algorithm 1. Each party adds a bit b_i, 1 if its norm is within C. The count of bits
 * is released with noise of deviation sigma_b beside the noised sum, and C moves to the wanted quantile gamma:
 *
 *   C <- C exp(-eta (b - gamma)),   b = noised count / m
 *
 * The two releases are one Gaussian release of a longer vector. It has noise multiplier z when the sum gets z_delta,
 *
 *   z_delta = (z^-2 - (2 sigma_b)^-2)^(-1/2)
 *
 * (Theorem 1; the bits count as b_i - 1/2, so one party more or less changes their sum by 1/2). The accountant is
 * charged z once. The paper recommends sigma_b = m / 20, gamma = 1/2, eta = 0.2, and C = 0.1 to begin with.
 *
 * What may go wrong: with few parties, m / 20 is less than z / 2 and no split exists (ten parties: z below 1); scaled
 * values that are rounded to float32 again may exceed C by 6e-8 of it, so apply the factor in float64; the bits of a
 * round must be of the norms before clipping, and C of the round must be fixed before any of them is seen.
 */
import { LearningError } from '../errors.ts'
import { isWithin, type Neighbours, verifyNoiseMultiplier } from './limits.ts'

/** A norm bound stays within these, whatever noise does to it. */
const MINIMUM_CLIP_BOUND = 1e-9
const MAXIMUM_CLIP_BOUND = 1e10
/** Rounding of a norm over 5e7 values (four running sums, 2^-53 an addition) is below 1e-9. */
const NORM_ROUNDING = 1e-9

/**
 * L2 norm of an update (float values, or the integers of its fixed-point form), in float64, without allocating.
 * Throws PRIVACY_UPDATE_NOT_FINITE.
 */
export function l2Norm(update: Float32Array | Int32Array): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  const whole = update.length - (update.length % 4)
  for (let i = 0; i < whole; i += 4) {
    const p = update[i] ?? 0
    const q = update[i + 1] ?? 0
    const r = update[i + 2] ?? 0
    const s = update[i + 3] ?? 0
    a += p * p
    b += q * q
    c += r * r
    d += s * s
  }
  for (let i = whole; i < update.length; i += 1) a += (update[i] ?? 0) ** 2
  const norm = Math.sqrt(a + b + (c + d))
  if (!Number.isFinite(norm)) {
    throw new LearningError('PRIVACY_UPDATE_NOT_FINITE', `the norm of an update of ${update.length} values is ${norm}`)
  }
  return norm
}

/**
 * What to multiply an update of this norm by, in (0, 1]: 1 within the bound, else so that its true norm is at most the
 * bound. Throws PRIVACY_CLIPPING_INVALID, PRIVACY_UPDATE_NOT_FINITE.
 */
export function clipFactor(norm: number, bound: number): number {
  verifyClipBound(bound)
  if (!(Number.isFinite(norm) && norm >= 0)) {
    throw new LearningError('PRIVACY_UPDATE_NOT_FINITE', `the norm of an update is ${norm}`)
  }
  const highest = norm * (1 + NORM_ROUNDING)
  return highest <= bound ? 1 : bound / highest
}

/**
 * z_delta: the noise multiplier of the sum, so that sum and count of bits together have `noiseMultiplier`. The
 * deviation to add to the sum is z_delta times its sensitivity under the same relation.
 * @param options.countDeviation sigma_b, in parties
 * Throws PRIVACY_STEP_INVALID, PRIVACY_CLIPPING_INVALID, PRIVACY_SPLIT_IMPOSSIBLE.
 */
export function splitNoise(options: {
  readonly noiseMultiplier: number
  readonly countDeviation: number
  readonly neighbours: Neighbours
}): { readonly sumNoiseMultiplier: number; readonly countNoiseMultiplier: number } {
  const { noiseMultiplier, countDeviation, neighbours } = options
  verifyNoiseMultiplier(noiseMultiplier)
  verifySetting('count deviation', countDeviation, 1e-6, 1e9)
  // A party more or less moves the sum of b_i - 1/2 by 1/2; another bit in the place of one, by 1.
  const countNoiseMultiplier = neighbours === 'add-remove' ? 2 * countDeviation : countDeviation
  const ratio = noiseMultiplier / countNoiseMultiplier
  if (!(ratio < 1)) {
    const found = `the count of clipped parties has noise multiplier ${countNoiseMultiplier}`
    throw new LearningError('PRIVACY_SPLIT_IMPOSSIBLE', `${found}, expected above the round's ${noiseMultiplier}`)
  }
  return { sumNoiseMultiplier: noiseMultiplier / Math.sqrt((1 - ratio) * (1 + ratio)), countNoiseMultiplier }
}

/**
 * The norm bound of the next round. `noisedCount`: parties within the bound, noise added (it may be negative or above
 * `parties`); `parties`: how many are expected in a round, a fixed number; `quantile` gamma; `learningRate` eta.
 * Throws PRIVACY_CLIPPING_INVALID.
 */
export function nextClipBound(options: {
  readonly bound: number
  readonly noisedCount: number
  readonly parties: number
  readonly quantile: number
  readonly learningRate: number
}): number {
  const { bound, noisedCount, parties, quantile, learningRate } = options
  verifyClipBound(bound)
  verifySetting('parties', parties, 1, 1e9)
  verifySetting('quantile', quantile, 0, 1)
  verifySetting('learning rate', learningRate, 0, 10)
  verifySetting('noised count', noisedCount, -1e12, 1e12)
  const next = bound * Math.exp(-learningRate * (noisedCount / parties - quantile))
  return Math.min(MAXIMUM_CLIP_BOUND, Math.max(MINIMUM_CLIP_BOUND, next))
}

/** Throws PRIVACY_CLIPPING_INVALID. */
export function verifyClipBound(bound: number): void {
  verifySetting('clip bound', bound, MINIMUM_CLIP_BOUND, MAXIMUM_CLIP_BOUND)
}

function verifySetting(name: string, value: number, lowest: number, highest: number): void {
  if (isWithin(value, lowest, highest)) return
  throw new LearningError('PRIVACY_CLIPPING_INVALID', `${name} is ${value}, expected from ${lowest} to ${highest}`)
}
