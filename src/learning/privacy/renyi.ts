/**
 * Rényi differential privacy of the Gaussian mechanism on a Poisson sample, and what it means as (epsilon, delta).
 *
 * The aggregator adds N(0, sigma^2) to a sum that one party changes by at most 1 (L2), after it drew each party with
 * chance q. Mironov, Talwar, Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism", 2019 (arXiv
 * 1908.10530), Section 3, adding or removing one party: the mechanism is (alpha, log A / (alpha - 1))-RDP with
 *
 *   A = E over z ~ N(0, sigma^2) of (1 - q + q r)^alpha,   r = exp((2 z - 1) / (2 sigma^2))
 *
 * log A is about q^2 when q is small, and A itself about 1: a sum for A would lose every digit. E[r] = 1 and the
 * binomial theorem give A - 1 as a sum, or an integral, of positive terms only, and that is what is computed, in logs:
 *
 *   whole alpha   A - 1 = sum over k >= 2 of C(alpha,k) q^k (1-q)^(alpha-k) (exp((k^2-k) / (2 sigma^2)) - 1)
 *   any alpha     A - 1 = E[(1+u)^alpha - 1 - alpha u],  u = q (r - 1),  by the trapezoid rule
 *
 * The paper's Section 3.3 has an alternating series for fractional alpha instead; it gives the same numbers but loses
 * them to cancellation. Without sampling (q = 1) the RDP is alpha / (2 sigma^2) (Mironov 2017, arXiv 1702.07476,
 * Corollary 3).
 *
 * What may go wrong: a cohort of fixed size is not a Poisson sample, a sample that others can see amplifies nothing,
 * and replacing a party is another relation than adding or removing one (sensitivity.ts). Results are upper bounds:
 * they are raised by more than rounding can take away.
 */
import { LearningError } from '../errors.ts'
import {
  isWithin,
  MAXIMUM_ORDER,
  MINIMUM_ORDER,
  verifyDelta,
  verifyNoiseMultiplier,
  verifySamplingRate,
} from './limits.ts'

/** Error of sum and integral stays below 1e-12 of the result. */
const ROUNDING = 1e-11
/** Eight units in the last place of the largest term. */
const CONVERSION_ROUNDING = 2 ** -49

/** Orders that are tried: fractions where little noise has its best order, whole numbers above. */
export const defaultOrders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[64, 72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512],
]

/**
 * RDP of one round at one order, in nats. `order`: 1.01 to 512; the other two as in PrivacyStep.
 * Throws PRIVACY_STEP_INVALID, PRIVACY_ORDER_INVALID.
 */
export function renyiDivergence(noiseMultiplier: number, samplingRate: number, order: number): number {
  verifyNoiseMultiplier(noiseMultiplier)
  verifySamplingRate(samplingRate)
  verifyOrder(order)
  if (samplingRate === 1) return (order / (2 * noiseMultiplier ** 2)) * (1 + ROUNDING)
  const excess = Number.isInteger(order)
    ? logExcessSum(noiseMultiplier, samplingRate, order)
    : logExcessIntegral(noiseMultiplier, samplingRate, order)
  return (logOnePlusExp(excess) / (order - 1)) * (1 + ROUNDING)
}

/**
 * The least epsilon over the orders, and the order that gives it; `divergences[i]` is the RDP at `orders[i]`.
 * Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy", 2020 (arXiv 2004.00010), Proposition 12;
 * also Balle et al. 2020 (arXiv 1905.09982), Theorem 21. Throws PRIVACY_TARGET_INVALID, PRIVACY_ORDER_INVALID.
 */
export function epsilonOf(
  orders: readonly number[],
  divergences: ArrayLike<number>,
  delta: number,
): { readonly epsilon: number; readonly order: number } {
  verifyDelta(delta)
  if (orders.length === 0 || orders.length !== divergences.length) {
    const found = `${orders.length} orders with ${divergences.length} divergences`
    throw new LearningError('PRIVACY_ORDER_INVALID', `${found}, expected one for each and at least one`)
  }
  let best = { epsilon: Number.POSITIVE_INFINITY, order: orders[0] ?? Number.NaN }
  for (const [i, order] of orders.entries()) {
    verifyOrder(order)
    const divergence = divergences[i] ?? Number.NaN
    if (!(divergence >= 0)) {
      throw new LearningError('PRIVACY_ORDER_INVALID', `divergence at order ${order} is ${divergence}, expected from 0`)
    }
    const tail = (Math.log(delta) + Math.log(order)) / (order - 1)
    const size = divergence + (Math.log(order) - Math.log(delta)) / (order - 1) + 1
    const epsilon = divergence + Math.log1p(-1 / order) - tail + size * CONVERSION_ROUNDING
    // The bound on delta falls in epsilon, so what holds for a negative epsilon holds for 0.
    if (epsilon < best.epsilon) best = { epsilon: Math.max(0, epsilon), order }
  }
  return best
}

