/** What metrics there are, and what each kind of task must be able to do with them. */
import type { UpdateLayout, UpdateValues } from '../update/index.ts'

export const metricNames = ['auc', 'ks', 'log_loss', 'accuracy', 'mse', 'mae'] as const
export type MetricName = (typeof metricNames)[number]
/** A metric that cannot be told (no rows, or rows of one class only) is absent, never NaN. */
export type Metrics = Readonly<Partial<Record<MetricName, number>>>

/** Summed counts and sums over the contributors; `sums` may have more values after those of the metrics. */
export interface MetricTotals {
  readonly counts: ArrayLike<number>
  readonly sums: ArrayLike<number>
}

/** The metrics of one task. Predictions: rows * outputs; targets: one per row (task.ts). Both are verified before. */
export interface TaskMetrics {
  readonly layout: UpdateLayout
  update(predictions: Float32Array, targets: Float32Array): UpdateValues
  from(totals: MetricTotals): Metrics
  exact(predictions: Float32Array, targets: Float32Array): Metrics
}

/** Probabilities are clipped to [1e-7, 1 - 1e-7] before the logarithm, so one row loses at most 16.2. */
const CLIP = 1e-7

/** -ln(probability), clipped; probability: what the model gave to what happened. */
export function logLoss(probability: number): number {
  return -Math.log(Math.min(Math.max(probability, CLIP), 1 - CLIP))
}

export const noDeltas = new Float64Array(0)
