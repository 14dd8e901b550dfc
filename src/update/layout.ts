/**
 * The shape of an update: one vector of int32 values in three segments, in this order.
 *
 *   deltas  one value each: share * delta, fixed point (fixed-point.ts)
 *   counts  one value each: whole numbers from 0 to 2^31 - 1
 *   sums    two values each: floor(s), then the fraction in units of 2^-31 (wide.ts)
 *
 * Both sides derive the layout from the job spec; an update never describes its own shape.
 */
import { UpdateError } from './errors.ts'

export interface UpdateLayout {
  readonly deltas: number
  readonly counts: number
  readonly sums: number
}

/** 2^26 values, 256 MiB: room for a model of 50 million parameters and its metrics. */
export const MAXIMUM_ELEMENTS = 2 ** 26

/** Number of int32 values of an update. Throws UPDATE_LAYOUT_INVALID. */
export function updateElements(layout: UpdateLayout): number {
  for (const segment of ['deltas', 'counts', 'sums'] as const) {
    const length = layout[segment]
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new UpdateError('UPDATE_LAYOUT_INVALID', `layout.${segment} is ${length}, expected a whole number from 0`)
    }
  }
  const elements = layout.deltas + layout.counts + 2 * layout.sums
  if (elements > MAXIMUM_ELEMENTS) {
    throw new UpdateError('UPDATE_LAYOUT_INVALID', `an update of ${elements} values, at most ${MAXIMUM_ELEMENTS} fit`)
  }
  return elements
}

/** Throws UPDATE_LENGTH unless `length` is the number of values of the layout; returns it. */
export function verifyLength(length: number, layout: UpdateLayout, what: string): number {
  const elements = updateElements(layout)
  if (length !== elements) {
    throw new UpdateError('UPDATE_LENGTH', `${what} has ${length} values, expected ${elements}`)
  }
  return elements
}

/** "deltas[3]" for a position in the vector: how errors name a place. */
export function placeOf(index: number, layout: UpdateLayout): string {
  if (index < layout.deltas) return `deltas[${index}]`
  const afterDeltas = index - layout.deltas
  if (afterDeltas < layout.counts) return `counts[${afterDeltas}]`
  const inSums = afterDeltas - layout.counts
  return `sums[${Math.floor(inSums / 2)}] (${inSums % 2 === 0 ? 'whole part' : 'fraction'})`
}
