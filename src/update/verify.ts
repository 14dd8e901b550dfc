/**
 * The hostile check on receipt: may this vector enter the sum? It asks only what one update can show: the length, the
 * declared range of each delta, no negative count, well-formed wide sums. Whether the values are honest it cannot tell.
 */
import { UpdateError } from './errors.ts'
import { type Encoding, fixedPoint } from './fixed-point.ts'
import { placeOf, type UpdateLayout, verifyLength } from './layout.ts'

/** Throws UPDATE_LENGTH, UPDATE_OUT_OF_RANGE, UPDATE_COUNT_INVALID. */
export function verifyUpdate(values: Int32Array, layout: UpdateLayout, encoding: Encoding): void {
  verifyLength(values.length, layout, 'the update')
  const { limit } = fixedPoint(encoding)
  const delta = firstOutside(values, -limit, limit, 0, layout.deltas)
  if (delta >= 0) throw deltaOutside(values, delta, layout, limit)
  verifyTail(values, layout)
}

export function deltaOutside(values: Int32Array, at: number, layout: UpdateLayout, limit: number): UpdateError {
  return outside(values, at, layout, `-${limit} to ${limit}`)
}

/** Counts and sums alone, of an update of the right length. Throws UPDATE_OUT_OF_RANGE, UPDATE_COUNT_INVALID. */
export function verifyTail(values: Int32Array, layout: UpdateLayout): void {
  const countsEnd = layout.deltas + layout.counts
  const count = firstOutside(values, 0, LARGEST, layout.deltas, countsEnd)
  if (count >= 0) {
    const found = `${placeOf(count, layout)} is ${values[count]}, expected a whole number from 0`
    throw new UpdateError('UPDATE_COUNT_INVALID', found)
  }
  for (let i = countsEnd; i < values.length; i += 1) {
    const smallest = (i - countsEnd) % 2 === 0 ? -LARGEST : 0
    if ((values[i] ?? Number.NaN) < smallest) throw outside(values, i, layout, `${smallest} to ${LARGEST}`)
  }
}

const LARGEST = 2 ** 31 - 1

/** The hot loop. Index of the first value outside [smallest, largest] in [from, to), or -1. */
function firstOutside(values: Int32Array, smallest: number, largest: number, from: number, to: number): number {
  for (let i = from; i < to; i += 1) {
    const value = values[i] ?? 0
    if (value < smallest || value > largest) return i
  }
  return -1
}

function outside(values: Int32Array, at: number, layout: UpdateLayout, expected: string): UpdateError {
  return new UpdateError('UPDATE_OUT_OF_RANGE', `${placeOf(at, layout)} is ${values[at]}, expected ${expected}`)
}
