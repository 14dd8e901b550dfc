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
  ATTESTATION_POLICY_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The attestation policy is not valid: the message lists every problem with its path, the value found and the value expected.',
    next: 'Take the file again from whoever sent it, or make it with `coffer policy new` from a corrected YAML file and have it signed again.',
  },
  ATTESTATION_POLICY_SIMULATED_ROOT: {
    status: 'FAILED_PRECONDITION',
    cause: 'A policy for production trusts the root of the simulated TEE, which protects nothing.',
    next: 'Take the root out of the policy; for demonstrations and tests make a policy whose purpose is simulation.',
  },
  ATTESTATION_POLICY_FEDERATION: {
    status: 'FAILED_PRECONDITION',
    cause: 'The attestation policy is of another federation.',
    next: 'Use the policy of the federation that the home belongs to.',
  },
  ATTESTATION_POLICY_ACCEPTED: {
    status: 'FAILED_PRECONDITION',
    cause:
      'Whether a policy may follow the accepted one cannot be said: the accepted one is missing, or is not what was accepted then.',
    next: 'Put back the policy file that was accepted (its digest is in the message); if it was changed, find out by whom.',
  },
  ATTESTATION_POLICY_VERSION: {
    status: 'FAILED_PRECONDITION',
    cause: 'The attestation policy is older than one that was accepted already: versions only go up.',
    next: 'Use the newest policy of the federation; to return to older rules, have them signed under a higher version.',
  },
  ATTESTATION_POLICY_FORKED: {
    status: 'FAILED_PRECONDITION',
    cause: 'Two different attestation policies have the same version.',
    next: 'Ask the other organisations which digest they accepted: somebody was shown another policy than the rest.',
  },
  ATTESTATION_POLICY_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'A signature is not of the organisation it names, or the policy was changed after it had been signed.',
    next: 'Take the file again from whoever sent it; if it stays so, ask the named organisation to sign again.',
  },
  ATTESTATION_POLICY_STRANGER: {
    status: 'PERMISSION_DENIED',
    cause: 'Somebody signed the attestation policy who is no organisation of it nor of the version before.',
    next: 'Find out why the signature is there; remove it from the file if it should not be.',
  },
  ATTESTATION_POLICY_UNSIGNED: {
    status: 'PERMISSION_DENIED',
    cause: 'Fewer of its organisations have signed the attestation policy than its threshold asks for.',
    next: 'Have the missing organisations sign with `coffer policy sign`; `coffer policy show` lists who has.',
  },
  ATTESTATION_POLICY_SUCCESSION: {
    status: 'PERMISSION_DENIED',
    cause:
      'A new version of the attestation policy is not signed by enough organisations of the accepted version, by whose threshold it may be replaced.',
    next: 'Have organisations of the accepted version sign the new one, those included that leave with it.',
  },
  ATTESTATION_POLICY_KEY: {
    status: 'FAILED_PRECONDITION',
    cause:
      'The key that should sign the attestation policy is not the Ed25519 key that the policy names for the organisation.',
    next: 'Check name and key; to sign with a key that the new version replaces, give the version before with --previous.',
  },
  ATTESTATION_OVERLAY_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause:
      "A party's own attestation rules are not valid: the message lists every problem with its path, the value found and the value expected.",
    next: 'Correct each listed line of the file and start the party again.',
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

/** A code with what was found; several of them explain one refusal. */
export interface PolicyRefusal {
  readonly code: JobCode
  readonly text: string
}

/** An attestation policy that does not bind: every reason, of which the first one is this error's own code. */
export class AttestationPolicyError extends JobError {
  readonly reasons: readonly PolicyRefusal[]

  constructor(what: string, reasons: readonly [PolicyRefusal, ...PolicyRefusal[]]) {
    super(reasons[0].code, `${what} is refused: ${reasons.map(({ text }) => text).join('; ')}`)
    this.reasons = reasons
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
  POLICY_ROBUST: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party does not take part under this robust rule.',
    next: 'Choose a rule that every party allows, or ask the party to add it to `robust` of its policy.',
  },
  POLICY_PRIVACY: {
    status: 'FAILED_PRECONDITION',
    cause:
      'The party asks for differential privacy, and the job has none, has a larger budget, or releases exact metrics.',
    next: 'Add `privacy` to the job spec with a budget that every party allows and with metrics withheld.',
  },
} as const satisfies ErrorTable<string>

export type PolicyCode = keyof typeof policyReasons
