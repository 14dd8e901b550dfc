/** Laws of the accountant: what may only grow grows, bounds are bounds, and the ledger charges all or nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAccountant,
  defaultOrders,
  epsilonOf,
  epsilonOfStep,
  gaussianDelta,
  gaussianEpsilon,
  leastGaussianNoiseMultiplier,
  leastNoiseMultiplier,
  type PrivacyStep,
  renyiDivergence,
} from '../../src/learning/index.ts'
import { refusal } from './refusal.ts'

/** Evenly over the powers of ten between. */
const logarithmic = (low: number, high: number): fc.Arbitrary<number> =>
  fc.double({ min: Math.log(low), max: Math.log(high), noNaN: true }).map((x) => {
    return Math.min(high, Math.max(low, Math.exp(x)))
  })
const sigmas = logarithmic(0.3, 1000)
const rates = logarithmic(1e-6, 1)
const orders = fc.oneof(fc.constantFrom(...defaultOrders), fc.double({ min: 1.01, max: 512, noNaN: true }))
const deltas = logarithmic(1e-12, 0.1)
const more = fc.double({ min: 1, max: 3, noNaN: true })
const slack = 1 + 1e-9

describe('one round', () => {
  test('a divergence falls with noise and grows with the sampling rate and the order', () => {
    fc.assert(
      fc.property(sigmas, rates, orders, more, (sigma, q, order, factor) => {
        const here = renyiDivergence(sigma, q, order)
        expect(renyiDivergence(Math.min(1000, sigma * factor), q, order)).toBeLessThanOrEqual(here * slack)
        expect(renyiDivergence(sigma, Math.min(1, q * factor), order) * slack).toBeGreaterThanOrEqual(here)
        expect(renyiDivergence(sigma, q, Math.min(512, order * factor)) * slack).toBeGreaterThanOrEqual(here)
      }),
      { numRuns: 300 },
    )
  })

  test('sum and integral agree where a whole order meets a fractional one', () => {
    fc.assert(
      fc.property(sigmas, rates, fc.integer({ min: 2, max: 200 }), (sigma, q, order) => {
        // (order - 1) RDP is convex in the order, so the integral just beside lies about the sum.
        const whole = renyiDivergence(sigma, q, order)
        const beside = (renyiDivergence(sigma, q, order - 1e-6) + renyiDivergence(sigma, q, order + 1e-6)) / 2
        expect(Math.abs(beside / whole - 1)).toBeLessThan(2e-9)
      }),
      { numRuns: 200 },
    )
  })

  test('without sampling it is order / (2 sigma^2), and sampling never costs more', () => {
    fc.assert(
      fc.property(sigmas, rates, orders, (sigma, q, order) => {
        const closed = order / (2 * sigma * sigma)
        const whole = renyiDivergence(sigma, 1, order)
        expect(whole).toBeGreaterThanOrEqual(closed)
        expect(whole / closed - 1).toBeLessThan(2e-11)
        expect(renyiDivergence(sigma, q, order)).toBeLessThanOrEqual(closed * slack)
        expect(renyiDivergence(sigma, 1 - 2 ** -53, order) / closed).toBeCloseTo(1, 9)
      }),
      { numRuns: 200 },
    )
  })

  test('extremes stay finite and above 0', () => {
    for (const sigma of [0.1, 0.3, 1, 30, 1000, 1e6]) {
      for (const q of [1e-9, 1e-6, 0.01, 0.5, 0.999999, 1 - 2 ** -53, 1]) {
        for (const order of [1.01, 1.1, 2, 2.5, 100.5, 511.9, 512]) {
          const found = renyiDivergence(sigma, q, order)
          expect(Number.isFinite(found) && found > 0, `sigma ${sigma}, q ${q}, order ${order}: ${found}`).toBe(true)
        }
      }
    }
  })
})

