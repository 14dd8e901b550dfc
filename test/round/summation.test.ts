import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { summations } from '../../src/round/index.ts'
import {
  createAccumulator,
  decodeSum,
  type Encoding,
  fromBytes,
  type UpdateLayout,
  type UpdateValues,
} from '../../src/update/index.ts'

const layout: UpdateLayout = { deltas: 3, counts: 2, sums: 1 }
/** The rows of all parties together. */
const UNIT = 100
const encoding: Encoding = { bits: 32, range: 16 }

function sumOf(kind: keyof typeof summations, updates: readonly { values: UpdateValues; weight: number }[]) {
  const summation = summations[kind]
  const sum = createAccumulator(layout, encoding)
  let weights = 0
  for (const { values, weight } of updates) {
    const bytes = summation.seal(values, weight / UNIT, layout, encoding)
    expect(bytes.length).toBe(summation.bytes(layout))
    const seen = summation.inspect(bytes, layout, encoding)
    expect([...seen.counts]).toEqual([...Array.from(values.counts)])
    sum.add(fromBytes(bytes))
    weights += weight
  }
  return decodeSum(sum.total(), weights / UNIT, layout, encoding)
}

const values = (deltas: number[], counts: number[], sums: number[]): UpdateValues => ({
  deltas: Float64Array.from(deltas),
  counts,
  sums,
})

describe.each(Object.keys(summations) as (keyof typeof summations)[])('summation %s', (kind) => {
  test('opens to the weighted mean of the deltas and the totals of the rest', () => {
    const totals = sumOf(kind, [
      { values: values([1, 2, -4], [3, 4], [0.25]), weight: 75 },
      { values: values([-1, 2, 4], [10, 20], [1.5]), weight: 25 },
    ])
    expect([...totals.deltas]).toEqual([0.5, 2, -2])
    expect([...totals.counts]).toEqual([13, 24])
    expect([...totals.sums]).toEqual([1.75])
  })

  test('divides by the shares that arrived, so that a dropout does not shrink the mean', () => {
    const one = { values: values([8, 0, 0], [0, 0], [0]), weight: 25 }
    expect(sumOf(kind, [one, one]).deltas[0]).toBe(8)
  })
})

test('every summation gives the same bits for the same updates, in any order', () => {
  const double = fc.double({ min: -8, max: 8, noNaN: true })
  const update = fc.record({
    values: fc.record({
      deltas: fc.array(double, { minLength: 3, maxLength: 3 }).map((list) => Float64Array.from(list)),
      counts: fc.array(fc.nat(1_000_000), { minLength: 2, maxLength: 2 }),
      sums: fc.array(double, { minLength: 1, maxLength: 1 }),
    }),
    weight: fc.integer({ min: 1, max: UNIT }),
  })
  fc.assert(
    fc.property(fc.array(update, { minLength: 2, maxLength: 8 }), (updates) => {
      const forward = sumOf('tee', updates)
      const backward = sumOf('plain', [...updates].reverse())
      expect(backward).toEqual(forward)
    }),
    { seed: 11, numRuns: 300 },
  )
})
