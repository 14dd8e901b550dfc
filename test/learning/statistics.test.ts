/** Standardisation over the federation equals that of all rows in one place, on columns chosen to be hard. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../src/crypto/index.ts'
import {
  encodedColumns,
  type FeatureColumn,
  type Standardisation,
  standardisationFrom,
  standardise,
  statisticsLayout,
  statisticsUpdate,
} from '../../src/learning/index.ts'
import { createAccumulator, decodeSum, encodeUpdate } from '../../src/update/index.ts'
import { refusal } from './refusal.ts'

const number = (name: string, minimum: number, maximum: number): FeatureColumn => ({
  name,
  type: 'number',
  minimum,
  maximum,
  missing: 'mean',
})

/** Each party's rows through the whole way: statistics, encoding, sum, decoding, standardisation. */
function federated(features: FeatureColumn[], parties: Float32Array[]): Standardisation {
  const layout = statisticsLayout(features)
  const encoding = { bits: 32, range: 16 }
  const inputs = encodedColumns(features).length
  const accumulator = createAccumulator(layout, encoding)
  for (const raw of parties) {
    const values = statisticsUpdate(features, raw, raw.length / inputs)
    accumulator.add(encodeUpdate(values, 1 / parties.length, layout, encoding))
  }
  return standardisationFrom(features, decodeSum(accumulator.total(), 1, layout, encoding))
}

/** Two passes over all present values, in float64 around the first value. */
function pooled(raw: number[]): { mean: number; deviation: number } {
  const present = raw.filter((x) => !Number.isNaN(x))
  const origin = present[0] ?? 0
  const mean = present.reduce((sum, x) => sum + (x - origin), 0) / present.length + origin
  const variance = present.reduce((sum, x) => sum + (x - mean) ** 2, 0) / present.length
  return { mean, deviation: Math.sqrt(variance) }
}

const close = (found: number | undefined, expected: number, relative = 1e-9) =>
  expect(Math.abs((found ?? Number.NaN) - expected)).toBeLessThanOrEqual(relative * Math.abs(expected))

describe('hard columns', () => {
  const features = [
    number('income', 0, 1e7),
    number('tiny in its range', 0, 1e7),
    number('year', 0, 3000),
    number('debt', -5e6, 5e6),
    number('constant', 0, 3),
    number('missing at one party', 0, 100),
    number('missing everywhere', -7, 9),
    number('one row of all', 0, 1),
  ]
  const random = createRandom('hard columns')
  const row = (party: number, index: number) => [
    Math.min(Math.exp(10.3 + 0.8 * random.normal()), 1e7),
    100 + 20 * random.uniform(),
    2000 + random.below(25),
    1e6 * random.normal() * (party + 1) * 0.1,
    0.1,
    party === 1 ? Number.NaN : 100 * random.uniform(),
    Number.NaN,
    party === 0 && index === 17 ? 1 : 0,
  ]
  const parties = [3000, 1000, 257].map((rows, party) =>
    Float32Array.from(Array.from({ length: rows }, (_, index) => row(party, index)).flat()),
  )
  const found = federated(features, parties)
  const column = (at: number) => parties.flatMap((raw) => [...raw].filter((_, i) => i % features.length === at))

  test.each([0, 1, 2, 3, 5, 7].map((at) => ({ at, name: features[at]?.name })))('$name', ({ at }) => {
    const expected = pooled(column(at))
    close(found.mean[at], expected.mean)
    close(found.deviation[at], expected.deviation)
  })

  test('a constant column has deviation exactly 0 and its value as mean', () => {
    expect(found.deviation[4]).toBe(0)
    close(found.mean[4], Math.fround(0.1))
  })

  test('a column nobody has gets its minimum and deviation 0', () => {
    expect([found.mean[6], found.deviation[6]]).toEqual([-7, 0])
  })
})

test('how rows are spread over parties changes nothing, bit for bit', () => {
  const features = [number('x', -3, 10)]
  const values = fc.array(fc.oneof(fc.double({ min: -3, max: 10, noNaN: true }), fc.constant(Number.NaN)), {
    minLength: 1,
    maxLength: 700,
  })
  fc.assert(
    fc.property(values, fc.array(fc.nat(700), { maxLength: 5 }), (rows, cuts) => {
      const bounds = [0, ...cuts.map((cut) => Math.min(cut, rows.length)).sort((a, b) => a - b), rows.length]
      const parts = bounds.slice(1).map((end, i) => Float32Array.from(rows.slice(bounds[i], end)))
      expect(federated(features, parts)).toEqual(federated(features, [Float32Array.from(rows)]))
    }),
    { numRuns: 50 },
  )
})

