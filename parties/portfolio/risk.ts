/**
 * Why a customer defaults: the sum of
 *
 *   linear      what a scorecard sees: score, utilisation, delinquencies, income, ... in units of about one deviation
 *   curved      what it does not: risk is high for the young and the old; many inquiries matter only with a full card; a
 *               long term hurts those with a low score
 *   unobserved  noise that no model can see
 *
 * Banks differ in the linear effects. The intercept is the bank's and makes its default rate come out.
 */
import type { Random } from '../../src/crypto/index.ts'
import type { Customer } from './customers.ts'
import { logistic } from './customers.ts'

/** Deviation of the unobserved part, in units of the logit. */
export const UNOBSERVED = 0.75

interface Effect {
  readonly weight: number
  readonly of: (customer: Customer) => number
}

const orElse = (value: number, otherwise: number) => (Number.isNaN(value) ? otherwise : value)

const linear: readonly Effect[] = [
  { weight: -0.25, of: (c) => (orElse(c.bureau_score, 640) - 660) / 65 },
  { weight: 0.19, of: (c) => (c.utilisation - 38) / 22 },
  { weight: 0.18, of: (c) => Math.min(c.delinquencies_24m, 5) - 0.4 },
  { weight: -0.15, of: (c) => Math.log(c.income / 31_000) / 0.5 },
  { weight: 0.14, of: (c) => Math.min(c.instalment_share / 10, 4) - 1 },
  { weight: -0.12, of: (c) => Math.log1p(c.savings) / 4 - 1.5 },
  { weight: -0.11, of: (c) => Math.log1p(orElse(c.months_employed, 12)) - 3.5 },
  { weight: 0.11, of: (c) => Math.log1p(c.overdraft_days) - 0.8 },
  { weight: 0.08, of: (c) => c.loans - 0.9 },
  { weight: -0.08, of: (c) => (orElse(c.months_since_delinquency, 24) - 20) / 6 },
  { weight: 0.07, of: (c) => c.dependents - 0.8 },
  { weight: 0.17, of: (c) => (c.employment === 'none' ? 1 : c.employment === 'self-employed' ? 0.6 : 0) },
  { weight: 0.14, of: (c) => (c.home === 'rent' ? 1 : c.home === 'family' ? 0.5 : 0) },
  { weight: 0.17, of: (c) => (c.purpose === 'consolidation' ? 1 : 0) },
]

/** A bank's own weights: those of all banks, each moved by `difference` relative to its size. */
export function bankWeights(random: Random, difference: number): number[] {
  return linear.map(({ weight }) => weight * (1 + difference * random.normal()))
}

/** The logit without intercept and without the unobserved part: the best score there is for this bank. */
export function riskOf(customer: Customer, weights: readonly number[]): number {
  let sum = curved(customer)
  for (const [i, { of }] of linear.entries()) sum += (weights[i] ?? 0) * of(customer)
  return sum
}

function curved(c: Customer): number {
  const age = 1.1 * ((c.age - 44) / 16) ** 2 - 1
  const hungry = c.utilisation > 55 ? 0.55 * Math.min(c.inquiries_6m, 5) : -0.3 * Math.min(c.inquiries_6m, 4)
  const long = ((c.term_months - 36) / 24) * ((660 - orElse(c.bureau_score, 660)) / 65) * 0.6
  return Math.min(age, 3) + hungry + long
}

/** The intercept with which the mean probability is `rate`, by bisection; logits without intercept. */
export function interceptFor(logits: Float64Array, rate: number): number {
  let [low, high] = [-30, 30]
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2
    let sum = 0
    for (const logit of logits) sum += logistic(logit + middle)
    if (sum / logits.length < rate) low = middle
    else high = middle
  }
  return (low + high) / 2
}
