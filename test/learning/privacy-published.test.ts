/**
 * The privacy mathematics against numbers that others published, each with its source, and against the same formulas
 * in 45 and 60 decimal digits.
 */
import { describe, expect, test } from 'vitest'
import {
  createAccountant,
  epsilonOf,
  epsilonOfStep,
  gaussianDelta,
  leastGaussianNoiseMultiplier,
  leastNoiseMultiplier,
  nextClipBound,
  renyiDivergence,
  splitNoise,
} from '../../src/learning/index.ts'

/** Agreement to the given number of decimal digits after the first. */
function expectClose(found: number, published: number, relative: number): void {
  expect(Math.abs(found / published - 1), `${found} against ${published}`).toBeLessThanOrEqual(relative)
}

describe('Rényi divergence', () => {
  // google/differential-privacy, dp_accounting/rdp/rdp_privacy_accountant_test.py,
  // test_compute_rdp_poisson_sampled_gaussian: q 0.01, sigma 2.5, 50 rounds; nine digits.
  test.each([
    [5, 2.18075656e-3],
    [50, 2.38460375e-2],
    [100, 1.67416308e2],
  ])('dp_accounting, whole order %d', (order, published) => {
    expectClose(50 * renyiDivergence(2.5, 0.01, order), published, 5e-9)
  })

  // tensorflow/privacy, analysis/rdp_accountant_test.py, test_compute_rdp_sequence: the same at fractional orders, to
  // 1e-5. (dp_accounting now prints 6.70579741e-4 and 1.08548710e-3: it adds the absolute values of the alternating
  // series, which is an upper bound; ours has to stay below it.)
  test.each([
    [1.5, 0.00065, 6.70579741e-4],
    [2.5, 0.001085, 1.0854871e-3],
  ])('TensorFlow Privacy, order %d', (order, published, bound) => {
    const found = 50 * renyiDivergence(2.5, 0.01, order)
    expect(Math.abs(found - published)).toBeLessThan(1e-5)
    expect(found).toBeLessThan(bound)
  })

  // The same file: test_compute_rdp_scalar (five places), test_compute_rdp_no_sampling.
  test('TensorFlow Privacy, single values', () => {
    expect(10 * renyiDivergence(2, 0.1, 5)).toBeCloseTo(0.07737, 5)
    expect(renyiDivergence(10, 1, 20)).toBeCloseTo(0.1, 10)
  })

  // log A / (order - 1) from the definition of A (Mironov et al. 2019, Section 3), not from A - 1: whole orders by the
  // binomial sum in 60 digits, fractional ones by quadrature in 45; 15 digits are kept. The parameters are those of
  // test_compute_log_a_equals_mp in dp_accounting, which compares with mpmath in the same way, and extremes.
  test.each([
    [1e-6, 0.1, 256, 1.27861303109693e4],
    [1e-6, 1, 27, 3.37288896340327e-11],
    [1e-3, 1, 2, 1.71828035221452e-6],
    [0.01, 10, 20, 1.00682631120226e-5],
    [0.99, 0.1, 256, 1.27999899102511e4],
    [1e-6, 1000, 2, 1.00000050000017e-18],
    [1e-6, 1000, 512, 2.56000128130603e-16],
    [0.5, 1000, 512, 6.4008185045275e-5],
    [0.04, 1.5, 4, 1.88534006444578e-3],
    [0.3, 0.3, 512, 2.84323811552896e3],
    [1e-4, 1, 1.5, 1.28853739076733e-8],
    [0.1, 100, 20.5, 1.02522145938812e-5],
    [0.999, 100, 256.1, 1.27797257466606e-2],
    [1e-7, 0.1, 1.01, 4.00341232252639e-6],
    [1e-6, 1000, 1.1, 5.50000274999597e-19],
    [0.04, 1.5, 3.9, 1.83320219958386e-3],
    [0.9, 0.3, 10.9, 6.04395525635687e1],
    [0.5, 2, 1.1, 3.56276298505518e-2],
    [1e-5, 3, 1.1, 6.46354167674448e-12],
    [1e-4, 20, 7.3, 9.13642789085213e-11],
    [1e-5, 0.1, 256.1, 1.27934419435061e4],
  ])('many digits: q %d, sigma %d, order %d', (q, sigma, order, exact) => {
    const found = renyiDivergence(sigma, q, order)
    expect(found).toBeGreaterThan(exact)
    expectClose(found, exact, 1.2e-11)
  })
})

