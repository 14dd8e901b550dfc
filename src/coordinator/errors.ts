import { CodedError, type ErrorTable } from '../errors/index.ts'

export const coordinatorErrors = {
  RUN_SPEC_TOO_LARGE: {
    status: 'INVALID_ARGUMENT',
    cause: 'The canonical form of the job spec is larger than 640 KiB; a run must fit one message with its parties.',
    next: 'Shorten the spec: fewer category values, or a smaller model topology.',
  },
  RUN_LIMIT: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The coordinator already holds as many runs that have not ended as it allows.',
    next: 'Wait for runs to end, or stop those nobody needs with `coffer run stop RUN`.',
  },
  RUN_UNKNOWN: {
    status: 'NOT_FOUND',
    cause: 'No run has this id, or an id that begins so.',
    next: 'List the runs with `coffer run list`.',
  },
  RUN_AMBIGUOUS: {
    status: 'INVALID_ARGUMENT',
    cause: 'More than one run has an id that begins so.',
    next: 'Type more of the id.',
  },
  RUN_NOT_NAMED: {
    status: 'PERMISSION_DENIED',
    cause: 'A party decided about a run that does not name it.',
    next: "Check the name in the party's certificate against the parties of the job spec.",
  },
  RUN_OTHER_JOB: {
    status: 'FAILED_PRECONDITION',
    cause: 'A party decided about another job spec than the one this run has.',
    next: 'Restart the party agent; if it stays so, tell the administrators: the party was shown another spec.',
  },
  RUN_DECIDED: {
    status: 'ALREADY_EXISTS',
    cause: 'The party has already given the other answer; an answer is final.',
    next: 'Stop the run and submit the job again if the party has changed its mind.',
  },
  RUN_NOT_PROPOSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'A party decided about a run that no longer waits for decisions.',
    next: 'Nothing to do: the run has started without this party, or has ended.',
  },
  MODEL_UNKNOWN: {
    status: 'NOT_FOUND',
    cause: 'No model version has this id, or an id that begins so.',
    next: 'List the model versions with `coffer model list`.',
  },
  MODEL_AMBIGUOUS: {
    status: 'INVALID_ARGUMENT',
    cause: 'More than one model version has an id that begins so.',
    next: 'Type more of the id.',
  },
  MODEL_DIGEST_MISMATCH: {
    status: 'DATA_LOSS',
    cause:
      'The model that the aggregator handed out is not the one that its last round announced; the run is abandoned.',
    next: 'Tell the administrators of the federation; compare the logs of coordinator and aggregator for this run.',
  },
  MODEL_SIZE_MISMATCH: {
    status: 'DATA_LOSS',
    cause:
      'The model that the aggregator handed out has not the size that the job spec gives it; the run is abandoned.',
    next: 'Check that coordinator and aggregator are of the same release.',
  },
  MODEL_STALLED: {
    status: 'DEADLINE_EXCEEDED',
    cause: 'The aggregator stopped sending in the middle of the model.',
    next: 'The coordinator tries again by itself; if it stays so, look at the network between them.',
  },
  AGGREGATION_CUT: {
    status: 'UNAVAILABLE',
    cause: "The aggregator ended the stream of a run's events before the run had ended.",
    next: 'The coordinator tries again by itself; if it stays so, see the log of the aggregator.',
  },
  RUN_RECEIPT_REFUSED: {
    status: 'DATA_LOSS',
    cause:
      'What the aggregator sent as the receipt of a round is none, or is one of another run, job or round; the run is abandoned.',
    next: 'Check that coordinator and aggregator are of the same release and federation; tell the administrators.',
  },
  LEDGER_LEAF_UNKNOWN: {
    status: 'NOT_FOUND',
    cause: 'The log has no such leaf, or had none yet at the size that was asked for.',
    next: 'Ask again with a newer checkpoint: a receipt is entered when the coordinator has followed the run so far.',
  },
  LEDGER_OTHER_KEY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The log in the store was signed with another key than that of the home.',
    next: 'Restore ledger.key, or the store that belongs to it, from a backup: with another key every party refuses the log.',
  },
  ATTEND_REPLACED: {
    status: 'FAILED_PRECONDITION',
    cause: 'Another agent with the certificate of this party has connected; the newer one stays.',
    next: 'Run one agent per party: stop the other one.',
  },
} as const satisfies ErrorTable<string>

export type CoordinatorCode = keyof typeof coordinatorErrors

export class CoordinatorError extends CodedError<CoordinatorCode> {
  constructor(code: CoordinatorCode, message: string, options?: ErrorOptions) {
    super(coordinatorErrors, code, message, options)
  }
}
