/**
 * Round 0: each party sends sums over its rows, from which the mean and deviation of the federation follow.
 *
 * Per input column a party sends three exact numbers: n, the rows where the value is present; S = sum of k; Q = sum of
 * k^2; where k = round-half-even(u * 2^44) and u = (x - minimum) / (maximum - minimum), 0 to 1. They travel as counts,
 * limbs of 31 bits with the lowest first:
 *
 *   n      < 2^31                      1 limb
 *   S      <= 2^31 * 2^44 = 2^75       3 limbs
 *   Q      <= 2^31 * 2^88 = 2^119      4 limbs
 *
 * Why whole numbers: the variance is a difference of two nearly equal numbers, and sums rounded to a fixed fraction
 * lose it (an income in 0..1e7 has u = 0.004). With whole numbers nothing is lost after k: mean and deviation do not
 * depend, bit for bit, on how the rows are spread over parties, and a column is constant if and only if n Q = S^2. The
 * rounding of k errs by 2^-45 of the declared range.
 */
import type { UpdateLayout, UpdateValues } from '../update/index.ts'
import { type EncodedColumn, encodedColumns, type FeatureColumn } from './columns.ts'
import { LearningError } from './errors.ts'

const ROOT = 2 ** 22
/** u = 1 in units of k. */
export const UNIT = ROOT * ROOT
const SUM_LIMBS = 3
const SQUARE_LIMBS = 4
/** Counts per column: n, S, Q. */
export const COUNTS_PER_COLUMN = 1 + SUM_LIMBS + SQUARE_LIMBS
/** k = a * 2^22 + b with a <= 2^22: sums of a^2, ab, b^2 and k over 256 rows stay within 2^52, exact in float64. */
const BLOCK = 256
/** See fixed-point.ts in the update room: rounds |x| <= 2^51 to the nearest whole number, ties to even. */
const ROUNDING = 1.5 * 2 ** 52

/** n, S and Q of one column over any number of rows. */
export interface ColumnSums {
  readonly present: bigint
  readonly sum: bigint
  readonly squares: bigint
}

/** Counts only: 8 per input column, in the order of `encodedColumns`. */
export function statisticsLayout(features: readonly FeatureColumn[]): UpdateLayout {
  return { deltas: 0, counts: COUNTS_PER_COLUMN * encodedColumns(features).length, sums: 0 }
}

/**
 * One party's statistics. `raw`: rows * inputs values, row by row, in data units; NaN = missing.
 * Throws LEARNING_SHAPE; LEARNING_VALUE_OUT_OF_RANGE naming row (from 0) and column.
 */
export function statisticsUpdate(features: readonly FeatureColumn[], raw: Float32Array, rows: number): UpdateValues {
  const columns = encodedColumns(features)
  const inputs = columns.length
  if (raw.length !== rows * inputs || rows >= 2 ** 31) {
    throw new LearningError('LEARNING_SHAPE', `${raw.length} values for ${rows} rows of ${inputs} input columns`)
  }
  const totals = columns.map(() => ({ present: 0n, sum: 0n, squares: 0n }))
  for (let first = 0; first < rows; first += BLOCK) {
    const last = Math.min(first + BLOCK, rows)
    for (const [at, column] of columns.entries()) {
      const block = blockSums(raw, inputs, at, column, first, last)
      const total = totals[at]
      if (total === undefined) continue
      total.present += block.present
      total.sum += block.sum
      total.squares += block.squares
    }
  }
  const counts = totals.flatMap(({ present, sum, squares }) => [
    Number(present),
    ...toLimbs(sum, SUM_LIMBS),
    ...toLimbs(squares, SQUARE_LIMBS),
  ])
  return { deltas: new Float64Array(0), counts, sums: [] }
}

/** n, S and Q of one column from its summed counts. `counts`: those of all columns; `at`: the column's index. */
export function columnSums(counts: ArrayLike<number>, at: number): ColumnSums {
  const start = at * COUNTS_PER_COLUMN
  return {
    present: fromLimbs(counts, start, 1),
    sum: fromLimbs(counts, start + 1, SUM_LIMBS),
    squares: fromLimbs(counts, start + 1 + SUM_LIMBS, SQUARE_LIMBS),
  }
}

function blockSums(
  raw: Float32Array,
  inputs: number,
  at: number,
  column: EncodedColumn,
  first: number,
  last: number,
): ColumnSums {
  const { minimum, maximum } = column
  const span = maximum - minimum
  // The declared ends as float32, as the values are: 0.1 in float32 lies above 0.1.
  const [low, high] = [Math.fround(minimum), Math.fround(maximum)]
  let [present, sum, high2, cross, low2] = [0, 0, 0, 0, 0]
  for (let row = first; row < last; row += 1) {
    const x = raw[row * inputs + at] ?? Number.NaN
    if (Number.isNaN(x)) continue
    if (x < low || x > high) {
      const found = `row ${row} of input column ${column.name} is ${x}, expected ${minimum} to ${maximum}`
      throw new LearningError('LEARNING_VALUE_OUT_OF_RANGE', found)
    }
    const k = Math.min(Math.max((x - minimum) / span, 0), 1) * UNIT + ROUNDING - ROUNDING
    const a = Math.floor(k / ROOT)
    const b = k - a * ROOT
    present += 1
    sum += k
    high2 += a * a
    cross += a * b
    low2 += b * b
  }
  const squares = (BigInt(high2) << 44n) + (BigInt(cross) << 23n) + BigInt(low2)
  return { present: BigInt(present), sum: BigInt(sum), squares }
}

function toLimbs(value: bigint, limbs: number): number[] {
  return Array.from({ length: limbs }, (_, i) => Number((value >> BigInt(31 * i)) & 0x7fffffffn))
}

/** Summed limbs reach 1,024 * 2^31 and overlap; the sum puts them right. */
function fromLimbs(counts: ArrayLike<number>, start: number, limbs: number): bigint {
  let value = 0n
  for (let i = limbs - 1; i >= 0; i -= 1) value = (value << 31n) + BigInt(counts[start + i] ?? 0)
  return value
}
