/**
 * How updates become their sum. One interface for every way of summing:
 *
 *   seal  at the party: numbers -> the bytes that travel
 *   add   at the aggregator: bytes into the sum, as they arrive; memory is one sum, whatever the number of parties
 *   open  who may see the sum: bytes -> weighted mean of the deltas, totals of counts and sums
 *
 * All ways share the fixed-point numbers of the update room, so the same updates give bit-identical results.
 * `tee` adds the integers in the clear inside the aggregator's TEE. `plain` is the same arithmetic in a program that
 * nobody attested; it exists as the baseline of benchmarks, and an aggregator refuses it unless started for one.
 */
import {
  createAccumulator,
  decodeSum,
  type Encoding,
  encodeUpdate,
  fromBytes,
  toBytes,
  type UpdateLayout,
  type UpdateValues,
  updateBytes,
  verifyUpdate,
} from '../update/index.ts'
import { RoundError } from './errors.ts'

export interface SumTotals {
  /** Weighted mean, one per parameter. */
  readonly deltas: Float64Array
  readonly counts: Float64Array
  readonly sums: Float64Array
}

/**
 * A sum in progress. `verify` and `add` are generators that the caller runs to their end. `verify` must have run to its end before `add` begins, and one `add` runs to
 * its end before another begins: an update counts entirely or not at all.
 */
export interface Sum {
  readonly updates: number
  /** @throws UpdateError for bytes that are not an update of this layout and encoding. */
  verify(update: Uint8Array): Generator<undefined, void>
  /** @param weight training rows behind the update: whole numbers, so that the order of arrival changes no bit. */
  add(update: Uint8Array, weight: number): Generator<undefined, void>
  /**
   * @param weightUnit what the parties divided their rows by to get the share they sealed with
   * @throws RoundError ROUND_BELOW_MINIMUM under `minimumParties` updates
   */
  open(minimumParties: number, weightUnit: number): SumTotals
}

export interface Summation {
  bytes(layout: UpdateLayout): number
  seal(values: UpdateValues, share: number, layout: UpdateLayout, encoding: Encoding): Uint8Array
  createSum(layout: UpdateLayout, encoding: Encoding): Sum
  /** The counts and sums of one update: only where the aggregator may look at one, to refuse what cannot be true. */
  inspect(update: Uint8Array, layout: UpdateLayout, encoding: Encoding): Omit<SumTotals, 'deltas'>
}

const integers: Summation = {
  bytes: updateBytes,
  seal: (values, share, layout, encoding) => toBytes(encodeUpdate(values, share, layout, encoding)),
  inspect(update, layout, encoding) {
    const tail = Float64Array.from(fromBytes(update).subarray(layout.deltas))
    return decodeSum(tail, 1, { ...layout, deltas: 0 }, encoding)
  },
  createSum(layout, encoding) {
    const accumulator = createAccumulator(layout, encoding)
    let weights = 0
    return {
      get updates() {
        return accumulator.updates
      },
      *verify(update) {
        verifyUpdate(fromBytes(update), layout, encoding)
        yield
      },
      *add(update, weight) {
        accumulator.add(fromBytes(update))
        weights += weight
        yield
      },
      open(minimumParties, weightUnit) {
        if (accumulator.updates < minimumParties) {
          const text = `a sum of ${accumulator.updates} parties is not released; the job's minimum is ${minimumParties}`
          throw new RoundError('ROUND_BELOW_MINIMUM', text)
        }
        return decodeSum(accumulator.total(), weights / weightUnit, layout, encoding)
      },
    }
  },
}

export const summations = { tee: integers, plain: integers } as const satisfies Record<string, Summation>
export type SummationKind = keyof typeof summations
