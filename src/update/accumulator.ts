/**
 * The running sum of a round: one float64 per value, so memory is that of one update whatever the number of parties.
 * Exact: see the headroom in fixed-point.ts.
 *
 * An update is verified and added in one pass, because either alone is bound by memory: a value is looked at while it
 * is in a register. A bad value ends the pass, and what was added before it is subtracted again. These are whole
 * numbers within the headroom, so the sum is then, bit for bit, what it was.
 */
import { UpdateError } from './errors.ts'
import { type Encoding, fixedPoint, MAXIMUM_PARTIES } from './fixed-point.ts'
import { type UpdateLayout, updateElements, verifyLength } from './layout.ts'
import { deltaOutside, verifyTail } from './verify.ts'

export interface Accumulator {
  /** How many updates are in the sum. */
  readonly updates: number
  /**
   * Verifies and adds one update, entirely or not at all.
   * Throws what verifyUpdate throws; UPDATE_ORDER after the sum was read, UPDATE_TOO_MANY.
   */
  add(values: Int32Array): void
  /**
   * Both or neither, and whether it was both: two updates in one pass are a third faster than one after the other,
   * because the sum goes through memory once. Where it was neither, `add` says of each what is wrong with it.
   */
  addBoth(first: Int32Array, second: Int32Array): boolean
  /** The sum itself, not a copy; nothing can be added any more. */
  total(): Float64Array
}

/**
 * `memory`: of an earlier sum of the same length that nobody looks at any more, for the new one.
 * Throws UPDATE_LAYOUT_INVALID, UPDATE_ENCODING_INVALID, UPDATE_LENGTH.
 */
export function createAccumulator(layout: UpdateLayout, encoding: Encoding, memory?: Float64Array): Accumulator {
  if (memory) verifyLength(memory.length, layout, 'the memory')
  const sum = memory?.fill(0) ?? new Float64Array(updateElements(layout))
  const { limit } = fixedPoint(encoding)
  let updates = 0
  let closed = false
  return {
    get updates() {
      return updates
    },
    add(values) {
      if (closed) throw new UpdateError('UPDATE_ORDER', 'an update was added after the sum was read')
      if (updates >= MAXIMUM_PARTIES) {
        throw new UpdateError('UPDATE_TOO_MANY', `a sum holds at most ${MAXIMUM_PARTIES} updates, one more was added`)
      }
      verifyLength(values.length, layout, 'the update')
      const bad = addWithin(sum, values, limit, layout.deltas)
      try {
        if (bad >= 0) throw deltaOutside(values, bad, layout, limit)
        verifyTail(values, layout)
      } catch (error) {
        subtract(sum, values, bad >= 0 ? bad : layout.deltas)
        throw error
      }
      addFrom(sum, values, layout.deltas)
      updates += 1
    },
    addBoth(first, second) {
      const fits = first.length === sum.length && second.length === sum.length && updates + 2 <= MAXIMUM_PARTIES
      if (closed || !fits || !hasValidTail(first, layout) || !hasValidTail(second, layout)) return false
      const bad = addBothWithin(sum, first, second, limit, layout.deltas)
      if (bad >= 0) {
        subtract(sum, first, bad)
        subtract(sum, second, bad)
        return false
      }
      addFrom(sum, first, layout.deltas)
      addFrom(sum, second, layout.deltas)
      updates += 2
      return true
    },
    total() {
      closed = true
      return sum
    },
  }
}

/** The hot loop. Index of the first value of magnitude above `limit` before `end`, up to which all are added, or -1. */
function addWithin(sum: Float64Array, values: Int32Array, limit: number, end: number): number {
  for (let i = 0; i < end; i += 1) {
    const value = values[i] ?? 0
    if (value < -limit || value > limit) return i
    sum[i] = (sum[i] ?? 0) + value
  }
  return -1
}

/** The same for two. */
function addBothWithin(sum: Float64Array, a: Int32Array, b: Int32Array, limit: number, end: number): number {
  for (let i = 0; i < end; i += 1) {
    const p = a[i] ?? 0
    const q = b[i] ?? 0
    if (p < -limit || p > limit || q < -limit || q > limit) return i
    sum[i] = (sum[i] ?? 0) + p + q
  }
  return -1
}

function addFrom(sum: Float64Array, values: Int32Array, from: number): void {
  for (let i = from; i < values.length; i += 1) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
}

function hasValidTail(values: Int32Array, layout: UpdateLayout): boolean {
  try {
    verifyTail(values, layout)
    return true
  } catch (error) {
    if (error instanceof UpdateError) return false
    throw error
  }
}

function subtract(sum: Float64Array, values: Int32Array, end: number): void {
  for (let i = 0; i < end; i += 1) sum[i] = (sum[i] ?? 0) - (values[i] ?? 0)
}
