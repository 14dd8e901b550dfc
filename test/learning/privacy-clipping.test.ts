/** Clipping and sensitivity: bounds that hold for every update and are met by the worst one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clipFactor,
  createAccountant,
  l2Norm,
  meanSensitivity,
  type Neighbours,
  nextClipBound,
  privacyStep,
  splitNoise,
} from '../../src/learning/index.ts'
import { refusal } from './refusal.ts'

const strange: number[] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1]

describe('norm', () => {
  test.each([
    [[], 0],
    [[3, 4], 5],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1], 3],
    [[0, 0, 0, 0, -7], 7],
  ])('of %s', (values, norm) => {
    expect(l2Norm(Float32Array.from(values))).toBe(norm)
    expect(l2Norm(Int32Array.from(values))).toBe(norm)
  })

  test('neither overflows nor underflows in float32 values', () => {
    const largest = Math.fround(3.4e38)
    expect(l2Norm(new Float32Array(1_000_000).fill(largest)) / (largest * 1000)).toBeCloseTo(1, 10)
    expect(l2Norm(new Float32Array(4).fill(2 ** -149))).toBe(2 ** -148)
    expect(l2Norm(new Int32Array(4).fill(-(2 ** 31)))).toBe(2 ** 32)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %s anywhere', (value) => {
    for (const at of [0, 3, 4]) {
      const update = new Float32Array(5)
      update[at] = value
      expect(refusal(() => l2Norm(update))).toBe('PRIVACY_UPDATE_NOT_FINITE')
    }
  })
})

describe('clip factor', () => {
  test('leaves what is within, scales what is not to just within', () => {
    expect(clipFactor(0, 1)).toBe(1)
    expect(clipFactor(0.5, 1)).toBe(1)
    expect(clipFactor(10, 1)).toBeCloseTo(0.1, 9)
    expect(clipFactor(10, 1)).toBeLessThan(0.1)
  })

  test('a clipped update is within the bound, added up exactly', () => {
    const updates = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 40 })
    const bounds = fc.double({ min: 1e-3, max: 1e3, noNaN: true })
    fc.assert(
      fc.property(updates, bounds, (update, bound) => {
        const factor = clipFactor(l2Norm(update), bound)
        expect(factor > 0 && factor <= 1).toBe(true)
        const norm = Math.hypot(...Array.from(update, (value) => value * factor))
        expect(norm).toBeLessThanOrEqual(bound)
        if (factor < 1) expect(norm).toBeGreaterThan(bound * (1 - 2e-9))
      }),
    )
  })

  test('refuses a norm or a bound that is none', () => {
    for (const value of strange) {
      expect(refusal(() => clipFactor(value, 1))).toBe('PRIVACY_UPDATE_NOT_FINITE')
      expect(refusal(() => clipFactor(1, value))).toBe('PRIVACY_CLIPPING_INVALID')
    }
    expect(refusal(() => clipFactor(1, 0))).toBe('PRIVACY_CLIPPING_INVALID')
  })
})

describe('adaptive clipping', () => {
  test('with many parties the bound settles at the quantile of their norms', () => {
    const norms = Array.from({ length: 101 }, (_, i) => 1 + i / 100)
    let bound = 0.1
    for (let round = 0; round < 200; round += 1) {
      const noisedCount = norms.filter((norm) => norm <= bound).length
      bound = nextClipBound({ bound, noisedCount, parties: 101, quantile: 0.5, learningRate: 0.2 })
    }
    expect(bound).toBeCloseTo(1.5, 1)
  })

  test('noise cannot carry the bound out of its limits', () => {
    const options = { parties: 1, quantile: 0.5, learningRate: 10 }
    expect(nextClipBound({ ...options, bound: 1, noisedCount: 1e12 })).toBe(1e-9)
    expect(nextClipBound({ ...options, bound: 1, noisedCount: -1e12 })).toBe(1e10)
  })

  test('charging the two halves is charging the whole', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 20, noNaN: true }),
        fc.double({ min: 1.01, max: 50, noNaN: true }),
        fc.constantFrom<Neighbours>('add-remove', 'replace'),
        (noiseMultiplier, excess, neighbours) => {
          const unit = neighbours === 'add-remove' ? 2 : 1
          const split = splitNoise({ noiseMultiplier, countDeviation: (noiseMultiplier * excess) / unit, neighbours })
          expect(split.sumNoiseMultiplier).toBeGreaterThan(noiseMultiplier)
          const whole = createAccountant({ delta: 1e-5, budget: 1e6 })
          const halves = createAccountant({ delta: 1e-5, budget: 1e6 })
          whole.spend({ noiseMultiplier, samplingRate: 1, rounds: 3 })
          for (const half of [split.sumNoiseMultiplier, split.countNoiseMultiplier]) {
            halves.spend({ noiseMultiplier: half, samplingRate: 1, rounds: 3 })
          }
          expect(halves.spent().epsilon / whole.spent().epsilon).toBeCloseTo(1, 9)
        },
      ),
    )
  })

  test('a count with too little noise leaves none for the sum', () => {
    // Ten parties, sigma_b = m / 20, noise multiplier 1: the count has noise multiplier 1 by itself.
    const options = { noiseMultiplier: 1, countDeviation: 10 / 20, neighbours: 'add-remove' } as const
    expect(refusal(() => splitNoise(options))).toBe('PRIVACY_SPLIT_IMPOSSIBLE')
    expect(splitNoise({ ...options, countDeviation: 0.6 }).sumNoiseMultiplier).toBeCloseTo(1 / Math.sqrt(1 - 1 / 1.44))
  })

  test('refuses settings that are none', () => {
    const right = { bound: 1, noisedCount: 5, parties: 10, quantile: 0.5, learningRate: 0.2 }
    for (const name of ['bound', 'noisedCount', 'parties', 'quantile', 'learningRate'] as const) {
      for (const value of strange.filter((one) => name !== 'noisedCount' || one !== -1)) {
        expect(refusal(() => nextClipBound({ ...right, [name]: value }))).toBe('PRIVACY_CLIPPING_INVALID')
      }
    }
    for (const value of [...strange, 0]) {
      const split = { noiseMultiplier: 1, countDeviation: 1, neighbours: 'replace' } as const
      expect(refusal(() => splitNoise({ ...split, countDeviation: value }))).toBe('PRIVACY_CLIPPING_INVALID')
      expect(refusal(() => splitNoise({ ...split, noiseMultiplier: value }))).toBe('PRIVACY_STEP_INVALID')
    }
  })
})

describe('sensitivity', () => {
  const weights = [5, 1, 3]

  test('by hand', () => {
    const options = { weights, divisor: 10, clipBound: 2 }
    expect(meanSensitivity({ ...options, neighbours: 'add-remove' })).toEqual({ neighbours: 'add-remove', value: 1 })
    expect(meanSensitivity({ ...options, neighbours: 'replace' })).toEqual({ neighbours: 'replace', value: 2 })
  })

  /** The weighted mean of those present, divided by what was fixed before. */
  const mean = (updates: readonly number[][], present: readonly number[], divisor: number, clipBound: number) =>
    [0, 1].map((axis) => {
      const terms = present.map((party) => {
        const update = Float32Array.from(updates[party] ?? [])
        return ((weights[party] ?? 0) * clipFactor(l2Norm(update), clipBound) * (update[axis] ?? 0)) / divisor
      })
      return terms.reduce((sum, term) => sum + term, 0)
    })
  const distance = (a: readonly number[], b: readonly number[]) =>
    Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)))

  test('no party changes a mean by more, whatever it sends; the heaviest can change it by as much', () => {
    const point = fc.tuple(
      fc.float({ min: -9, max: 9, noNaN: true, noDefaultInfinity: true }),
      fc.float({ min: -9, max: 9, noNaN: true, noDefaultInfinity: true }),
    )
    const worlds = fc.tuple(point, point, point, point, fc.nat(2))
    fc.assert(
      fc.property(worlds, fc.double({ min: 0.1, max: 20, noNaN: true }), ([a, b, c, other, who], clipBound) => {
        const updates = [[...a], [...b], [...c]]
        const replaced = updates.map((update, party) => (party === who ? [...other] : update))
        const all = mean(updates, [0, 1, 2], 9, clipBound)
        const without = [0, 1, 2].filter((party) => party !== who)
        const limit = (neighbours: Neighbours) => meanSensitivity({ neighbours, weights, divisor: 9, clipBound }).value
        const removed = distance(all, mean(updates, without, 9, clipBound))
        expect(removed).toBeLessThanOrEqual(limit('add-remove') * (1 + 1e-12))
        const swapped = distance(all, mean(replaced, [0, 1, 2], 9, clipBound))
        expect(swapped).toBeLessThanOrEqual(limit('replace') * (1 + 1e-12))
      }),
    )
    const there = mean([[100, 0], [], []], [0], 9, 2)
    const opposite = mean([[-100, 0], [], []], [0], 9, 2)
    const options = { weights, divisor: 9, clipBound: 2 }
    expect(distance(there, [0, 0])).toBeCloseTo(meanSensitivity({ ...options, neighbours: 'add-remove' }).value, 7)
    expect(distance(there, opposite)).toBeCloseTo(meanSensitivity({ ...options, neighbours: 'replace' }).value, 7)
  })

  test('a divisor that follows who answered breaks add-remove: the reason why it must be fixed', () => {
    const here = mean(
      [
        [2, 0],
        [-2, 0],
        [-2, 0],
      ],
      [0, 1, 2],
      9,
      2,
    )
    const gone = mean(
      [
        [2, 0],
        [-2, 0],
        [-2, 0],
      ],
      [1, 2],
      4,
      2,
    )
    const limit = meanSensitivity({ neighbours: 'add-remove', weights, divisor: 9, clipBound: 2 }).value
    expect(distance(here, gone)).toBeGreaterThan(1.9 * limit)
  })

  test('the step that is charged', () => {
    const setting = { sensitivity: { neighbours: 'add-remove', value: 0.5 }, deviation: 1, rounds: 2 } as const
    const sampled = privacyStep({ ...setting, samplingRate: 0.1 })
    expect(sampled).toEqual({ noiseMultiplier: 2, samplingRate: 0.1, rounds: 2 })
    const replaced = { ...setting, sensitivity: { neighbours: 'replace', value: 0.5 } } as const
    expect(privacyStep({ ...replaced, samplingRate: 1 }).noiseMultiplier).toBe(2)
    expect(refusal(() => privacyStep({ ...replaced, samplingRate: 0.1 }))).toBe('PRIVACY_RELATION_UNSUPPORTED')
    expect(refusal(() => privacyStep({ ...replaced, deviation: 0, samplingRate: 1 }))).toBe('PRIVACY_STEP_INVALID')
    const nothing = { ...setting, sensitivity: { neighbours: 'replace', value: 0 }, samplingRate: 1 } as const
    expect(refusal(() => privacyStep(nothing))).toBe('PRIVACY_STEP_INVALID')
  })

  test('refuses weights and divisors that are none', () => {
    const options = { neighbours: 'replace', weights, divisor: 9, clipBound: 2 } as const
    for (const value of [...strange, 0]) {
      expect(refusal(() => meanSensitivity({ ...options, weights: [1, value] }))).toBe('PRIVACY_WEIGHTS_INVALID')
      expect(refusal(() => meanSensitivity({ ...options, divisor: value }))).toBe('PRIVACY_WEIGHTS_INVALID')
      expect(refusal(() => meanSensitivity({ ...options, clipBound: value }))).toBe('PRIVACY_CLIPPING_INVALID')
    }
    expect(refusal(() => meanSensitivity({ ...options, weights: [] }))).toBe('PRIVACY_WEIGHTS_INVALID')
    const many = new Array<number>(1_000_001).fill(1)
    expect(refusal(() => meanSensitivity({ ...options, weights: many }))).toBe('PRIVACY_WEIGHTS_INVALID')
    const apart = { ...options, weights: [1e-300], divisor: 1e300 }
    expect(refusal(() => meanSensitivity(apart))).toBe('PRIVACY_WEIGHTS_INVALID')
  })
})
