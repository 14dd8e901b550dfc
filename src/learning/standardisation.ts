/**
 * Mean and deviation of each input column over the training rows of all parties, and their use: x becomes
 * (x - mean) / deviation, a missing value becomes 0, which is the mean.
 */
import { type EncodedColumn, encodedColumns, type FeatureColumn } from './columns.ts'
import { LearningError } from './errors.ts'
import { COUNTS_PER_COLUMN, columnSums, UNIT } from './statistics.ts'

/** Mean and standard deviation of each encoded input column over the training rows of all parties; equal lengths. */
export interface Standardisation {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

/**
 * From the totals of the statistics round (`statisticsLayout`), in data units. The deviation is that of the population
 * (divided by n). A column that is constant over the federation has deviation 0; one that is missing everywhere has
 * its declared minimum as mean, and deviation 0. Throws LEARNING_SHAPE, LEARNING_TOTALS_INVALID.
 */
export function standardisationFrom(
  features: readonly FeatureColumn[],
  totals: { readonly counts: ArrayLike<number>; readonly sums: ArrayLike<number> },
): Standardisation {
  const columns = encodedColumns(features)
  if (totals.counts.length !== columns.length * COUNTS_PER_COLUMN) {
    const found = `${totals.counts.length} counts, expected ${columns.length * COUNTS_PER_COLUMN}`
    throw new LearningError('LEARNING_SHAPE', `the statistics of ${columns.length} input columns have ${found}`)
  }
  const moments = columns.map((column, at) => momentsOf(column, totals.counts, at))
  return { mean: moments.map(({ mean }) => mean), deviation: moments.map(({ deviation }) => deviation) }
}

/**
 * Without looking at any row, for jobs with differential privacy: a column of numbers as if its values were spread
 * evenly over the declared range, mean (minimum + maximum) / 2 and deviation (maximum - minimum) / sqrt(12); the 0 and 1
 * of categories and indicators as they are. It costs no privacy, and the narrower the declared ranges the better it is.
 */
export function declaredStandardisation(features: readonly FeatureColumn[]): Standardisation {
  const columns = encodedColumns(features).map(({ minimum, maximum, holds }) =>
    holds.kind === 'number'
      ? { mean: (minimum + maximum) / 2, deviation: (maximum - minimum) / Math.sqrt(12) }
      : { mean: 0, deviation: 1 },
  )
  return { mean: columns.map(({ mean }) => mean), deviation: columns.map(({ deviation }) => deviation) }
}

/**
 * One party's statistics, before they enter the sum: could they come from `rows` real rows?
 * Throws LEARNING_SHAPE, LEARNING_TOTALS_INVALID naming the column.
 */
export function verifyStatistics(
  features: readonly FeatureColumn[],
  totals: { readonly counts: ArrayLike<number>; readonly sums: ArrayLike<number> },
  rows: number,
): void {
  standardisationFrom(features, totals)
  for (const [at, { name }] of encodedColumns(features).entries()) {
    const { present } = columnSums(totals.counts, at)
    if (present <= BigInt(rows)) continue
    throw new LearningError('LEARNING_TOTALS_INVALID', `${present} values of input column ${name} in ${rows} rows`)
  }
}

function momentsOf(column: EncodedColumn, counts: ArrayLike<number>, at: number): { mean: number; deviation: number } {
  const { present, sum, squares } = columnSums(counts, at)
  const span = column.maximum - column.minimum
  // n^2 times the variance, exact; negative for no set of real numbers (Cauchy and Schwarz). With k <= UNIT also
  // Q <= UNIT S; both together keep the mean within the declared range.
  const spread = present * squares - sum * sum
  if (spread < 0n || squares > sum * BigInt(UNIT)) {
    throw new LearningError('LEARNING_TOTALS_INVALID', `the sums of input column ${column.name} contradict each other`)
  }
  if (present === 0n) return { mean: column.minimum, deviation: 0 }
  const rows = Number(present)
  return {
    mean: column.minimum + span * (Number(sum) / UNIT / rows),
    deviation: span * (Math.sqrt(Number(spread)) / UNIT / rows),
  }
}

/**
 * `raw`: rows * inputs values in data units, row by row, NaN = missing; the result has the same shape and no units.
 * Missing values and columns of deviation 0 become 0. Throws LEARNING_SHAPE.
 */
export function standardise(raw: Float32Array, rows: number, standardisation: Standardisation): Float32Array {
  const inputs = standardisation.mean.length
  if (standardisation.deviation.length !== inputs || raw.length !== rows * inputs) {
    throw new LearningError('LEARNING_SHAPE', `${raw.length} values for ${rows} rows of ${inputs} input columns`)
  }
  const mean = Float64Array.from(standardisation.mean)
  const factor = Float64Array.from(standardisation.deviation, (deviation) => (deviation === 0 ? 0 : 1 / deviation))
  const out = new Float32Array(raw.length)
  for (let row = 0, i = 0; row < rows; row += 1) {
    for (let at = 0; at < inputs; at += 1, i += 1) {
      const value = ((raw[i] ?? Number.NaN) - (mean[at] ?? 0)) * (factor[at] ?? 0)
      out[i] = Number.isNaN(value) ? 0 : value
    }
  }
  return out
}
