/**
 * Multi-class classification with k classes: log loss, and accuracy of the most probable class (the first of equals).
 *
 *   counts  the confusion matrix, k * k: true class * k + predicted class
 *   sums    log loss of the true class, summed over the rows
 */
import { logLoss, noDeltas, type TaskMetrics } from './task-metrics.ts'

/** Predictions have `classes` values per row. */
export function multiclassMetrics(classes: number): TaskMetrics {
  const metrics: TaskMetrics = {
    layout: { deltas: 0, counts: classes * classes, sums: 1 },

    update(predictions, targets) {
      const counts = new Uint32Array(classes * classes)
      let loss = 0
      for (const [row, target] of targets.entries()) {
        const first = row * classes
        loss += logLoss(predictions[first + target] ?? Number.NaN)
        const at = target * classes + mostProbable(predictions, first, classes)
        counts[at] = (counts[at] ?? 0) + 1
      }
      return { deltas: noDeltas, counts, sums: [loss] }
    },

    from({ counts, sums }) {
      let [rows, right] = [0, 0]
      for (let at = 0; at < classes * classes; at += 1) {
        rows += counts[at] ?? 0
        // The diagonal: true and predicted class agree.
        if (at % (classes + 1) === 0) right += counts[at] ?? 0
      }
      return rows === 0 ? {} : { log_loss: (sums[0] ?? 0) / rows, accuracy: right / rows }
    },

    // Nothing is lost in the counts, so the exact metrics are those of the update.
    exact: (predictions, targets) => metrics.from(metrics.update(predictions, targets)),
  }
  return metrics
}

function mostProbable(predictions: Float32Array, first: number, classes: number): number {
  let best = 0
  for (let at = 1; at < classes; at += 1) {
    if ((predictions[first + at] ?? 0) > (predictions[first + best] ?? 0)) best = at
  }
  return best
}