function verifyOrder(order: number): void {
  if (isWithin(order, MINIMUM_ORDER, MAXIMUM_ORDER)) return
  const range = `from ${MINIMUM_ORDER} to ${MAXIMUM_ORDER}`
  throw new LearningError('PRIVACY_ORDER_INVALID', `order is ${order}, expected ${range}`)
}

/** log(A - 1) for a whole order. */
function logExcessSum(sigma: number, q: number, order: number): number {
  const sum = createLogSum()
  let binomial = order
  for (let k = 2; k <= order; k += 1) {
    binomial *= (order - k + 1) / k
    const chance = Math.log(binomial) + k * Math.log(q) + (order - k) * Math.log1p(-q)
    sum.add(chance + logExpMinusOne((k * k - k) / (2 * sigma * sigma)))
  }
  return sum.value()
}

/**
 * log(A - 1) for any order. All of the integrand lies around 0..order, twelve sigma on either side. The trapezoid rule
 * on a function that is analytic within pi sigma^2 of the real line (u = -1 is where it is not) converges like
 * exp(-2 pi^2 sigma^2 / step), and like exp(-2 pi^2 sigma^2 / step^2) for the Gaussian factor.
 */
function logExcessIntegral(sigma: number, q: number, order: number): number {
  const step = Math.min(sigma, sigma * sigma) / 3
  const from = -12 * sigma
  const nodes = Math.ceil((order + 24 * sigma) / step)
  const variance = sigma * sigma
  const sum = createLogSum()
  for (let i = 0; i <= nodes; i += 1) {
    const z = from + i * step
    sum.add(logTerm((2 * z - 1) / (2 * variance), q, order) - (z * z) / (2 * variance))
  }
  return sum.value() + Math.log(step / (sigma * Math.sqrt(2 * Math.PI)))
}

/** log((1+u)^order - 1 - order u) for u = q (e^t - 1) > -1; minus infinity at u = 0. */
function logTerm(t: number, q: number, order: number): number {
  if (t > 500) {
    // e^t overflows soon; 1 + u and u are q e^t to the last digit.
    const log = Math.log(q) + t
    return order * log + Math.log1p(-Math.exp(Math.log(order) + log - order * log))
  }
  const u = q * Math.expm1(t)
  const linear = order * u
  if (Math.abs(linear) < 0.1) return Math.log(binomialTail(u, order))
  const power = order * Math.log1p(u)
  if (power > 500) return power + Math.log1p(-Math.exp(Math.log1p(linear) - power))
  return Math.log(Math.expm1(power) - linear)
}

/** (1+u)^order - 1 - order u as its binomial series from u^2 on, for |order u| < 0.1. */
function binomialTail(u: number, order: number): number {
  let term = ((order * (order - 1)) / 2) * u * u
  let sum = term
  for (let k = 3; Math.abs(term) > 1e-18 * sum; k += 1) {
    term *= ((order - k + 1) / k) * u
    sum += term
  }
  return sum
}

/** Adds numbers given as logarithms. */
function createLogSum(): { add(log: number): void; value(): number } {
  let largest = Number.NEGATIVE_INFINITY
  let sum = 0
  return {
    add(log) {
      if (log <= largest) {
        sum += largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(log - largest)
        return
      }
      sum = sum * Math.exp(largest - log) + 1
      largest = log
    },
    value: () => largest + Math.log(sum),
  }
}

const logExpMinusOne = (x: number): number => (x > 40 ? x + Math.log1p(-Math.exp(-x)) : Math.log(Math.expm1(x)))
const logOnePlusExp = (x: number): number => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)))