describe('columns', () => {
  const features: FeatureColumn[] = [
    { ...number('age', 18, 100), missing: 'indicator' } as FeatureColumn,
    { name: 'home', type: 'category', values: ['own', 'rent'], missing: 'own-column', other: 'own-column' },
    number('score', 300, 850),
  ]

  test('numbers, indicators and categories in one fixed order', () => {
    const columns = encodedColumns(features)
    expect(columns.map(({ name, minimum, maximum }) => [name, minimum, maximum])).toEqual([
      ['age', 18, 100],
      ['age is missing', 0, 1],
      ['home=own', 0, 1],
      ['home=rent', 0, 1],
      ['home is missing', 0, 1],
      ['home is other', 0, 1],
      ['score', 300, 850],
    ])
    expect(columns.map(({ feature }) => feature)).toEqual(['age', 'age', 'home', 'home', 'home', 'home', 'score'])
    expect(columns[3]?.holds).toEqual({ kind: 'value', value: 'rent' })
  })

  test.each([
    [[]],
    [[number('x', 1, 1)]],
    [[number('x', 2, 1)]],
    [[number('x', 0, Number.POSITIVE_INFINITY)]],
    [[number('x', 0, 1), number('x', 0, 2)]],
    [[{ name: 'c', type: 'category', values: ['a', 'a'], missing: 'refuse', other: 'refuse' } as const]],
    [[{ name: 'c', type: 'category', values: [], missing: 'own-column', other: 'refuse' } as const]],
  ])('refuses %j', (bad) => {
    expect(refusal(() => encodedColumns(bad))).toBe('LEARNING_COLUMN_INVALID')
  })
})

describe('refusals', () => {
  const features = [number('x', 0, 0.1), number('y', 0, 1)]

  test('a value outside its declared range names row and column', () => {
    const update = () => statisticsUpdate(features, Float32Array.of(0, 0, 0, 1.5), 2)
    expect(refusal(update)).toBe('LEARNING_VALUE_OUT_OF_RANGE')
    expect(update).toThrow('row 1 of input column y is 1.5, expected 0 to 1')
    expect(refusal(() => statisticsUpdate(features, Float32Array.of(0, Number.NEGATIVE_INFINITY), 1))).toBe(
      'LEARNING_VALUE_OUT_OF_RANGE',
    )
  })

  test('the declared end itself passes, although 0.1 as float32 lies above 0.1', () => {
    const { counts } = statisticsUpdate(features, Float32Array.of(0.1, 1), 1)
    expect(standardisationFrom(features, { counts, sums: [] }).mean).toEqual([0.1, 1])
  })

  test('shapes that do not fit', () => {
    const standardisation = { mean: [0, 0], deviation: [1, 1] }
    expect(refusal(() => statisticsUpdate(features, new Float32Array(3), 2))).toBe('LEARNING_SHAPE')
    expect(refusal(() => standardise(new Float32Array(3), 2, standardisation))).toBe('LEARNING_SHAPE')
    expect(refusal(() => standardise(new Float32Array(4), 2, { mean: [0, 0], deviation: [1] }))).toBe('LEARNING_SHAPE')
    expect(refusal(() => standardisationFrom(features, { counts: new Float64Array(15), sums: [] }))).toBe(
      'LEARNING_SHAPE',
    )
  })

  test('sums that no rows can have', () => {
    const { counts } = statisticsUpdate(features, Float32Array.of(0, 0, 0.1, 1), 2)
    const changed = (at: number, value: number) => Array.from(counts, (count, i) => (i === at ? value : count))
    const of = (totals: number[]) => () => standardisationFrom(features, { counts: totals, sums: [] })
    expect(of(Array.from(counts))).not.toThrow()
    // Fewer rows than the sum needs; squares below that of the mean; a mean above the range; squares above it.
    for (const bad of [changed(0, 0), changed(6, 0), changed(3, 1000), changed(7, 1)]) {
      expect(refusal(of(bad))).toBe('LEARNING_TOTALS_INVALID')
    }
  })
})

test('standardised columns have mean 0 and deviation 1; missing and constant values become 0', () => {
  const raw = Float32Array.of(1, 5, Number.NaN, 3, 5, 2, 5, 5, 4)
  const features = [number('a', 0, 10), number('b', 0, 10), number('c', 0, 10)]
  const out = standardise(raw, 3, federated(features, [raw]))
  const root = Math.sqrt(1.5)
  const expected = [-2 / Math.sqrt(8 / 3), 0, 0, 0, 0, -1, 2 / Math.sqrt(8 / 3), 0, 1]
  for (const [i, value] of expected.entries()) expect(out[i]).toBeCloseTo(value, 6)
  expect(out[6]).toBeCloseTo(root, 6)
})
