/**
 * What is learnt, and how labels become targets: the numbers a model is trained on and measured against.
 *
 *   binary      target 0 or 1; one sigmoid output, the probability of 1
 *   multi-class target = index of the class; one softmax output per class
 *   regression  target = (label - minimum) / (maximum - minimum), 0 to 1; one linear output in the same unit
 *
 * Party code calls `scaleLabels` once when it loads its rows and `unscaleLabels` where a person reads a prediction;
 * everything in between (trainer, metrics) works on targets. Metrics come back in label units.
 */
import { LearningError } from './errors.ts'

export type TaskSpec =
  | { readonly kind: 'binary-classification' }
  | { readonly kind: 'multiclass-classification'; readonly classes: readonly string[] }
  | { readonly kind: 'regression'; readonly minimum: number; readonly maximum: number }

/** The confusion matrix travels with each update: 256 classes are 65,536 counts, 256 KiB. */
export const MAXIMUM_CLASSES = 256

export interface TaskOutput {
  readonly outputs: number
  readonly activation: 'sigmoid' | 'softmax' | 'linear'
}

/** Number of model outputs and their activation. Throws LEARNING_TASK_INVALID. */
export function taskOutput(task: TaskSpec): TaskOutput {
  switch (task.kind) {
    case 'binary-classification':
      return { outputs: 1, activation: 'sigmoid' }
    case 'multiclass-classification': {
      const outputs = task.classes.length
      if (outputs < 2 || outputs > MAXIMUM_CLASSES) {
        throw new LearningError('LEARNING_TASK_INVALID', `${outputs} classes, expected 2 to ${MAXIMUM_CLASSES}`)
      }
      return { outputs, activation: 'softmax' }
    }
    case 'regression':
      labelSpan(task)
      return { outputs: 1, activation: 'linear' }
  }
}

/** maximum - minimum, in label units. Throws LEARNING_TASK_INVALID. */
export function labelSpan(task: { readonly minimum: number; readonly maximum: number }): number {
  const span = task.maximum - task.minimum
  if (!(span > 0 && Number.isFinite(span))) {
    const found = `labels from ${task.minimum} to ${task.maximum}, expected a maximum above the minimum`
    throw new LearningError('LEARNING_TASK_INVALID', found)
  }
  return span
}

/**
 * Labels (class numbers, or regression labels in label units; one per row) to targets, a new array.
 * Throws LEARNING_LABEL_INVALID naming the row, counted from 0.
 */
export function scaleLabels(task: TaskSpec, labels: Float32Array): Float32Array {
  if (task.kind !== 'regression') {
    verifyTargets(task, labels)
    return labels.slice()
  }
  const { minimum, maximum } = task
  const span = labelSpan(task)
  // The declared ends as float32, as the labels are: 0.1 in float32 lies above 0.1.
  const [low, high] = [Math.fround(minimum), Math.fround(maximum)]
  return labels.map((label, row) => {
    if (!(label >= low && label <= high)) throw badLabel(row, label, `${minimum} to ${maximum}`)
    return Math.min(Math.max((label - minimum) / span, 0), 1)
  })
}

/** Regression targets or predictions (0..1) to label units, a new array; other tasks' values unchanged. */
export function unscaleLabels(task: TaskSpec, values: Float32Array): Float32Array {
  if (task.kind !== 'regression') return values.slice()
  const span = labelSpan(task)
  return values.map((value) => task.minimum + value * span)
}

/** Throws LEARNING_LABEL_INVALID unless each target is one of the task. */
export function verifyTargets(task: TaskSpec, targets: Float32Array): void {
  if (task.kind === 'regression') {
    const row = targets.findIndex((target) => !(target >= 0 && target <= 1))
    if (row >= 0) throw badLabel(row, targets[row], 'a target from 0 to 1 (scaleLabels)')
    return
  }
  const classes = task.kind === 'binary-classification' ? 2 : task.classes.length
  const row = targets.findIndex((target) => !(Number.isInteger(target) && target >= 0 && target < classes))
  if (row >= 0) throw badLabel(row, targets[row], `a whole number from 0 to ${classes - 1}`)
}

function badLabel(row: number, found: number | undefined, expected: string): LearningError {
  return new LearningError('LEARNING_LABEL_INVALID', `the label of row ${row} is ${found}, expected ${expected}`)
}
