/**
 * A party encodes its values; whoever holds the sum decodes it. Encoding refuses whatever it cannot hold (NaN, infinity,
 * a value beyond the range) and names segment and index: nothing wraps, nothing saturates.
 */
import { UpdateError } from './errors.ts'
import { type Encoding, fixedPoint, ROUNDING } from './fixed-point.ts'
import { placeOf, type UpdateLayout, updateElements, verifyLength } from './layout.ts'
import { decodeWide, encodeWide, WIDE_LIMIT } from './wide.ts'

/** `deltas`: trained - incoming parameters, unscaled; `counts`: whole numbers; `sums`: sums over rows. */
export interface UpdateValues {
  readonly deltas: Float32Array | Float64Array
  readonly counts: ArrayLike<number>
  readonly sums: ArrayLike<number>
}

/** Totals over the contributors: `deltas` is their mean weighted by share, counts and sums are added up. */
export interface UpdateTotals {
  readonly deltas: Float64Array
  readonly counts: Float64Array
  readonly sums: Float64Array
}

const LARGEST_COUNT = 2 ** 31 - 1

/**
 * One party's update as int32 values. `share` = rows / weight unit, in (0, 1]; it scales the deltas only.
 * Throws UPDATE_LENGTH, UPDATE_SHARE_INVALID, UPDATE_NOT_FINITE, UPDATE_OVERFLOW, UPDATE_COUNT_INVALID.
 */
export function encodeUpdate(
  values: UpdateValues,
  share: number,
  layout: UpdateLayout,
  encoding: Encoding,
): Int32Array {
  const { scale, limit } = fixedPoint(encoding)
  if (!(share > 0 && share <= 1)) {
    throw new UpdateError('UPDATE_SHARE_INVALID', `share is ${share}, expected above 0 and at most 1`)
  }
  const elements = updateElements(layout)
  for (const segment of ['deltas', 'counts', 'sums'] as const) {
    if (values[segment].length !== layout[segment]) {
      const found = `${segment} has ${values[segment].length} values, expected ${layout[segment]}`
      throw new UpdateError('UPDATE_LENGTH', found)
    }
  }
  const out = new Int32Array(elements)
  const refused = encodeDeltas(values.deltas, share * scale, limit, out)
  if (refused >= 0) throw refusal(values.deltas[refused], refused, layout, `share * delta within ${encoding.range}`)
  encodeCounts(values.counts, layout, out)
  encodeSums(values.sums, layout, out)
  return out
}

/** The hot loop, 10^7 elements and more. Returns the index of the first value that does not fit, or -1. */
function encodeDeltas(deltas: Float32Array | Float64Array, factor: number, limit: number, out: Int32Array): number {
  const length = deltas.length
  for (let i = 0; i < length; i += 1) {
    const q = (deltas[i] ?? Number.NaN) * factor + ROUNDING - ROUNDING
    if (!(q >= -limit && q <= limit)) return i
    out[i] = q
  }
  return -1
}

function encodeCounts(counts: ArrayLike<number>, layout: UpdateLayout, out: Int32Array): void {
  for (let i = 0; i < layout.counts; i += 1) {
    const count = counts[i] ?? Number.NaN
    const at = layout.deltas + i
    if (!Number.isFinite(count) || count > LARGEST_COUNT) throw refusal(count, at, layout, `0 to ${LARGEST_COUNT}`)
    if (!Number.isInteger(count) || count < 0) {
      throw new UpdateError(
        'UPDATE_COUNT_INVALID',
        `${placeOf(at, layout)} is ${count}, expected a whole number from 0`,
      )
    }
    out[at] = count
  }
}

function encodeSums(sums: ArrayLike<number>, layout: UpdateLayout, out: Int32Array): void {
  for (let i = 0; i < layout.sums; i += 1) {
    const sum = sums[i] ?? Number.NaN
    const at = layout.deltas + layout.counts + 2 * i
    if (!(Math.abs(sum) < WIDE_LIMIT)) throw refusal(sum, at, layout, `magnitude below ${WIDE_LIMIT}`)
    encodeWide(sum, out, at)
  }
}

function refusal(value: number | undefined, at: number, layout: UpdateLayout, expected: string): UpdateError {
  const code = Number.isFinite(value) ? 'UPDATE_OVERFLOW' : 'UPDATE_NOT_FINITE'
  return new UpdateError(code, `${placeOf(at, layout)} is ${value}, expected ${expected}`)
}

/**
 * `sum`: the added int32 values of all contributors (Accumulator.total); `totalShare`: the sum of their shares, above 0.
 * The deltas are divided by totalShare, which makes them the mean over those who did contribute. They take the place of
 * the sum, which is used up: for a large model, new memory costs more time than the division.
 * Throws UPDATE_LENGTH, UPDATE_SHARE_INVALID.
 */
export function decodeSum(
  sum: Float64Array,
  totalShare: number,
  layout: UpdateLayout,
  encoding: Encoding,
): UpdateTotals {
  verifyLength(sum.length, layout, 'the sum')
  if (!(totalShare > 0 && Number.isFinite(totalShare))) {
    throw new UpdateError('UPDATE_SHARE_INVALID', `the total share is ${totalShare}, expected above 0`)
  }
  const divisor = fixedPoint(encoding).scale * totalShare
  const deltas = sum.subarray(0, layout.deltas)
  for (let i = 0; i < layout.deltas; i += 1) deltas[i] = (deltas[i] ?? Number.NaN) / divisor
  const countsEnd = layout.deltas + layout.counts
  const sums = Float64Array.from({ length: layout.sums }, (_, i) =>
    decodeWide(sum[countsEnd + 2 * i] ?? Number.NaN, sum[countsEnd + 2 * i + 1] ?? Number.NaN),
  )
  return { deltas, counts: sum.slice(layout.deltas, countsEnd), sums }
}
