/**
 * The privacy ledger of a run: what its released rounds have cost so far, and whether one more may be released.
 *
 * The aggregator asks `spend` before it adds noise and releases; a refused step has cost nothing and must not be
 * released. Rényi divergences add up over rounds, also when later rounds depend on earlier ones (Mironov 2017, arXiv
 * 1702.07476, Proposition 1); their sum is converted to (epsilon, delta) once, at the end. Epsilons do not add up:
 * the conversion of a sum is less than the sum of conversions.
 *
 * What may go wrong: a round that is charged and then fails stays charged (its noise may have been seen); a round that
 * is released without being charged is not protected by anything here; and the steps mean what they say only under the
 * relation and the sampling that renyi.ts and sensitivity.ts state. Reported epsilons are upper bounds.
 */
import { LearningError } from '../errors.ts'
import { MAXIMUM_ROUNDS, type PrivacyStep, verifyDelta, verifyEpsilon, verifyStep } from './limits.ts'
import { defaultOrders, epsilonOf, renyiDivergence } from './renyi.ts'

/** Steps that differ in noise or sampling: a run has one to a handful, or one a round where the noise changes. */
const MAXIMUM_LEDGER = 10_000

export interface PrivacySpent {
  /** The rounds so far are (epsilon, delta)-differentially private together. */
  readonly epsilon: number
  readonly delta: number
  /** The Rényi order that gave the least epsilon; 0 while nothing is spent. */
  readonly order: number
}

export interface Accountant {
  /**
   * Charges the step, or refuses and charges nothing.
   * Throws PRIVACY_STEP_INVALID, PRIVACY_BUDGET_EXCEEDED.
   */
  spend(step: PrivacyStep): PrivacySpent
  spent(): PrivacySpent
  /** Budget minus epsilon spent, from 0. For people: epsilons do not add up, so ask `wouldExceed` about a step. */
  remaining(): number
  /** Throws PRIVACY_STEP_INVALID. */
  wouldExceed(step: PrivacyStep): boolean
  /** What was charged, equal steps together in order of first appearance: for checkpoints. Same ledger, same epsilon. */
  ledger(): readonly PrivacyStep[]
}

interface Entry {
  readonly step: PrivacyStep
  /** RDP of one round, one per order. */
  readonly divergences: readonly number[]
}

/**
 * @param options.budget the epsilon that the run may reach, at `delta`
 * @param options.ledger what an earlier accountant of the same run had charged
 * Throws PRIVACY_TARGET_INVALID, PRIVACY_STEP_INVALID.
 */
export function createAccountant(options: {
  readonly delta: number
  readonly budget: number
  readonly ledger?: readonly PrivacyStep[]
}): Accountant {
  const { delta, budget } = options
  verifyDelta(delta)
  verifyEpsilon(budget)
  let entries = (options.ledger ?? []).reduce(withStep, [])
  let spent = spentOn(entries, delta)
  return {
    spend(step) {
      const after = withStep(entries, step)
      const total = spentOn(after, delta)
      if (!(total.epsilon <= budget)) {
        const cost = `${step.rounds} rounds with noise multiplier ${step.noiseMultiplier} would raise epsilon`
        const found = `${cost} from ${spent.epsilon} to ${total.epsilon}, above the budget of ${budget} (delta ${delta})`
        throw new LearningError('PRIVACY_BUDGET_EXCEEDED', found)
      }
      entries = after
      spent = total
      return spent
    },
    spent: () => spent,
    remaining: () => Math.max(0, budget - spent.epsilon),
    wouldExceed: (step) => !(spentOn(withStep(entries, step), delta).epsilon <= budget),
    ledger: () => entries.map(({ step }) => step),
  }
}

/** The epsilon of one step on its own. Throws PRIVACY_STEP_INVALID, PRIVACY_TARGET_INVALID. */
export function epsilonOfStep(step: PrivacyStep, delta: number): number {
  return spentOn(withStep([], step), delta).epsilon
}

function withStep(entries: readonly Entry[], step: PrivacyStep): readonly Entry[] {
  verifyStep(step)
  const { noiseMultiplier, samplingRate, rounds } = step
  const at = entries.findIndex(
    (entry) => entry.step.noiseMultiplier === noiseMultiplier && entry.step.samplingRate === samplingRate,
  )
  const known = entries[at]
  const total = rounds + (known?.step.rounds ?? 0)
  if (total > MAXIMUM_ROUNDS || (known === undefined && entries.length === MAXIMUM_LEDGER)) {
    const limits = `at most ${MAXIMUM_LEDGER} different steps of ${MAXIMUM_ROUNDS} rounds each`
    const found = `${total} rounds of one kind among ${entries.length} kinds`
    throw new LearningError('PRIVACY_STEP_INVALID', `the ledger would hold ${found}; it holds ${limits}`)
  }
  const divergences =
    known?.divergences ?? defaultOrders.map((order) => renyiDivergence(noiseMultiplier, samplingRate, order))
  const entry = { step: { noiseMultiplier, samplingRate, rounds: total }, divergences }
  return known === undefined ? [...entries, entry] : entries.with(at, entry)
}

function spentOn(entries: readonly Entry[], delta: number): PrivacySpent {
  if (entries.length === 0) return { epsilon: 0, delta, order: 0 }
  const total = new Float64Array(defaultOrders.length)
  for (const { step, divergences } of entries) {
    for (const [i, divergence] of divergences.entries()) total[i] = (total[i] ?? 0) + step.rounds * divergence
  }
  const { epsilon, order } = epsilonOf(defaultOrders, total, delta)
  return { epsilon, delta, order }
}
