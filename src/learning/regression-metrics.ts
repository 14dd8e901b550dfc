/**
 * Regression: mean squared and mean absolute error. The sums are over targets (0 to 1, task.ts), so that they fit any
 * label; the metrics are in label units (squared, and plain).
 *
 *   counts  rows
 *   sums    squared error, absolute error, each summed over the rows
 */
import { noDeltas, type TaskMetrics } from './task-metrics.ts'

/** `span`: maximum - minimum of the label, in label units. */
export function regressionMetrics(span: number): TaskMetrics {
  const metrics: TaskMetrics = {
    layout: { deltas: 0, counts: 1, sums: 2 },

    update(predictions, targets) {
      let [squared, absolute] = [0, 0]
      for (const [row, target] of targets.entries()) {
        const error = (predictions[row] ?? Number.NaN) - target
        squared += error * error
        absolute += Math.abs(error)
      }
      return { deltas: noDeltas, counts: [targets.length], sums: [squared, absolute] }
    },

    from({ counts, sums }) {
      const rows = counts[0] ?? 0
      if (rows === 0) return {}
      return { mse: ((sums[0] ?? 0) / rows) * span * span, mae: ((sums[1] ?? 0) / rows) * span }
    },

    exact: (predictions, targets) => metrics.from(metrics.update(predictions, targets)),
  }
  return metrics
}
