import { CodedError, type ErrorTable } from '../errors/index.ts'

export const learningErrors = {
  LEARNING_TASK_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The task of the job spec cannot be learnt as written: too few or too many classes, or an empty label range.',
    next: 'Correct `task` in the job spec.',
  },
  LEARNING_COLUMN_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A feature column has an empty or infinite range, no values, or the name of another column.',
    next: 'Correct `data.features` in the job spec.',
  },
  LEARNING_SHAPE: {
    status: 'INTERNAL',
    cause: 'An array has another length than rows, columns, parameters or the layout of the task ask for.',
    next: 'Check that all programs run the same release; if they do, report this as a defect.',
  },
  LEARNING_VALUE_OUT_OF_RANGE: {
    status: 'OUT_OF_RANGE',
    cause: 'A feature value lies outside the range that the job spec declares for its column.',
    next: 'Correct the data, widen the range in the job spec, or let the column say `outside: clip`.',
  },
  LEARNING_LABEL_INVALID: {
    status: 'OUT_OF_RANGE',
    cause: 'A label is not one that the task allows.',
    next: 'Correct the label column, or the task in the job spec.',
  },
  LEARNING_PREDICTION_INVALID: {
    status: 'OUT_OF_RANGE',
    cause: 'A prediction is not a finite number, or not a probability; most often training diverged.',
    next: 'Lower the learning rate or choose a smaller model.',
  },
  LEARNING_TOTALS_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'Statistics contradict each other: they are not sums over real rows.',
    next: 'Check what the party runs that is named beside this code: an unchanged agent cannot send this.',
  },
  LEARNING_MODEL_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A layer of the model is unknown, has an unknown or impossible setting, or does not fit the layer before it.',
    next: 'Correct `model` in the job spec; docs/job-spec.md lists the layers and their settings.',
  },
  LEARNING_MODEL_OUTPUT: {
    status: 'INVALID_ARGUMENT',
    cause: 'The last layer does not have the number of outputs or the activation that the task needs.',
    next: 'End the model with 1 sigmoid (binary), one softmax output per class, or 1 linear output (regression).',
  },
  LEARNING_MODEL_SIZE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The model has more layers, parameters or values per row than one run may have.',
    next: 'Choose a smaller model: at most 200 layers, 50 million parameters, 10 million values per row.',
  },
  LEARNING_STRATEGY_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A setting of the server strategy lies outside its range.',
    next: 'Correct `strategy` in the job spec.',
  },
  LEARNING_STEP_NOT_FINITE: {
    status: 'OUT_OF_RANGE',
    cause: 'A step of the server strategy left the range of float32: the run diverged.',
    next: 'Lower the learning rate of the strategy.',
  },
} as const satisfies ErrorTable<string>

export type LearningCode = keyof typeof learningErrors

export class LearningError extends CodedError<LearningCode> {
  constructor(code: LearningCode, message: string, options?: ErrorOptions) {
    super(learningErrors, code, message, options)
  }
}
