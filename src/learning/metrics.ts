/**
 * Metrics of a model, exact at one party and from summed counts for the federation. Which ones, and what travels, is
 * told per task in binary-metrics.ts, multiclass-metrics.ts and regression-metrics.ts.
 *
 * Predictions are the model's outputs, rows * outputs values, row by row. Targets are one per row (task.ts). A metric
 * that cannot be told is absent: all of them without rows, AUC and KS with rows of one class only.
 */
import type { UpdateLayout, UpdateValues } from '../update/index.ts'
import { binaryMetrics } from './binary-metrics.ts'
import { LearningError } from './errors.ts'
import { multiclassMetrics } from './multiclass-metrics.ts'
import { regressionMetrics } from './regression-metrics.ts'
import { labelSpan, type TaskSpec, taskOutput, verifyTargets } from './task.ts'
import type { Metrics, MetricTotals, TaskMetrics } from './task-metrics.ts'

export { type MetricName, type Metrics, type MetricTotals, metricNames } from './task-metrics.ts'

/** What an evaluation sends: no deltas. Throws LEARNING_TASK_INVALID. */
export function metricsLayout(task: TaskSpec): UpdateLayout {
  return metricsOf(task).layout
}

/**
 * One party's counts and sums. Targets: as `scaleLabels` makes them.
 * Throws LEARNING_SHAPE, LEARNING_LABEL_INVALID, LEARNING_PREDICTION_INVALID (row from 0).
 */
export function metricsUpdate(task: TaskSpec, predictions: Float32Array, targets: Float32Array): UpdateValues {
  verifyRows(task, predictions, targets)
  return metricsOf(task).update(predictions, targets)
}

/**
 * Metrics of the federation from the totals of an evaluation or a training round (whose further sums are ignored).
 * Log loss in nats; mse in squared label units, mae in label units. Throws LEARNING_SHAPE.
 */
export function metricsFrom(task: TaskSpec, totals: MetricTotals): Metrics {
  const { layout, from } = metricsOf(task)
  if (totals.counts.length !== layout.counts || totals.sums.length < layout.sums) {
    const found = `${totals.counts.length} counts and ${totals.sums.length} sums`
    throw new LearningError('LEARNING_SHAPE', `metrics of ${found}, expected ${layout.counts} and ${layout.sums}`)
  }
  return from(totals)
}

/** Metrics of rows that are at hand, without histogram error. Units and errors as above. */
export function exactMetrics(task: TaskSpec, predictions: Float32Array, targets: Float32Array): Metrics {
  verifyRows(task, predictions, targets)
  return metricsOf(task).exact(predictions, targets)
}

function metricsOf(task: TaskSpec): TaskMetrics {
  switch (task.kind) {
    case 'binary-classification':
      return binaryMetrics
    case 'multiclass-classification':
      return multiclassMetrics(taskOutput(task).outputs)
    case 'regression':
      return regressionMetrics(labelSpan(task))
  }
}

function verifyRows(task: TaskSpec, predictions: Float32Array, targets: Float32Array): void {
  const { outputs } = taskOutput(task)
  if (predictions.length !== targets.length * outputs) {
    const found = `${predictions.length} predictions for ${targets.length} rows of ${outputs} outputs`
    throw new LearningError('LEARNING_SHAPE', found)
  }
  verifyTargets(task, targets)
  const [smallest, largest] = task.kind === 'regression' ? [-Number.MAX_VALUE, Number.MAX_VALUE] : [0, 1]
  const at = predictions.findIndex((value) => !(value >= smallest && value <= largest))
  if (at >= 0) {
    const expected = task.kind === 'regression' ? 'a finite number' : 'a probability'
    const row = Math.floor(at / outputs)
    const found = `the prediction of row ${row} is ${predictions[at]}, expected ${expected}`
    throw new LearningError('LEARNING_PREDICTION_INVALID', found)
  }
}
