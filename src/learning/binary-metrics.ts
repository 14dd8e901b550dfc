/**
 * Binary classification: AUC, KS, log loss, accuracy at p >= 1/2.
 *
 *   counts  4,096 cells of negatives, 4,096 cells of positives (score-cells.ts), rows predicted right
 *   sums    log loss summed over the rows
 */
import type { UpdateValues } from '../update/index.ts'
import { createRanking } from './ranking.ts'
import { SCORE_CELLS, scoreCell } from './score-cells.ts'
import { logLoss, type Metrics, type MetricTotals, noDeltas, type TaskMetrics } from './task-metrics.ts'

const CORRECT = 2 * SCORE_CELLS

export const binaryMetrics: TaskMetrics = {
  layout: { deltas: 0, counts: 2 * SCORE_CELLS + 1, sums: 1 },

  update(predictions, targets): UpdateValues {
    const counts = new Uint32Array(2 * SCORE_CELLS + 1)
    const add = (at: number) => {
      counts[at] = (counts[at] ?? 0) + 1
    }
    for (const [row, target] of targets.entries()) {
      const p = predictions[row] ?? Number.NaN
      add(target * SCORE_CELLS + scoreCell(p))
      if (isRight(p, target)) add(CORRECT)
    }
    return { deltas: noDeltas, counts, sums: [totalLoss(predictions, targets)] }
  },

  from({ counts, sums }: MetricTotals): Metrics {
    const rowsOf = (target: number) => {
      let rows = 0
      for (let cell = 0; cell < SCORE_CELLS; cell += 1) rows += counts[target * SCORE_CELLS + cell] ?? 0
      return rows
    }
    const [negatives, positives] = [rowsOf(0), rowsOf(1)]
    const rows = negatives + positives
    if (rows === 0) return {}
    const ranking = createRanking(positives, negatives)
    for (let cell = 0; cell < SCORE_CELLS; cell += 1) ranking.step(counts[SCORE_CELLS + cell] ?? 0, counts[cell] ?? 0)
    return { ...ranking.result(), log_loss: (sums[0] ?? 0) / rows, accuracy: (counts[CORRECT] ?? 0) / rows }
  },

  exact(predictions, targets): Metrics {
    const rows = targets.length
    if (rows === 0) return {}
    const right = targets.reduce(
      (sum, target, row) => sum + (isRight(predictions[row] ?? Number.NaN, target) ? 1 : 0),
      0,
    )
    return {
      ...exactRanking(predictions, targets),
      log_loss: totalLoss(predictions, targets) / rows,
      accuracy: right / rows,
    }
  },
}

function isRight(p: number, target: number): boolean {
  return p >= 0.5 === (target === 1)
}

function totalLoss(predictions: Float32Array, targets: Float32Array): number {
  return targets.reduce((sum, target, row) => {
    const p = predictions[row] ?? Number.NaN
    return sum + logLoss(target === 1 ? p : 1 - p)
  }, 0)
}

/** Sorts each class on its own (a numeric sort without a comparator) and merges the two. */
function exactRanking(predictions: Float32Array, targets: Float32Array): { auc?: number; ks?: number } {
  const positives = predictions.filter((_, row) => targets[row] === 1).sort()
  const negatives = predictions.filter((_, row) => targets[row] === 0).sort()
  const ranking = createRanking(positives.length, negatives.length)
  let [positive, negative] = [0, 0]
  while (positive < positives.length || negative < negatives.length) {
    const score = Math.min(
      positives[positive] ?? Number.POSITIVE_INFINITY,
      negatives[negative] ?? Number.POSITIVE_INFINITY,
    )
    const positivesEnd = endOfTies(positives, positive, score)
    const negativesEnd = endOfTies(negatives, negative, score)
    ranking.step(positivesEnd - positive, negativesEnd - negative)
    positive = positivesEnd
    negative = negativesEnd
  }
  return ranking.result()
}

function endOfTies(sorted: Float32Array, from: number, score: number): number {
  let end = from
  while (sorted[end] === score) end += 1
  return end
}
