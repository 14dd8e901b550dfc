/**
 * Central differential privacy of a training round, per party: clip each update, add Gaussian noise to the sum, charge
 * the accountant. The promise is (epsilon, delta) under `replace` (sensitivity.ts): nobody can tell from the models
 * which data a party that takes part has, all of its rows at once. Who takes part, and with how many rows, is no secret.
 *
 * What is covered: the deltas, and the adaptive clip bound. What is not: counts, sums and metrics. Unless the job says
 * `metrics: exact`, they are zeroed before they enter a sum, and nobody learns them.
 *
 * A party may have two updates in one sum, a late one beside that of the round: what it can change is the sum of its
 * shares, and it counts as within the clip bound only if all of them are.
 */
import {
  type Accountant,
  addNoise,
  createAccountant,
  createGaussian,
  meanSensitivity,
  nextClipBound,
  type PrivacySpec,
  type PrivacyStep,
  splitNoise,
} from '../../learning/index.ts'

/** What is known of one party's part in a sum. */
export interface PartyShare {
  /** The sum of rows / weight unit over its updates. */
  readonly share: number
  /** Whether all of its updates were within the clip bound as they came. */
  readonly within: boolean
}

/** Steps of the noised count: fine against its deviation, and without last bits that tell (privacy/sampling.ts). */
const COUNT_STEP = 2 ** -20

export class PrivateRounds {
  readonly #spec: PrivacySpec
  readonly #accountant: Accountant
  readonly #random: (bytes: number) => Uint8Array

  /** `random`: as createGaussian asks for. Throws PRIVACY_TARGET_INVALID, PRIVACY_STEP_INVALID. */
  constructor(spec: PrivacySpec, ledger: readonly PrivacyStep[], random: (bytes: number) => Uint8Array) {
    this.#spec = spec
    this.#accountant = createAccountant({ delta: spec.delta, budget: spec.budget, ledger })
    this.#random = random
    this.#accountant.wouldExceed(this.#step)
  }

  get noise(): number {
    return this.#spec.noiseMultiplier
  }
  get spent(): { readonly epsilon: number; readonly delta: number } {
    const { epsilon, delta } = this.#accountant.spent()
    return { epsilon, delta }
  }
  get ledger(): readonly PrivacyStep[] {
    return this.#accountant.ledger()
  }

  exhausted(): string | undefined {
    if (!this.#accountant.wouldExceed(this.#step)) return undefined
    const { epsilon, delta } = this.spent
    const { budget } = this.#spec
    return `the privacy budget is spent: epsilon is ${epsilon} at delta ${delta}, and one more round would pass ${budget}`
  }

  /**
   * Charges one round and adds its noise to the first `end` values of the sum.
   * @param options.scale of the fixed point: units of the sum in one unit of a delta
   * @returns the clip bound of the next round
   * Throws PRIVACY_BUDGET_EXCEEDED, and then adds nothing.
   */
  release(options: {
    readonly sum: Float64Array
    readonly end: number
    readonly scale: number
    readonly totalShare: number
    readonly parties: readonly PartyShare[]
    readonly clip: number
  }): number {
    const { sum, end, scale, totalShare, parties, clip } = options
    const weights = parties.map(({ share }) => share)
    const sensitivity = meanSensitivity({ neighbours: 'replace', weights, divisor: totalShare, clipBound: clip })
    const countDeviation = countDeviationOf(parties.length, this.noise)
    const sumNoiseMultiplier =
      this.#spec.clip.kind === 'fixed'
        ? this.noise
        : splitNoise({ noiseMultiplier: this.noise, countDeviation, neighbours: 'replace' }).sumNoiseMultiplier
    this.#accountant.spend(this.#step)
    const gaussian = createGaussian(this.#random)
    // The noise of the mean, in units of the sum that the mean is divided from.
    addNoise(sum, end, sumNoiseMultiplier * sensitivity.value * totalShare * scale, gaussian)
    return this.#nextClip(parties, countDeviation * gaussian(), clip)
  }

  #nextClip(parties: readonly PartyShare[], countNoise: number, bound: number): number {
    const { clip } = this.#spec
    if (clip.kind === 'fixed') return bound
    const within = parties.filter((party) => party.within).length
    const noise = Math.round(countNoise / COUNT_STEP) * COUNT_STEP
    const { quantile, learningRate } = clip
    return nextClipBound({ bound, noisedCount: within + noise, parties: parties.length, quantile, learningRate })
  }

  /** The cohort is no secret, so nothing is gained by sampling: every round is charged as if all took part. */
  get #step(): PrivacyStep {
    return { noiseMultiplier: this.noise, samplingRate: 1, rounds: 1 }
  }
}

/**
 * The paper's m / 20, but at least twice the noise multiplier: few parties would otherwise leave no noise for the sum
 * (clipping.ts), and with twice it the sum takes 15 % more noise than under a fixed bound.
 */
function countDeviationOf(parties: number, noiseMultiplier: number): number {
  return Math.max(parties / 20, 2 * noiseMultiplier)
}
