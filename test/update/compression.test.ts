/** int8 and top-k: worked out by hand, exact in the sum, with error feedback, and against hostile bytes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CompressionSpec,
  compressUpdate,
  createAccumulator,
  decompressUpdate,
  encodeUpdate,
  fixedPoint,
  fromBytes,
  updateBytes,
  updateElements,
  type UpdateLayout,
} from '../../src/update/index.ts'
import { refusal } from './refusal.ts'

const encoding = { bits: 32, range: 16 }
const scale = 2 ** 27
const int8: CompressionSpec = { kind: 'int8' }
const topK = (share: number): CompressionSpec => ({ kind: 'top-k', share })
const layoutOf = (deltas: number): UpdateLayout => ({ deltas, counts: 1, sums: 1 })

function compressed(deltas: number[], compression: CompressionSpec, share = 1) {
  const layout = layoutOf(deltas.length)
  const values = { deltas: Float64Array.from(deltas), counts: [7], sums: [1.5] }
  const sent = compressUpdate(values, share, layout, encoding, compression)
  const received = () => [...decompress(sent.bytes, layout, compression)]
  return { ...sent, layout, received }
}
function decompress(bytes: Uint8Array, layout: UpdateLayout, compression: CompressionSpec, using = encoding) {
  return decompressUpdate(bytes, layout, using, compression, new Int32Array(updateElements(layout)))
}

describe('by hand', () => {
  const tail = [7, 1, 2 ** 30]

  test('int8: 254 needs exponent 1, halves go to even, and what was lost is the residual', () => {
    // In units of the fixed point: 254 / 2 = 127, -5 / 2 = -2.5 -> -2, 7 / 2 = 3.5 -> 4, 1 / 2 = 0.5 -> 0.
    const { bytes, received, residual } = compressed(
      [254, -5, 7, 1].map((q) => q / scale),
      int8,
    )
    expect([...bytes.subarray(0, 8)]).toEqual([1, 127, 254, 4, 0, 0, 0, 0])
    expect(received()).toEqual([254, -4, 8, 0, ...tail])
    expect([...residual]).toEqual([0, -1 / scale, -1 / scale, 1 / scale])
  })

  test('int8: a block of zeros, and the largest value there is, which may not round beyond the limit', () => {
    expect(compressed([0, 0], int8).received()).toEqual([0, 0, ...tail])
    const { received, bytes } = compressed([16 - 1 / scale], int8)
    expect(bytes[0]).toBe(25)
    expect(received()[0]).toBe(63 * 2 ** 25)
  })

  test('int8: each 1,024 deltas have an exponent of their own', () => {
    const deltas = Array.from({ length: 1025 }, (_, i) => (i === 1024 ? 3 : 1000) / scale)
    const { bytes, received, layout } = compressed(deltas, int8)
    expect(bytes.length).toBe(1028 + 12)
    expect(updateBytes(layout, int8)).toBe(bytes.length)
    expect([...bytes.subarray(0, 2)]).toEqual([3, 0])
    expect(received()[1024]).toBe(3)
  })

  test('top-k: the largest by magnitude, of equal ones the first, in order; the rest is the residual', () => {
    const { bytes, received, residual } = compressed(
      [1, -3, 2, 3, -2, 3].map((q) => q / scale),
      topK(0.5),
    )
    expect([...fromBytes(bytes)]).toEqual([1, 3, 5, -3, 3, 3, ...tail])
    expect(received()).toEqual([0, -3, 0, 3, 0, 3, ...tail])
    expect([...residual]).toEqual([1, 0, 2, 0, -2, 0].map((q) => q / scale))
    expect(
      [
        ...fromBytes(
          compressed(
            [5, 5, 5].map((q) => q / scale),
            topK(0.34),
          ).bytes,
        ),
      ].slice(0, 4),
    ).toEqual([0, 1, 5, 5])
  })

  test('top-k: k follows from the share alone, so zeros travel where there is nothing else', () => {
    expect([...fromBytes(compressed([0, 0, 9 / scale, 0], topK(0.5)).bytes)]).toEqual([0, 2, 0, 9, ...tail])
    expect(updateBytes(layoutOf(1000), topK(0.001))).toBe(8 + 12)
    expect(updateBytes(layoutOf(1001), topK(0.001))).toBe(16 + 12)
  })

  test('none is what encodeUpdate makes, and has no residual', () => {
    const { bytes, received, residual } = compressed([1, -1], { kind: 'none' }, 0.5)
    expect(received()).toEqual([2 ** 26, -(2 ** 26), ...tail])
    expect(bytes.length).toBe(updateBytes(layoutOf(2)))
    expect(residual.length).toBe(0)
  })

  test('the residual is unscaled: a share of a quarter loses four times as much of a delta', () => {
    expect([
      ...compressed(
        [254, 5].map((q) => (4 * q) / scale),
        int8,
        0.25,
      ).residual,
    ]).toEqual([0, 4 / scale])
  })
})

describe('laws', () => {
  const delta = fc.oneof(
    fc.double({ min: -15, max: 15, noNaN: true }),
    fc.integer({ min: -300, max: 300 }).map((q) => q / scale),
    fc.constantFrom(0, 16 - 1 / scale, 1 / scale - 16),
  )
  const deltas = fc.array(delta, { minLength: 1, maxLength: 60 })
  const any = fc.constantFrom<CompressionSpec>(int8, topK(0.1), topK(0.5), topK(1))

  test('what is received plus the residual is what was to be sent; it enters a sum like any update', () => {
    fc.assert(
      fc.property(deltas, any, fc.constantFrom(1, 0.3), (values, compression, share) => {
        const { bytes, received, residual, layout } = compressed(values, compression, share)
        expect(bytes.length).toBe(updateBytes(layout, compression))
        const accumulator = createAccumulator(layout, encoding)
        accumulator.add(Int32Array.from(received()))
        const sum = accumulator.total()
        values.forEach((value, i) => {
          const together = (sum[i] ?? Number.NaN) / (share * scale) + (residual[i] ?? Number.NaN)
          expect(together).toBeCloseTo(value, 5)
        })
      }),
    )
  })

  test('int8 errs by at most half of its unit away from the limit, top-k keeps exactly the largest', () => {
    fc.assert(
      fc.property(deltas, (values) => {
        const exact = [
          ...encodeUpdate(
            { deltas: Float64Array.from(values), counts: [7], sums: [1.5] },
            1,
            layoutOf(values.length),
            encoding,
          ),
        ]
        const largest = Math.max(...exact.slice(0, values.length).map(Math.abs))
        const { received, bytes } = compressed(values, int8)
        if (largest < fixedPoint(encoding).limit * 0.98) {
          received()
            .slice(0, values.length)
            .forEach((value, i) => {
              expect(Math.abs(value - (exact[i] ?? 0))).toBeLessThanOrEqual(2 ** (bytes[0] ?? 0) / 2)
            })
          expect(2 ** (bytes[0] ?? 0)).toBeLessThanOrEqual(Math.max(1, largest / 63))
        }
        const order = exact.slice(0, values.length).map((q, i) => ({ q, i }))
        order.sort((a, b) => Math.abs(b.q) - Math.abs(a.q) || a.i - b.i)
        const kept = new Set(order.slice(0, Math.ceil(values.length / 4)).map(({ i }) => i))
        const expected = exact.map((q, i) => (i >= values.length || kept.has(i) ? q : 0))
        expect(compressed(values, topK(0.25)).received()).toEqual(expected)
      }),
    )
  })

  test('bytes of any content are read or refused with a code, and never leave the range', () => {
    const width = { bits: 16, range: 0.75 }
    const { limit } = fixedPoint(width)
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat(255)), (compression, size, stream) => {
        const layout = layoutOf(size)
        const bytes = Uint8Array.from({ length: updateBytes(layout, compression) }, () => stream.next().value)
        let values: Int32Array
        try {
          values = decompress(bytes, layout, compression, width)
        } catch (error) {
          expect(['UPDATE_COMPRESSED_FORM', 'UPDATE_OUT_OF_RANGE']).toContain(Object(error).code)
          return
        }
        expect(values.subarray(0, size).every((value) => Math.abs(value) <= limit)).toBe(true)
      }),
    )
  })
})

describe('hostile bytes', () => {
  const changed = (compression: CompressionSpec, change: (bytes: Uint8Array, words: Int32Array) => void) => {
    const { bytes, layout } = compressed(
      [254, 5, 7, 1].map((q) => q / scale),
      compression,
    )
    change(bytes, new Int32Array(bytes.buffer))
    return refusal(() => decompress(bytes, layout, compression))
  }
  test.each<[string, CompressionSpec, (bytes: Uint8Array, words: Int32Array) => void, string]>([
    ['an exponent of 26', int8, (bytes) => bytes.set([26]), 'UPDATE_COMPRESSED_FORM'],
    ['a product beyond the limit', int8, (bytes) => bytes.set([25, 64]), 'UPDATE_OUT_OF_RANGE'],
    ['-128, which no sender makes', int8, (bytes) => bytes.set([128], 2), 'UPDATE_OUT_OF_RANGE'],
    ['padding that says something', int8, (bytes) => bytes.set([1], 7), 'UPDATE_COMPRESSED_FORM'],
    ['equal indices', topK(0.5), (_, words) => words.set([2, 2]), 'UPDATE_COMPRESSED_FORM'],
    ['falling indices', topK(0.5), (_, words) => words.set([2, 1]), 'UPDATE_COMPRESSED_FORM'],
    ['an index beyond the end', topK(0.5), (_, words) => words.set([0, 4]), 'UPDATE_COMPRESSED_FORM'],
    ['an index of 2^32 - 1', topK(0.5), (_, words) => words.set([-1, 2]), 'UPDATE_COMPRESSED_FORM'],
    ['a value beyond the limit', topK(0.5), (_, words) => words.set([-(2 ** 31)], 2), 'UPDATE_OUT_OF_RANGE'],
  ])('%s', (_name, compression, change, code) => {
    expect(changed(compression, change)).toBe(code)
  })

  test.each([int8, topK(0.5)])('another length: $kind', (compression) => {
    const { bytes, layout } = compressed([1, 2, 3, 4], compression)
    for (const length of [0, bytes.length - 4, bytes.length + 4]) {
      expect(refusal(() => decompress(new Uint8Array(length), layout, compression))).toBe('UPDATE_LENGTH')
    }
  })

  test.each([0, -1, 1.5, Number.NaN])('a share of %d', (share) => {
    expect(refusal(() => updateBytes(layoutOf(4), topK(share)))).toBe('UPDATE_COMPRESSION_INVALID')
  })
})
