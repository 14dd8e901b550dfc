/**
 * How much one party, or one row of a party, can change the weighted mean of a round. Noise is measured in this unit.
 *
 *   mean = (sum over the parties of w_i clip(update_i)) / W,    |clip(update_i)| <= C (L2)
 *
 * The weights w_i and the divisor W are fixed before the round and public: the same in both of two neighbouring worlds.
 *
 * `add-remove`: the worlds differ by one party that takes part in one of them and not in the other. The term of that
 * party is there or not: max w_i C / W. Holds only while W stays, so W must not be the weights of those who answered;
 * and what else depends on who answers (the list of contributors, counts) must not be released. Needed for Poisson
 * sampling, whose amplification is proved for this relation alone (Mironov et al. 2019, Section 3).
 *
 * `replace`: the same parties take part in both worlds, and one of them has other data: its update may be any other
 * within the bound, and two points of a ball are up to 2 C apart: max 2 w_i C / W. Who takes part is not hidden, so W
 * may be the weights of those who answered. This is also the relation for ONE ROW added, removed or changed at a party
 * whose weight stays as it is: training may turn one row into any update, so the party's whole term may move. A row
 * gets no better bound from clipping at the aggregator; that takes clipping per row at the party (DP-SGD).
 *
 * What may go wrong: a weight that is the party's number of rows changes when a row is added, and then neither formula
 * holds for rows: fix the weights by approval, not by data. Metrics, counts and sums that travel beside the deltas are
 * not covered by noise on the deltas.
 */
import { LearningError } from '../errors.ts'
import { verifyClipBound } from './clipping.ts'
import { type Neighbours, type PrivacyStep, verifyStep } from './limits.ts'

/** Parties in a run are thousands at most; this bounds the loop. */
const MAXIMUM_WEIGHTS = 1_000_000

export interface Sensitivity {
  readonly neighbours: Neighbours
  /** L2, in the unit of the updates. */
  readonly value: number
}

/**
 * @param options.weights of every party that may take part, above 0
 * @param options.divisor W: the same number in both worlds (see above)
 * Throws PRIVACY_WEIGHTS_INVALID, PRIVACY_CLIPPING_INVALID.
 */
export function meanSensitivity(options: {
  readonly neighbours: Neighbours
  readonly weights: readonly number[]
  readonly divisor: number
  readonly clipBound: number
}): Sensitivity {
  const { neighbours, weights, divisor, clipBound } = options
  verifyClipBound(clipBound)
  if (weights.length === 0 || weights.length > MAXIMUM_WEIGHTS) {
    throw new LearningError('PRIVACY_WEIGHTS_INVALID', `${weights.length} weights, expected 1 to ${MAXIMUM_WEIGHTS}`)
  }
  for (const [name, value] of [
    ['divisor', divisor] as const,
    ...weights.map((weight) => ['weight', weight] as const),
  ]) {
    if (Number.isFinite(value) && value > 0) continue
    throw new LearningError('PRIVACY_WEIGHTS_INVALID', `a ${name} is ${value}, expected a finite number above 0`)
  }
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  const value = (neighbours === 'add-remove' ? 1 : 2) * (heaviest / divisor) * clipBound
  if (!(Number.isFinite(value) && value > 0)) {
    throw new LearningError('PRIVACY_WEIGHTS_INVALID', `weight ${heaviest} over divisor ${divisor} leaves float64`)
  }
  return { neighbours, value }
}

/**
 * What the accountant is charged for rounds in which noise of this deviation is added to a mean of this sensitivity.
 * Throws PRIVACY_RELATION_UNSUPPORTED for sampling under `replace`, PRIVACY_STEP_INVALID.
 */
export function privacyStep(options: {
  readonly sensitivity: Sensitivity
  readonly deviation: number
  readonly samplingRate: number
  readonly rounds: number
}): PrivacyStep {
  const { sensitivity, deviation, samplingRate, rounds } = options
  const step = { noiseMultiplier: deviation / sensitivity.value, samplingRate, rounds }
  verifyStep(step)
  if (sensitivity.neighbours === 'replace' && samplingRate < 1) {
    const found = `sampling rate ${samplingRate} for neighbours that differ by a replaced party`
    throw new LearningError('PRIVACY_RELATION_UNSUPPORTED', `${found}: amplification is proved for add-remove only`)
  }
  return step
}
