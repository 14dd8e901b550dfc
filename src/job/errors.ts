import { CodedError, type ErrorTable } from '../errors/index.ts'
import type { Problem } from './problems.ts'

export const jobErrors = {
  JOB_SPEC_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The job spec is not valid: the message lists every problem with its path, the value found and the value expected.',
    next: 'Correct each listed line and submit again; docs/job-spec.md explains every key.',
  },
  JOB_SPEC_NOT_CANONICAL: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The bytes describe a job but are not its canonical form (RFC 8785 with every default filled in), so their digest would not name the job.',
    next: 'Send the bytes as the coordinator handed them out; whoever changed them also changed what was approved.',
  },
  POLICY_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The party policy is not valid: the message lists every problem with its path, the value found and the value expected.',
    next: 'Correct each listed line of the policy file and start the party again; until then it accepts no job.',
  },
  CONFIG_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A configuration file is not valid: the message lists every problem with its path, the value found and the value expected.',
    next: 'Correct each listed line of the file and start the program again.',
  },
} as const satisfies ErrorTable<string>

export type JobCode = keyof typeof jobErrors

export class JobError extends CodedError<JobCode> {
  /** The problems of the document, in its order, at most 51; empty for JOB_SPEC_NOT_CANONICAL. */
  readonly problems: readonly Problem[]

  constructor(code: JobCode, message: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    super(jobErrors, code, message, options)
    this.problems = problems
  }
}

/**
 * Why a party's policy declines a job. A reason travels to the coordinator as text (Decide) that begins with the code.
 * Each row is also a documented error, because a person meets it in `coffer run show`.
 */
export const policyReasons = {
  POLICY_PARTY_NOT_NAMED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job does not name this party.',
    next: 'Add the party to `parties` of the job spec, or leave it out of the run.',
  },
  POLICY_MODEL: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party does not train models of this kind.',
    next: 'Choose a model kind that every party allows, or ask the party to add it to `models` of its policy.',
  },
  POLICY_TASK: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party does not take part in tasks of this kind.',
    next: 'Ask the party to add the kind to `tasks` of its policy.',
  },
  POLICY_DATASET: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party has no data set of this name that jobs may use.',
    next: 'Correct `data.dataset`, or ask the party to add the data set to `datasets` of its policy.',
  },
  POLICY_COLUMN: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job reads a column (feature, label or id) that the party has not released for jobs.',
    next: 'Leave the column out of the job, or ask the party to add it to the data set in its policy.',
  },
  POLICY_ROWS: {
    status: 'FAILED_PRECONDITION',
    cause: "The party's data has fewer rows than its policy asks of a data set.",
    next: 'Run without this party, or wait until it has more rows; lowering `minimumRows` is for the party to decide.',
  },
  POLICY_ROUNDS: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job asks for more rounds than the party allows.',
    next: 'Lower `rounds.count`, or ask the party to raise `maximumRounds` of its policy.',
  },
  POLICY_EPOCHS: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job asks for more local epochs a round than the party allows.',
    next: 'Lower `training.epochs`, or ask the party to raise `maximumEpochs` of its policy.',
  },
  POLICY_SUMMATION: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party does not let its updates be summed this way.',
    next: 'Choose a summation that every party allows, or ask the party to add it to `summations` of its policy.',
  },
  POLICY_MINIMUM_PARTIES: {
    status: 'FAILED_PRECONDITION',
    cause: 'The job may release sums of fewer parties than this party wants to be hidden among.',
    next: 'Raise `rounds.minimumParties` of the job spec.',
  },
} as const satisfies ErrorTable<string>

export type PolicyCode = keyof typeof policyReasons
