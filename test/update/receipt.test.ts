/** What the aggregator does with bytes from outside: read, verify in slices, add. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAccumulator,
  encodeUpdate,
  fromBytes,
  MAXIMUM_PARTIES,
  toBytes,
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

  test('slices find what the whole finds, in exactly the slice that has it', () => {
    const cases = fc.record({
      at: fc.nat(updateElements(layout) - 1),
      size: fc.integer({ min: 1, max: 10 }),
    })
    fc.assert(
      fc.property(cases, ({ at, size }) => {
        const bad = withValue(at, -(2 ** 31))
        for (let from = 0; from < bad.length; from += size) {
          const slice = () => verifyUpdate(bad, layout, encoding, from, from + size)
          if (at >= from && at < from + size) expect(slice).toThrow()
          else slice()
        }
      }),
    )
  })

  test.each([0, 8, 10])('%d values for a layout of 9', (length) => {
    expect(refusal(() => verifyUpdate(new Int32Array(length), layout, encoding, 0, 0))).toBe('UPDATE_LENGTH')
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
  test('updates in slices, interleaved, count once each and only when complete', () => {
    const accumulator = createAccumulator(4)
    const [a, b] = [Int32Array.of(1, 2, 3, 4), Int32Array.of(10, 20, 30, 40)]
    accumulator.add(a, 0, 2)
    accumulator.add(b, 0, 3)
    expect(accumulator.updates).toBe(0)
    expect(refusal(() => accumulator.total())).toBe('UPDATE_ORDER')
    accumulator.add(b, 3, 4)
    accumulator.add(a, 2)
    expect(accumulator.updates).toBe(2)
    expect([...accumulator.total()]).toEqual([11, 22, 33, 44])
  })

  test('refuses gaps, repeats, and slices beyond the end', () => {
    const accumulator = createAccumulator(4)
    const one = new Int32Array(4)
    expect(refusal(() => accumulator.add(one, 1, 4))).toBe('UPDATE_ORDER')
    expect(refusal(() => accumulator.add(one, 0, 5))).toBe('UPDATE_ORDER')
    accumulator.add(one, 0, 2)
    expect(refusal(() => accumulator.add(one, 0, 2))).toBe('UPDATE_ORDER')
    expect(refusal(() => accumulator.add(one, 3, 4))).toBe('UPDATE_ORDER')
    expect(refusal(() => accumulator.add(one, 2, 1))).toBe('UPDATE_ORDER')
  })

  test('refuses another length, and an update after the sum was read', () => {
    const accumulator = createAccumulator(4)
    expect(refusal(() => accumulator.add(new Int32Array(3)))).toBe('UPDATE_LENGTH')
    accumulator.total()
    expect(refusal(() => accumulator.add(new Int32Array(4)))).toBe('UPDATE_ORDER')
  })

  test('holds 1,024 updates, those in it partly included', () => {
    const accumulator = createAccumulator(2)
    const partly = new Int32Array(2)
    accumulator.add(partly, 0, 1)
    for (let party = 1; party < MAXIMUM_PARTIES; party += 1) accumulator.add(new Int32Array(2))
    expect(refusal(() => accumulator.add(new Int32Array(2)))).toBe('UPDATE_TOO_MANY')
    accumulator.add(partly, 1, 2)
    expect(accumulator.updates).toBe(MAXIMUM_PARTIES)
  })
})
