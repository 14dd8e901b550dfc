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
  LEARNING_ROBUST_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A setting of the robust rule lies outside its range.',
    next: 'Correct `robust` in the job spec.',
  },
  LEARNING_ROBUST_TOO_FEW: {
    status: 'FAILED_PRECONDITION',
    cause: 'Fewer updates came than the robust rule needs to withstand as many dishonest parties as the job says.',
    next: 'Raise rounds.quorum to 2 * byzantine + 3 for Krum, or lower what the rule is to withstand.',
  },
  LEARNING_UPDATE_STALE: {
    status: 'FAILED_PRECONDITION',
    cause: 'An update was made on a model that is older than the job lets count.',
    next: 'Nothing to do: the party works on the newest task; raise maximumStaleness in the job spec if it happens often.',
  },
  PRIVACY_TARGET_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The epsilon or delta of a privacy promise lies outside its range.',
    next: 'Choose an epsilon above 0 and a delta between 0 and 1, well below one over the number of people protected.',
  },
  PRIVACY_STEP_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A noise multiplier, a sampling rate or a number of rounds lies outside what the accountant can bound.',
    next: 'Correct the privacy settings of the job spec; the message gives the range.',
  },
  PRIVACY_ORDER_INVALID: {
    status: 'INTERNAL',
    cause: 'Rényi orders lie outside 1.01 to 512, or do not come with one divergence each.',
    next: 'Report this as a defect: orders are not a setting.',
  },
  PRIVACY_BUDGET_EXCEEDED: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'One more release would cost more privacy than the parties approved for this run.',
    next: 'Use the model as it is, or have the parties approve a job with a larger budget or more noise.',
  },
  PRIVACY_NOISE_UNREACHABLE: {
    status: 'INVALID_ARGUMENT',
    cause: 'No amount of noise that leaves anything to learn keeps this epsilon and delta over that many rounds.',
    next: 'Ask for a larger epsilon or fewer rounds.',
  },
  PRIVACY_UPDATE_NOT_FINITE: {
    status: 'OUT_OF_RANGE',
    cause: 'An update to be clipped has NaN or infinite values; most often training diverged.',
    next: 'Lower the learning rate at the party, or look for broken rows in its data.',
  },
  PRIVACY_CLIPPING_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A clip bound or a setting of adaptive clipping lies outside its range.',
    next: 'Correct the clipping settings of the job spec.',
  },
  PRIVACY_SPLIT_IMPOSSIBLE: {
    status: 'INVALID_ARGUMENT',
    cause:
      'Adaptive clipping has too little noise on its count of clipped parties for the noise multiplier of the round.',
    next: 'Raise the count deviation, lower the noise multiplier, or use a fixed clip bound; few parties need the last.',
  },
  PRIVACY_WEIGHTS_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A weight of a party, or what the weighted sum is divided by, is not a finite number above 0.',
    next: 'Give every party of a differentially private job a fixed weight above 0.',
  },
  PRIVACY_RELATION_UNSUPPORTED: {
    status: 'INVALID_ARGUMENT',
    cause: 'Sampling parties was asked for together with a promise about replaced data, which no theorem here covers.',
    next: 'Let every party take part (sampling rate 1), or promise protection against adding or removing a party.',
  },
} as const satisfies ErrorTable<string>

export type LearningCode = keyof typeof learningErrors

export class LearningError extends CodedError<LearningCode> {
  constructor(code: LearningCode, message: string, options?: ErrorOptions) {
    super(learningErrors, code, message, options)
  }
}
