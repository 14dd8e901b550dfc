/** What the aggregator does with bytes from outside: read, verify, add. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAccumulator,
  encodeUpdate,
  fromBytes,
  MAXIMUM_PARTIES,
  toBytes,
  UpdateError,
  updateElements,
  verifyUpdate,
} from '../../src/update/index.ts'
import { fromBytes as fromBytesOn, toBytes as toBytesOn } from '../../src/update/bytes.ts'
import { refusal } from './refusal.ts'

const layout = { deltas: 3, counts: 2, sums: 2 }
const encoding = { bits: 16, range: 1 }
const values = { deltas: Float32Array.of(0.5, -0.999, 0), counts: [0, 2 ** 31 - 1], sums: [-3.25, 2 ** 30] }
const update = () => encodeUpdate(values, 1, layout, encoding)
const withValue = (at: number, value: number) => {
  const changed = update()
  changed[at] = value
  return changed
}

describe('verifyUpdate', () => {
  test('takes whatever encodeUpdate makes', () => {
    const fractions = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
    const bits = fc.integer({ min: 8, max: 32 })
    fc.assert(
      fc.property(fractions, bits, fc.constantFrom(1, 3, 10), (parts, width, range) => {
        const using = { bits: width, range }
        const deltas = Float64Array.from(parts, (part) => part * range * 0.99)
        verifyUpdate(encodeUpdate({ ...values, deltas }, 1, layout, using), layout, using)
      }),
    )
  })

  test.each([
    [0, 2 ** 15, 'UPDATE_OUT_OF_RANGE', 'deltas[0]'],
    [2, -(2 ** 15), 'UPDATE_OUT_OF_RANGE', 'deltas[2]'],
    [3, -1, 'UPDATE_COUNT_INVALID', 'counts[0]'],
    [5, -(2 ** 31), 'UPDATE_OUT_OF_RANGE', 'sums[0] (whole part)'],
    [8, -1, 'UPDATE_OUT_OF_RANGE', 'sums[1] (fraction)'],
  ])('value %d = %d: %s', (at, value, code, place) => {
    const bad = withValue(at, value)
    expect(refusal(() => verifyUpdate(bad, layout, encoding))).toBe(code)
    expect(() => verifyUpdate(bad, layout, encoding)).toThrow(place)
  })

  test('a declared range below the power of two holds on receipt too', () => {
    const narrow = { bits: 16, range: 0.75 }
    verifyUpdate(withValue(0, 0.75 * 2 ** 15), layout, { ...encoding })
    expect(refusal(() => verifyUpdate(withValue(0, 0.75 * 2 ** 15 + 1), layout, narrow))).toBe('UPDATE_OUT_OF_RANGE')
  })

  test.each([0, 8, 10])('%d values for a layout of 9', (length) => {
    expect(refusal(() => verifyUpdate(new Int32Array(length), layout, encoding))).toBe('UPDATE_LENGTH')
  })
})

describe('bytes', () => {
  test('are little-endian two’s complement', () => {
    expect([...toBytes(Int32Array.of(1, -2))]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff])
    // On a host of the other byte order each value is swapped on the way out and in.
    expect([...toBytesOn(Int32Array.of(1), false)]).toEqual([0, 0, 0, 1])
    expect([...fromBytesOn(Uint8Array.of(0, 0, 0, 1), false)]).toEqual([1])
  })

  test('round trip, also out of the middle of a buffer', () => {
    const original = update()
    expect(fromBytes(toBytes(original))).toEqual(original)
    const moved = new Uint8Array(toBytes(original).length + 1)
    moved.set(toBytes(original), 1)
    expect(fromBytes(moved.subarray(1))).toEqual(original)
    expect(toBytes(original.subarray(2, 4))).toHaveLength(8)
  })

  test.each([1, 2, 3, 41])('%d bytes are not whole values', (length) => {
    expect(refusal(() => fromBytes(new Uint8Array(length)))).toBe('UPDATE_LENGTH')
  })
})

describe('accumulator', () => {
  const before = update().map((value) => value >> 1)

  test('refuses another length, and an update after the sum was read', () => {
    const accumulator = createAccumulator(layout, encoding)
    expect(refusal(() => accumulator.add(new Int32Array(8)))).toBe('UPDATE_LENGTH')
    accumulator.total()
    expect(refusal(() => accumulator.add(update()))).toBe('UPDATE_ORDER')
  })

  test('holds 1,024 updates', () => {
    const accumulator = createAccumulator(layout, encoding)
    for (let party = 0; party < MAXIMUM_PARTIES; party += 1) accumulator.add(update())
    expect(refusal(() => accumulator.add(update()))).toBe('UPDATE_TOO_MANY')
    expect(accumulator.updates).toBe(MAXIMUM_PARTIES)
  })

  test('refuses what verifyUpdate refuses, with the same words, and then holds exactly what it held', () => {
    const anyValue = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.constantFrom(-1, -(2 ** 31), 2 ** 15),
    )
    const hostile = fc.array(fc.record({ at: fc.nat(updateElements(layout) - 1), value: anyValue }), { maxLength: 3 })
    fc.assert(
      fc.property(hostile, (changes) => {
        const values = update()
        for (const { at, value } of changes) values[at] = value
        const expected = errorOf(() => verifyUpdate(values, layout, encoding))
        const accumulator = createAccumulator(layout, encoding)
        accumulator.add(before)
        expect(errorOf(() => accumulator.add(values))).toEqual(expected)
        expect(accumulator.updates).toBe(expected === undefined ? 2 : 1)
        const sum = [...before].map((value, i) => value + (expected === undefined ? (values[i] ?? 0) : 0))
        expect([...accumulator.total()]).toEqual(sum)
      }),
    )
  })
})

describe('two updates in one pass', () => {
  test('give the sum of one after the other, or leave it exactly as it was', () => {
    const change = fc.record({
      at: fc.nat(updateElements(layout) - 1),
      value: fc.constantFrom(0, 7, -7, -1, 2 ** 15, -(2 ** 31), 2 ** 31 - 1),
    })
    const changed = (edits: { at: number; value: number }[]) => {
      const values = update()
      for (const { at, value } of edits) values[at] = value
      return values
    }
    const edits = fc.array(change, { maxLength: 2 })
    fc.assert(
      fc.property(edits, edits, (first, second) => {
        const [a, b] = [changed(first), changed(second)]
        const apart = createAccumulator(layout, encoding)
        apart.add(update())
        const refused = [a, b].filter((values) => errorOf(() => apart.add(values)) !== undefined)
        const together = createAccumulator(layout, encoding)
        together.add(update())
        expect(together.addBoth(a, b)).toBe(refused.length === 0)
        expect(together.updates).toBe(refused.length === 0 ? 3 : 1)
        expect([...together.total()]).toEqual(refused.length === 0 ? [...apart.total()] : [...update()])
      }),
    )
  })

  test('are not added to a sum that was read, is full, or has another length', () => {
    const accumulator = createAccumulator(layout, encoding)
    expect(accumulator.addBoth(update(), new Int32Array(8))).toBe(false)
    for (let party = 1; party < MAXIMUM_PARTIES; party += 1) accumulator.add(update())
    expect(accumulator.addBoth(update(), update())).toBe(false)
    const read = createAccumulator(layout, encoding)
    read.total()
    expect(read.addBoth(update(), update())).toBe(false)
  })
})

function errorOf(action: () => unknown): { code: string; message: string } | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof UpdateError) return { code: error.code, message: error.message }
    throw error
  }
}
