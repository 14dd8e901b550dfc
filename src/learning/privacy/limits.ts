/**
 * What the privacy mathematics accepts: ranges in which every formula of this folder was checked, and their refusal.
 */
import { LearningError } from '../errors.ts'

/** Below 0.1 one release costs an epsilon above 50, which protects nobody. */
export const MINIMUM_NOISE_MULTIPLIER = 0.1
/** Above a million an update of float32 values is noise and nothing else. */
export const MAXIMUM_NOISE_MULTIPLIER = 1e6
export const MINIMUM_SAMPLING_RATE = 1e-9
/** Rounds under one noise multiplier and one sampling rate. */
export const MAXIMUM_ROUNDS = 1e9
/** Rényi orders: near 1 differences lose their digits; the binomial coefficients of 512 still fit a float64. */
export const MINIMUM_ORDER = 1.01
export const MAXIMUM_ORDER = 512

/** Rounds of one kind: the same noise and the same sampling in each. */
export interface PrivacyStep {
  /** Standard deviation of the Gaussian noise over the L2 sensitivity of what it is added to. */
  readonly noiseMultiplier: number
  /** Chance with which each party takes part, drawn per party and round in secret (Poisson); 1: all take part. */
  readonly samplingRate: number
  readonly rounds: number
}

/** In what two worlds differ that nobody shall tell apart: sensitivity.ts says what each means. */
export type Neighbours = 'add-remove' | 'replace'

/** Throws PRIVACY_STEP_INVALID. */
export function verifyNoiseMultiplier(value: number): void {
  const range = `from ${MINIMUM_NOISE_MULTIPLIER} to ${MAXIMUM_NOISE_MULTIPLIER}`
  const right = isWithin(value, MINIMUM_NOISE_MULTIPLIER, MAXIMUM_NOISE_MULTIPLIER)
  if (!right) throw new LearningError('PRIVACY_STEP_INVALID', `noise multiplier is ${value}, expected ${range}`)
}

/** Throws PRIVACY_STEP_INVALID. */
export function verifySamplingRate(value: number): void {
  const right = isWithin(value, MINIMUM_SAMPLING_RATE, 1)
  const range = `from ${MINIMUM_SAMPLING_RATE} to 1`
  if (!right) throw new LearningError('PRIVACY_STEP_INVALID', `sampling rate is ${value}, expected ${range}`)
}

/** Throws PRIVACY_STEP_INVALID. */
export function verifyRounds(value: number): void {
  const right = Number.isInteger(value) && isWithin(value, 1, MAXIMUM_ROUNDS)
  const range = `a whole number from 1 to ${MAXIMUM_ROUNDS}`
  if (!right) throw new LearningError('PRIVACY_STEP_INVALID', `rounds is ${value}, expected ${range}`)
}

/** Throws PRIVACY_STEP_INVALID. */
export function verifyStep(step: PrivacyStep): void {
  verifyNoiseMultiplier(step.noiseMultiplier)
  verifySamplingRate(step.samplingRate)
  verifyRounds(step.rounds)
}

/** Throws PRIVACY_TARGET_INVALID. */
export function verifyEpsilon(value: number): void {
  if (Number.isFinite(value) && value > 0) return
  throw new LearningError('PRIVACY_TARGET_INVALID', `epsilon is ${value}, expected a finite number above 0`)
}

/** Throws PRIVACY_TARGET_INVALID. */
export function verifyDelta(value: number): void {
  if (Number.isFinite(value) && value > 0 && value < 1) return
  throw new LearningError('PRIVACY_TARGET_INVALID', `delta is ${value}, expected above 0 and below 1`)
}

/** False for NaN, infinity and anything that is not a number. */
export function isWithin(value: number, lowest: number, highest: number): boolean {
  return Number.isFinite(value) && value >= lowest && value <= highest
}
