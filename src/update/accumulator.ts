/**
 * The running sum of a round: one float64 per value, so memory is that of one update whatever the number of parties.
 * Exact: see the headroom in fixed-point.ts. Updates must have passed `verifyUpdate`.
 *
 * A caller may add an update in slices and give way to other work in between. Each update's own slices follow one
 * another without gaps, those of different updates may interleave, and a sum that holds part of an update is never
 * given out. Reading the sum closes the accumulator.
 */
import { UpdateError } from './errors.ts'
import { MAXIMUM_PARTIES } from './fixed-point.ts'

export interface Accumulator {
  /** How many updates are in the sum entirely. */
  readonly updates: number
  /** Adds values[from .. to), all of them unless told otherwise. Throws UPDATE_LENGTH, UPDATE_ORDER, UPDATE_TOO_MANY. */
  add(values: Int32Array, from?: number, to?: number): void
  /** The sum itself, not a copy; nothing can be added any more. Throws UPDATE_ORDER while an update is in partly. */
  total(): Float64Array
}

/** `elements`: the number of values of each update (updateElements). */
export function createAccumulator(elements: number): Accumulator {
  const sum = new Float64Array(elements)
  const partial = new Map<Int32Array, number>()
  let updates = 0
  let closed = false

  function begin(values: Int32Array, from: number, to: number): void {
    if (closed) throw new UpdateError('UPDATE_ORDER', 'an update was added after the sum was read')
    if (values.length !== elements) {
      throw new UpdateError('UPDATE_LENGTH', `the update has ${values.length} values, expected ${elements}`)
    }
    const next = partial.get(values) ?? 0
    if (from !== next || !(to >= from && to <= elements)) {
      const slice = `values ${from} to ${to} of an update of ${elements}`
      throw new UpdateError('UPDATE_ORDER', `${slice} were added, expected a slice from ${next}`)
    }
    if (!partial.has(values) && updates + partial.size >= MAXIMUM_PARTIES) {
      throw new UpdateError('UPDATE_TOO_MANY', `a sum holds at most ${MAXIMUM_PARTIES} updates, one more was added`)
    }
  }

  return {
    get updates() {
      return updates
    },
    add(values, from = 0, to = elements) {
      begin(values, from, to)
      addSlice(sum, values, from, to)
      if (to < elements) {
        partial.set(values, to)
      } else {
        partial.delete(values)
        updates += 1
      }
    },
    total() {
      if (partial.size > 0) {
        throw new UpdateError('UPDATE_ORDER', `the sum was read while ${partial.size} update(s) were in it partly`)
      }
      closed = true
      return sum
    },
  }
}

/** The hot loop. */
function addSlice(sum: Float64Array, values: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i += 1) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
}