describe('epsilon', () => {
  // dp_accounting, rdp_privacy_accountant_test.py, test_compute_epsilon_delta_pure_dp: 1.1 at orders 2 to 32.
  test('conversion of a constant divergence', () => {
    const orders = Array.from({ length: 31 }, (_, i) => i + 2)
    const { epsilon, order } = epsilonOf(
      orders,
      orders.map(() => 1.1),
      1e-5,
    )
    expect(epsilon).toBeCloseTo(1.32783806176, 10)
    expect(order).toBe(32)
  })

  // The same, test_compute_epsilon_delta_gaussian: sigma chosen for (1, 1e-6) over a fine grid of orders; seven places.
  test('conversion of a Gaussian', () => {
    const orders = Array.from({ length: 9_000 }, (_, i) => 1.1 + i / 100)
    const divergences = orders.map((order) => renyiDivergence(4.530877117, 1, order))
    expect(epsilonOf(orders, divergences, 1e-6).epsilon).toBeCloseTo(1, 7)
  })

  // tensorflow/privacy, analysis/compute_dp_sgd_privacy_test.py: examples, batch, sigma, epochs, delta; seven places.
  test.each([
    [60_000, 150, 1.3, 15, 1e-5, 0.7242234026109595, 19],
    [100_000, 100, 1, 30, 1e-7, 1.4154988495444845, 13],
  ])('TensorFlow Privacy, %d examples', (examples, batch, noiseMultiplier, epochs, delta, published, order) => {
    const rounds = Math.ceil((epochs * examples) / batch)
    const accountant = createAccountant({ delta, budget: 2 })
    const spent = accountant.spend({ noiseMultiplier, samplingRate: batch / examples, rounds })
    expect(spent.epsilon).toBeCloseTo(published, 9)
    expect(spent.order).toBe(order)
  })

  // pytorch/opacus, tests/accountants_test.py, test_rdp_accountant: charged round by round there, at once here.
  test('Opacus, 2250 rounds', () => {
    expect(epsilonOfStep({ noiseMultiplier: 1.5, samplingRate: 0.04, rounds: 2250 }, 1e-5)).toBeCloseTo(
      7.32911117143,
      7,
    )
  })

  // tensorflow/privacy, rdp_accountant_test.py, test_check_composition: the bound 8.509656 is of an older conversion.
  test('TensorFlow Privacy, two kinds of rounds', () => {
    const accountant = createAccountant({ delta: 1e-5, budget: 10 })
    accountant.spend({ noiseMultiplier: 0.4, samplingRate: 1e-4, rounds: 40_000 })
    expect(accountant.spend({ noiseMultiplier: 2, samplingRate: 0.1, rounds: 100 }).epsilon).toBeLessThan(8.509656)
  })
})

describe('noise', () => {
  // pytorch/opacus, tests/accountants_test.py, test_get_noise_multiplier_rdp_epochs and _steps. Opacus stops when
  // epsilon is within 0.01 below the target, so its multiplier keeps the promise and is a little above the least.
  test.each([
    [2250, 1.416],
    [2000, 1.3562],
  ])('Opacus, %d rounds for epsilon 8', (rounds, published) => {
    const least = leastNoiseMultiplier({ epsilon: 8, delta: 1e-5, rounds, samplingRate: 0.04 })
    expect(least).toBeLessThan(published)
    expect(epsilonOfStep({ noiseMultiplier: published, samplingRate: 0.04, rounds }, 1e-5)).toBeGreaterThan(7.99)
    expectClose(least, published, 2e-4)
  })

  // google/differential-privacy, go/noise/gaussian_noise_test.go, TestDeltaForGaussian; 1e-10. The analytic formula.
  test.each([
    [10, 0.1, 0.00875176814581],
    [2, Math.log(3), 0.004159742234000802],
    [0.5, 0, 0.6826894921370859],
  ])('delta of sigma %d, epsilon %d', (sigma, epsilon, published) => {
    expect(Math.abs(gaussianDelta(sigma, epsilon) - published)).toBeLessThan(1e-10)
  })

  // The same file, TestGaussianStatistics: variances. Its sigma is the least or up to 1e-3 above.
  test.each([
    [Math.log(3), 1e-10, 28.7647857666],
    [2 * Math.log(3), 1e-10, 7.65948867798],
    [Math.log(3), 1e-5, 11.73597717285],
  ])('variance for epsilon %d, delta %d', (epsilon, delta, published) => {
    const variance = leastGaussianNoiseMultiplier(epsilon, delta) ** 2
    expect(variance).toBeLessThanOrEqual(published)
    expect(variance * 1.001 ** 2).toBeGreaterThanOrEqual(published)
  })
})

describe('adaptive clipping', () => {
  // tensorflow/privacy, dp_query/quantile_adaptive_clip_sum_query_test.py, test_adaptation_target_zero_geometric and
  // _target_one_geometric: two parties, learning rate ln 2, no noise.
  test.each([
    [16, 0, [5, 2.5], [8, 4, 4 / Math.SQRT2, 2, 2]],
    [0.5, 1, [1.5, 3], [1, 2, 2 * Math.SQRT2, 4, 4]],
  ])('TensorFlow Privacy, from %d to quantile %d', (start, quantile, norms, published) => {
    let bound = start
    for (const expected of published) {
      // Rounding puts the bound a hair on either side of a norm that it meets exactly.
      const noisedCount = norms.filter((norm) => norm <= bound * (1 + 1e-12)).length
      bound = nextClipBound({ bound, noisedCount, parties: 2, quantile, learningRate: Math.LN2 })
      expect(bound).toBeCloseTo(expected, 10)
    }
  })

  // google-parfait/tensorflow-federated, aggregators/differential_privacy.py, adaptive_clip_noise_params, with its
  // test's numbers: noise multiplier 2, deviation 5 -> (2^-2 - 10^-2)^(-1/2).
  test('TensorFlow Federated, split of the noise', () => {
    const split = splitNoise({ noiseMultiplier: 2, countDeviation: 5, neighbours: 'add-remove' })
    expect(split.countNoiseMultiplier).toBe(10)
    expect(split.sumNoiseMultiplier).toBeCloseTo((0.25 - 0.01) ** -0.5, 14)
  })
})
