/**
 * How updates travel to their sum. One interface for every way of summing:
 *
 *   seal      at the party: numbers -> the bytes that travel
 *   inspect   at the aggregator, where it may look at one update: its counts and sums
 *
 * All ways share the fixed-point numbers and the accumulator of the update room, so the same updates give bit-identical
 * sums. `tee` adds the integers in the clear inside the aggregator's TEE (src/aggregator/engine). `plain` is the same
 * arithmetic in a program that nobody attested; it exists as the baseline of benchmarks, and an aggregator refuses it
 * unless started for one.
 */
import {
  decodeSum,
  type Encoding,
  encodeUpdate,
  fromBytes,
  toBytes,
  type UpdateLayout,
  type UpdateTotals,
  type UpdateValues,
  updateBytes,
} from '../update/index.ts'

export interface Summation {
  bytes(layout: UpdateLayout): number
  seal(values: UpdateValues, share: number, layout: UpdateLayout, encoding: Encoding): Uint8Array
  /** The counts and sums of one update: only where the aggregator may look at one, to refuse what cannot be true. */
  inspect(update: Uint8Array, layout: UpdateLayout, encoding: Encoding): Omit<UpdateTotals, 'deltas'>
}

const integers: Summation = {
  bytes: updateBytes,
  seal: (values, share, layout, encoding) => toBytes(encodeUpdate(values, share, layout, encoding)),
  inspect(update, layout, encoding) {
    const tail = Float64Array.from(fromBytes(update).subarray(layout.deltas))
    return decodeSum(tail, 1, { ...layout, deltas: 0 }, encoding)
  },
}

export const summations = { tee: integers, plain: integers } as const satisfies Record<string, Summation>
