/**
 * How well scores order two classes:
 *
 *   AUC  the share of (positive, negative) pairs in which the positive has the higher score; equal scores count half
 *        (Mann and Whitney 1947)
 *   KS   the largest |TPR - FPR| over all thresholds between two scores (Kolmogorov and Smirnov)
 */
export interface Ranking {
  /** The rows of each class at the next higher score. */
  step(positives: number, negatives: number): void
  /** After the last step. Empty unless there are rows of both classes. */
  result(): { auc?: number; ks?: number }
}

/** `positives`, `negatives`: the rows of each class in all. */
export function createRanking(positives: number, negatives: number): Ranking {
  // Twice the ordered pairs, so that halves stay whole numbers.
  let ordered = 0
  let positivesBelow = 0
  let negativesBelow = 0
  let ks = 0
  return {
    step(positivesHere, negativesHere) {
      ordered += positivesHere * (2 * negativesBelow + negativesHere)
      positivesBelow += positivesHere
      negativesBelow += negativesHere
      ks = Math.max(ks, Math.abs(positivesBelow / positives - negativesBelow / negatives))
    },
    result() {
      return positives === 0 || negatives === 0 ? {} : { auc: ordered / 2 / positives / negatives, ks }
    },
  }
}