describe('epsilon', () => {
  test('one release is never below the exact Gaussian, and close to it where the orders reach', () => {
    fc.assert(
      fc.property(sigmas, deltas, (noiseMultiplier, delta) => {
        const exact = gaussianEpsilon(noiseMultiplier, delta)
        const bound = epsilonOfStep({ noiseMultiplier, samplingRate: 1, rounds: 1 }, delta)
        expect(bound).toBeGreaterThanOrEqual(exact)
        if (noiseMultiplier < 5 && delta < 1e-3) expect(bound).toBeLessThan(1.35 * exact)
      }),
      { numRuns: 300 },
    )
  })

  test('many releases to all are one release with less noise, and never below it either', () => {
    fc.assert(
      fc.property(sigmas, fc.integer({ min: 1, max: 1000 }), deltas, (sigma, rounds, delta) => {
        const joint = sigma / Math.sqrt(rounds)
        fc.pre(joint >= 0.1)
        const bound = epsilonOfStep({ noiseMultiplier: sigma, samplingRate: 1, rounds }, delta)
        expect(bound).toBeGreaterThanOrEqual(gaussianEpsilon(joint, delta))
      }),
      { numRuns: 200 },
    )
  })

  test('grows with rounds and sampling rate, falls with noise and delta', () => {
    fc.assert(
      fc.property(
        sigmas,
        rates,
        fc.integer({ min: 1, max: 10_000 }),
        deltas,
        more,
        (sigma, q, rounds, delta, factor) => {
          const step = { noiseMultiplier: sigma, samplingRate: q, rounds }
          const here = epsilonOfStep(step, delta)
          expect(epsilonOfStep({ ...step, rounds: rounds * 2 }, delta)).toBeGreaterThanOrEqual(here)
          const quieter = { ...step, samplingRate: Math.min(1, q * factor) }
          expect(epsilonOfStep(quieter, delta) * slack).toBeGreaterThanOrEqual(here)
          const louder = { ...step, noiseMultiplier: sigma * factor }
          expect(epsilonOfStep(louder, delta)).toBeLessThanOrEqual(here * slack)
          expect(epsilonOfStep(step, Math.min(0.5, delta * factor))).toBeLessThanOrEqual(here)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('the exact delta falls with epsilon and with noise, and epsilon inverts it', () => {
    fc.assert(
      fc.property(sigmas, logarithmic(1e-3, 20), more, deltas, (sigma, epsilon, factor, delta) => {
        const here = gaussianDelta(sigma, epsilon)
        expect(here).toBeGreaterThanOrEqual(0)
        expect(gaussianDelta(sigma, epsilon * factor)).toBeLessThanOrEqual(here * slack)
        expect(gaussianDelta(sigma * factor, epsilon)).toBeLessThanOrEqual(here * slack)
        const inverse = gaussianEpsilon(sigma, delta)
        expect(gaussianDelta(sigma, inverse)).toBeLessThanOrEqual(delta)
        if (inverse > 0) expect(gaussianDelta(sigma, inverse * 0.9999)).toBeGreaterThan(delta)
      }),
      { numRuns: 300 },
    )
  })
})

describe('ledger', () => {
  const step: PrivacyStep = { noiseMultiplier: 2, samplingRate: 1, rounds: 1 }

  test('nothing spent costs nothing', () => {
    const accountant = createAccountant({ delta: 1e-5, budget: 3 })
    expect(accountant.spent()).toEqual({ epsilon: 0, delta: 1e-5, order: 0 })
    expect(accountant.remaining()).toBe(3)
    expect(accountant.ledger()).toEqual([])
  })

  test('stops exactly at the budget: the last round that fits passes, the next one is refused and charges nothing', () => {
    const three = epsilonOfStep({ ...step, rounds: 3 }, 1e-5)
    const accountant = createAccountant({ delta: 1e-5, budget: three })
    for (const rounds of [1, 2, 3]) {
      expect(accountant.wouldExceed(step)).toBe(false)
      expect(accountant.spend(step).epsilon).toBe(epsilonOfStep({ ...step, rounds }, 1e-5))
    }
    expect(accountant.remaining()).toBe(0)
    expect(accountant.wouldExceed(step)).toBe(true)
    expect(refusal(() => accountant.spend(step))).toBe('PRIVACY_BUDGET_EXCEEDED')
    expect(accountant.spent().epsilon).toBe(three)
    expect(accountant.ledger()).toEqual([{ ...step, rounds: 3 }])
  })

  test('a ledger read back gives the same bits and goes on to the same bits', () => {
    const steps = fc.record({
      noiseMultiplier: fc.constantFrom(0.8, 1, 2.5, 40),
      samplingRate: fc.constantFrom(0.01, 0.3, 1),
      rounds: fc.integer({ min: 1, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 8 }), fc.nat(), (all, cut) => {
        const setting = { delta: 1e-6, budget: 1e6 }
        const straight = createAccountant(setting)
        const first = createAccountant(setting)
        const at = cut % all.length
        for (const one of all.slice(0, at)) first.spend(one)
        const second = createAccountant({ ...setting, ledger: JSON.parse(JSON.stringify(first.ledger())) })
        expect(second.spent()).toEqual(first.spent())
        for (const one of all.slice(at)) second.spend(one)
        for (const one of all) straight.spend(one)
        expect(second.spent()).toEqual(straight.spent())
        expect(second.ledger()).toEqual(straight.ledger())
      }),
      { numRuns: 10 },
    )
  })

  test('a ledger above its budget is read, and nothing more is let through', () => {
    const accountant = createAccountant({ delta: 1e-5, budget: 0.5, ledger: [{ ...step, rounds: 10 }] })
    expect(accountant.spent().epsilon).toBeGreaterThan(0.5)
    expect(accountant.remaining()).toBe(0)
    expect(refusal(() => accountant.spend(step))).toBe('PRIVACY_BUDGET_EXCEEDED')
  })

  test('steps of two kinds cost more than either and less than their epsilons added', () => {
    const sampled = { noiseMultiplier: 1, samplingRate: 0.1, rounds: 20 }
    const accountant = createAccountant({ delta: 1e-5, budget: 100 })
    accountant.spend(step)
    const both = accountant.spend(sampled).epsilon
    const apart = [step, sampled].map((one) => epsilonOfStep(one, 1e-5))
    expect(both).toBeGreaterThan(Math.max(...apart))
    expect(both).toBeLessThan(apart.reduce((sum, one) => sum + one))
  })
})

describe('the least noise', () => {
  test('keeps the promise, and a little less noise breaks it', () => {
    const targets = fc.record({
      epsilon: logarithmic(0.1, 10),
      delta: logarithmic(1e-8, 1e-3),
      rounds: fc.integer({ min: 1, max: 500 }),
      samplingRate: fc.constantFrom(1, 0.1),
    })
    fc.assert(
      fc.property(targets, ({ epsilon, delta, rounds, samplingRate }) => {
        const noiseMultiplier = leastNoiseMultiplier({ epsilon, delta, rounds, samplingRate })
        const cost = (noise: number) => epsilonOfStep({ noiseMultiplier: noise, samplingRate, rounds }, delta)
        expect(cost(noiseMultiplier)).toBeLessThanOrEqual(epsilon)
        expect(cost(noiseMultiplier * (1 - 1e-6))).toBeGreaterThan(epsilon)
      }),
      { numRuns: 12 },
    )
  })

  test('one release needs less by the exact formula than by the bound', () => {
    const exact = leastGaussianNoiseMultiplier(1, 1e-5)
    expect(exact).toBeLessThan(leastNoiseMultiplier({ epsilon: 1, delta: 1e-5, rounds: 1, samplingRate: 1 }))
    expect(gaussianDelta(exact, 1)).toBeLessThanOrEqual(1e-5)
    expect(gaussianDelta(exact * (1 - 1e-6), 1)).toBeGreaterThan(1e-5)
  })

  test('what next to no noise keeps gets the least there is; what none keeps is refused', () => {
    const options = { delta: 1e-5, rounds: 1, samplingRate: 1 }
    expect(leastNoiseMultiplier({ ...options, epsilon: 1000 })).toBe(0.1)
    expect(leastGaussianNoiseMultiplier(1000, 1e-5)).toBe(0.1)
    expect(refusal(() => leastNoiseMultiplier({ ...options, epsilon: 1e-4 }))).toBe('PRIVACY_NOISE_UNREACHABLE')
    expect(refusal(() => leastGaussianNoiseMultiplier(1e-9, 1e-9))).toBe('PRIVACY_NOISE_UNREACHABLE')
  })
})

describe('hostile arguments', () => {
  const strange: number[] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, JSON.parse('"1"')]

  test.each([
    ...strange.map((value) => [value, 1, 1]),
    ...strange.map((value) => [1, value, 1]),
    ...strange.map((value) => [1, 1, value]),
    [0.0999, 1, 1],
    [1.1e6, 1, 1],
    [1, 1.0001, 1],
    [1, 1e-10, 1],
    [1, 1, 1.5],
    [1, 1, 1e9 + 1],
  ])('step of noise %s, rate %s, rounds %s', (noiseMultiplier, samplingRate, rounds) => {
    const step = { noiseMultiplier, samplingRate, rounds }
    const accountant = createAccountant({ delta: 1e-5, budget: 1e9 })
    expect(refusal(() => accountant.spend(step))).toBe('PRIVACY_STEP_INVALID')
    expect(refusal(() => accountant.wouldExceed(step))).toBe('PRIVACY_STEP_INVALID')
    expect(refusal(() => createAccountant({ delta: 1e-5, budget: 1, ledger: [step] }))).toBe('PRIVACY_STEP_INVALID')
    expect(accountant.spent().epsilon).toBe(0)
  })

  test('rounds add up to no more than the limit', () => {
    const step = { noiseMultiplier: 1e6, samplingRate: 1, rounds: 1e9 }
    const accountant = createAccountant({ delta: 1e-5, budget: 1e9, ledger: [step] })
    expect(refusal(() => accountant.spend({ ...step, rounds: 1 }))).toBe('PRIVACY_STEP_INVALID')
  })

  test('a ledger holds so many kinds of rounds and no more', () => {
    const ledger = Array.from({ length: 10_000 }, (_, i) => ({ noiseMultiplier: 1000 + i, samplingRate: 1, rounds: 1 }))
    const accountant = createAccountant({ delta: 1e-5, budget: 1e9, ledger })
    const known = { noiseMultiplier: 1000, samplingRate: 1, rounds: 1 }
    expect(accountant.spend(known).epsilon).toBeGreaterThan(0)
    expect(refusal(() => accountant.spend({ ...known, noiseMultiplier: 1 }))).toBe('PRIVACY_STEP_INVALID')
  })

  test.each([...strange, 1, 2])('delta %s', (delta) => {
    const options = { epsilon: 1, delta, rounds: 1, samplingRate: 1 }
    expect(refusal(() => createAccountant({ delta, budget: 1 }))).toBe('PRIVACY_TARGET_INVALID')
    expect(refusal(() => leastNoiseMultiplier(options))).toBe('PRIVACY_TARGET_INVALID')
    expect(refusal(() => leastGaussianNoiseMultiplier(1, delta))).toBe('PRIVACY_TARGET_INVALID')
    expect(refusal(() => gaussianEpsilon(1, delta))).toBe('PRIVACY_TARGET_INVALID')
    expect(refusal(() => epsilonOf([2], [1], delta))).toBe('PRIVACY_TARGET_INVALID')
  })

  test.each(strange)('epsilon %s', (epsilon) => {
    expect(refusal(() => createAccountant({ delta: 1e-5, budget: epsilon }))).toBe('PRIVACY_TARGET_INVALID')
    expect(refusal(() => leastGaussianNoiseMultiplier(epsilon, 1e-5))).toBe('PRIVACY_TARGET_INVALID')
    if (epsilon !== 0) expect(refusal(() => gaussianDelta(1, epsilon))).toBe('PRIVACY_TARGET_INVALID')
  })

  test.each([...strange, 1, 1.009, 512.1])('order %s', (order) => {
    expect(refusal(() => renyiDivergence(1, 0.5, order))).toBe('PRIVACY_ORDER_INVALID')
    expect(refusal(() => epsilonOf([order], [1], 0.1))).toBe('PRIVACY_ORDER_INVALID')
  })

  test('orders without divergences, and divergences that are none', () => {
    expect(refusal(() => epsilonOf([], [], 0.1))).toBe('PRIVACY_ORDER_INVALID')
    expect(refusal(() => epsilonOf([2, 3], [1], 0.1))).toBe('PRIVACY_ORDER_INVALID')
    expect(refusal(() => epsilonOf([2], [Number.NaN], 0.1))).toBe('PRIVACY_ORDER_INVALID')
    expect(refusal(() => epsilonOf([2], [-1], 0.1))).toBe('PRIVACY_ORDER_INVALID')
  })
})
