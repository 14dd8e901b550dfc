import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const trainerErrors = {
  TRAINER_BACKEND: {
    status: 'FAILED_PRECONDITION',
    cause: 'The training backend that was asked for is not installed, does not start, or cannot train this model.',
    next: 'Leave out `backend` in coffer.yaml to take the best one that works, or install the one you want.',
  },
  TRAINER_INPUT: {
    status: 'INVALID_ARGUMENT',
    cause:
      'Parameters, features, labels or a correction have another length than the model and the number of rows ask for, or a correction came with another optimiser than sgd.',
    next: 'Check that all programs run the same release; if they do, report this as a defect.',
  },
  TRAINER_DIVERGED: {
    status: 'OUT_OF_RANGE',
    cause: 'Local training left the range of finite numbers: loss or parameters became NaN or infinite.',
    next: 'Lower `training.learningRate` in the job spec, ten times at first.',
  },
  TRAINER_FAILED: {
    status: 'INTERNAL',
    cause: 'The training thread ended or failed for a reason of its own, most often because memory ran out.',
    next: 'Read the message; with large models or batches, give the party agent more memory or lower `training.batch`.',
  },
  TRAINER_CLOSED: {
    status: 'CANCELLED',
    cause: 'The trainer was closed while it worked, or was used afterwards.',
    next: 'Nothing, if the party agent was stopping; otherwise report this as a defect.',
  },
} as const satisfies ErrorTable<string>

export type TrainerCode = keyof typeof trainerErrors

export class TrainerError extends CodedError<TrainerCode> {
  constructor(code: TrainerCode, message: string, options?: ErrorOptions) {
    super(trainerErrors, code, message, options)
  }
}
