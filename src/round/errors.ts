import { CodedError, type ErrorTable } from '../errors/index.ts'

export const roundErrors = {
  ROUND_OTHER: {
    status: 'FAILED_PRECONDITION',
    cause: 'An update names another round than the one the aggregator is gathering.',
    next: 'Nothing to do: the party agent drops it and works on the task of the current round.',
  },
  ROUND_CLOSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'An update came in after its round had closed, or after it may no longer count in a later one.',
    next: 'If this party is late often, raise rounds.deadlineSeconds or set rounds.late to keep in the job spec, or lower its local work.',
  },
  ROUND_STRANGER: {
    status: 'PERMISSION_DENIED',
    cause: 'An update came from a party that was not asked in the round that the update names.',
    next: 'Name the party in the job spec and have it accept the run before it starts; with rounds.cohort, a party waits until it is chosen.',
  },
  ROUND_CONFLICT: {
    status: 'ALREADY_EXISTS',
    cause: 'A party sent a second, different update for a round in which one of its updates already counts.',
    next: 'Check that the party does not run two agents under one name.',
  },
  ROUND_COUNTED: {
    status: 'FAILED_PRECONDITION',
    cause:
      'A party sent a second update in a round in which it counts already with one that it made for another round: a late one, or one in time before a late one.',
    next: 'Nothing to do: the party agent offers it again in the next round, where it counts if the job keeps late updates that long.',
  },
  ROUND_WEIGHT: {
    status: 'INVALID_ARGUMENT',
    cause: 'An update claims another number of rows than the party announced when it joined.',
    next: "Restart the party's agent so that it joins with the rows it has now.",
  },
  ROUND_BELOW_MINIMUM: {
    status: 'FAILED_PRECONDITION',
    cause: 'A sum holds fewer parties than the job spec allows to be released.',
    next: 'Wait for more parties, or agree on another rounds.minimumParties (never under 2).',
  },
  ROUND_LOG_INVALID: {
    status: 'DATA_LOSS',
    cause: "A record of a run's log is not of its form, or contradicts the records before it.",
    next: 'Restore the files of the run from a copy that was made as a whole; without one the run cannot go on and is submitted again.',
  },
} as const satisfies ErrorTable<string>

export type RoundCode = keyof typeof roundErrors

export class RoundError extends CodedError<RoundCode> {
  constructor(code: RoundCode, message: string, options?: ErrorOptions) {
    super(roundErrors, code, message, options)
  }
}
