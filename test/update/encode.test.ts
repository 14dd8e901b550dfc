/** The laws of the fixed point, and every refusal on the sending side. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAccumulator,
  decodeSum,
  type Encoding,
  encodeUpdate,
  fixedPoint,
  type UpdateLayout,
  updateBytes,
} from '../../src/update/index.ts'
import { refusal } from './refusal.ts'

const encoding: Encoding = { bits: 32, range: 16 }
const deltasOnly = (deltas: number): UpdateLayout => ({ deltas, counts: 0, sums: 0 })
const encodeDeltas = (deltas: number[], share: number, using = encoding) =>
  encodeUpdate({ deltas: Float64Array.from(deltas), counts: [], sums: [] }, share, deltasOnly(deltas.length), using)

const encodings = fc.record({
  bits: fc.integer({ min: 8, max: 32 }),
  range: fc.oneof(fc.constantFrom(1, 10, 16, 0.75), fc.double({ min: 1e-3, max: 1e6, noNaN: true })),
})
const shares = fc.double({ min: 1e-6, max: 1, noNaN: true })

/** Rounds half to even with nothing but exact comparisons: the independent reference. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 === 0 ? below : below + 1
}

describe('fixed point', () => {
  test('the scale is a power of two, and the limit fits the bits and covers the range', () => {
    expect(fixedPoint({ bits: 32, range: 16 })).toEqual({ scale: 2 ** 27, limit: 2 ** 31 - 1 })
    expect(fixedPoint({ bits: 8, range: 1 })).toEqual({ scale: 2 ** 7, limit: 127 })
    expect(fixedPoint({ bits: 32, range: 10 })).toEqual({ scale: 2 ** 27, limit: 10 * 2 ** 27 })
    expect(fixedPoint({ bits: 16, range: 2 ** -64 }).scale).toBe(2 ** 79)
  })

  test.each([
    { bits: 7, range: 16 },
    { bits: 33, range: 16 },
    { bits: 16.5, range: 16 },
    { bits: 32, range: 0 },
    { bits: 32, range: -1 },
    { bits: 32, range: Number.NaN },
    { bits: 32, range: Number.POSITIVE_INFINITY },
  ])('refuses %j', (bad) => {
    expect(refusal(() => fixedPoint(bad))).toBe('UPDATE_ENCODING_INVALID')
  })

  test('1,024 updates at the limit sum exactly, and one unit more is still seen', () => {
    const accumulator = createAccumulator(deltasOnly(2), encoding)
    for (let party = 0; party < 1023; party += 1) accumulator.add(Int32Array.of(2 ** 31 - 1, 1 - 2 ** 31))
    accumulator.add(Int32Array.of(2 ** 31 - 2, 1 - 2 ** 31))
    expect([...accumulator.total()]).toEqual([1024 * (2 ** 31 - 1) - 1, 1024 - 2 ** 41])
  })
})

describe('laws', () => {
  test('encoding is share * delta * scale, rounded half to even', () => {
    fc.assert(
      fc.property(encodings, shares, fc.double({ min: -1, max: 1, noNaN: true }), (using, share, fraction) => {
        const delta = fraction * using.range * 0.99
        const { scale } = fixedPoint(using)
        expect([...encodeDeltas([delta], share, using)]).toEqual([roundHalfEven(delta * (share * scale)) + 0])
      }),
    )
    expect([
      ...encodeDeltas(
        [0.5, 1.5, 2.5, -0.5, -1.5].map((q) => q / 2 ** 27),
        1,
      ),
    ]).toEqual([0, 2, 2, 0, -2])
  })

  test('decode(encode(x)) errs by at most half a step, divided by the share', () => {
    fc.assert(
      fc.property(encodings, shares, fc.double({ min: -1, max: 1, noNaN: true }), (using, share, fraction) => {
        const delta = fraction * using.range * 0.99
        const sum = Float64Array.from(encodeDeltas([delta], share, using))
        const { deltas } = decodeSum(sum, share, deltasOnly(1), using)
        const bound = 1 / (2 * fixedPoint(using).scale * share)
        expect(Math.abs((deltas[0] ?? Number.NaN) - delta)).toBeLessThanOrEqual(
          bound * (1 + 1e-9) + Math.abs(delta) * 1e-15,
        )
      }),
    )
  })

  test('the sum is the same bit for bit in every order, and equals the sum of whole numbers', () => {
    const updates = fc.array(
      fc.array(fc.integer({ min: 1 - 2 ** 31, max: 2 ** 31 - 1 }), { minLength: 5, maxLength: 5 }),
      {
        minLength: 1,
        maxLength: 40,
      },
    )
    fc.assert(
      fc.property(updates, fc.infiniteStream(fc.nat()), (rows, keys) => {
        const sumOf = (some: number[][]) => {
          const accumulator = createAccumulator(deltasOnly(5), encoding)
          for (const row of some) accumulator.add(Int32Array.from(row))
          return [...accumulator.total()]
        }
        const shuffled = rows.map((row) => ({ row, key: keys.next().value })).sort((a, b) => a.key - b.key)
        const exact = [0, 1, 2, 3, 4].map((at) => Number(rows.reduce((sum, row) => sum + BigInt(row[at] ?? 0), 0n)))
        expect(sumOf(rows)).toEqual(exact)
        expect(sumOf(shuffled.map(({ row }) => row))).toEqual(exact)
      }),
    )
  })

  test('wide sums come back within 2^-32 per party, whatever their sign and size', () => {
    const layout = { deltas: 0, counts: 0, sums: 1 }
    const values = fc.array(
      fc.oneof(
        fc.double({ min: -(2 ** 30), max: 2 ** 30, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.constantFrom(0, -1e-20, 1e-20, 1 - 2 ** -33, -(2 ** -33), 2 ** 31 - 1.5, -(2 ** 31) + 1.5),
      ),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(values, (parts) => {
        const accumulator = createAccumulator(layout, encoding)
        for (const sum of parts) {
          accumulator.add(encodeUpdate({ deltas: new Float32Array(0), counts: [], sums: [sum] }, 1, layout, encoding))
        }
        const found = decodeSum(accumulator.total(), 1, layout, encoding).sums[0] ?? Number.NaN
        const expected = parts.reduce((sum, part) => sum + part, 0)
        const rounding = parts.reduce((sum, part) => sum + Math.abs(part), 0) * 2 ** -48
        expect(Math.abs(found - expected)).toBeLessThanOrEqual(parts.length * 2 ** -32 + rounding)
      }),
    )
  })
})

test('a mean weighted by rows comes out of shares, and counts and sums are added up', () => {
  const layout = { deltas: 2, counts: 2, sums: 2 }
  const parties = [
    { rows: 100, deltas: [1, -2], counts: [3, 0], sums: [0.25, -7.5] },
    { rows: 300, deltas: [3, 2], counts: [4, 2 ** 31 - 1], sums: [1e9, 2.5] },
  ]
  const accumulator = createAccumulator(layout, encoding)
  for (const { rows, deltas, counts, sums } of parties) {
    accumulator.add(encodeUpdate({ deltas: Float32Array.from(deltas), counts, sums }, rows / 800, layout, encoding))
  }
  const totals = decodeSum(accumulator.total(), 400 / 800, layout, encoding)
  expect([...totals.deltas]).toEqual([2.5, 1])
  expect([...totals.counts]).toEqual([7, 2 ** 31 - 1])
  expect([...totals.sums]).toEqual([1e9 + 0.25, -5])
})

describe('refusals name the place', () => {
  const layout = { deltas: 2, counts: 1, sums: 1 }
  const good = { deltas: Float32Array.of(0, 0), counts: [0], sums: [0] }
  const encode = (values: Partial<Record<'deltas' | 'counts' | 'sums', number[]>>, share = 1) => {
    const deltas = values.deltas === undefined ? good.deltas : Float32Array.from(values.deltas)
    return () => encodeUpdate({ ...good, ...values, deltas }, share, layout, encoding)
  }

  test.each([
    [{ deltas: [0, Number.NaN] }, 'UPDATE_NOT_FINITE', 'deltas[1]'],
    [{ deltas: [Number.NEGATIVE_INFINITY, 0] }, 'UPDATE_NOT_FINITE', 'deltas[0]'],
    [{ deltas: [0, 16] }, 'UPDATE_OVERFLOW', 'deltas[1]'],
    [{ deltas: [-3e38, 0] }, 'UPDATE_OVERFLOW', 'deltas[0]'],
    [{ counts: [2 ** 31] }, 'UPDATE_OVERFLOW', 'counts[0]'],
    [{ counts: [Number.NaN] }, 'UPDATE_NOT_FINITE', 'counts[0]'],
    [{ counts: [-1] }, 'UPDATE_COUNT_INVALID', 'counts[0]'],
    [{ counts: [0.5] }, 'UPDATE_COUNT_INVALID', 'counts[0]'],
    [{ sums: [2 ** 31] }, 'UPDATE_OVERFLOW', 'sums[0]'],
    [{ sums: [Number.NaN] }, 'UPDATE_NOT_FINITE', 'sums[0]'],
    [{ deltas: [0] }, 'UPDATE_LENGTH', 'deltas has 1'],
    [{ counts: [] }, 'UPDATE_LENGTH', 'counts has 0'],
    [{ sums: [0, 0] }, 'UPDATE_LENGTH', 'sums has 2'],
  ])('%j', (values, code, place) => {
    expect(refusal(encode(values))).toBe(code)
    expect(encode(values)).toThrow(place)
  })

  test.each([0, -0.5, 1.01, Number.NaN])('share %d', (share) => {
    expect(refusal(encode({}, share))).toBe('UPDATE_SHARE_INVALID')
  })

  test('what is refused unscaled passes with a smaller share', () => {
    expect(encode({ deltas: [20, 0] }, 0.5)()[0]).toBe(10 * 2 ** 27)
  })

  test('a sum of another length, or without a share', () => {
    expect(refusal(() => decodeSum(new Float64Array(4), 1, layout, encoding))).toBe('UPDATE_LENGTH')
    expect(refusal(() => decodeSum(new Float64Array(5), 0, layout, encoding))).toBe('UPDATE_SHARE_INVALID')
  })

  test.each([
    { deltas: -1, counts: 0, sums: 0 },
    { deltas: 0, counts: 0.5, sums: 0 },
    { deltas: 0, counts: 0, sums: Number.NaN },
    { deltas: 2 ** 26, counts: 1, sums: 0 },
  ])('layout %j', (bad) => {
    expect(refusal(() => updateBytes(bad))).toBe('UPDATE_LAYOUT_INVALID')
  })

  test('the largest layout passes', () => {
    expect(updateBytes({ deltas: 2 ** 26 - 3, counts: 1, sums: 1 })).toBe(2 ** 28)
  })
})
