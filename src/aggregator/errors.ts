import { CodedError, type ErrorTable } from '../errors/index.ts'

export const aggregatorErrors = {
  AGGREGATION_UNKNOWN_RUN: {
    status: 'NOT_FOUND',
    cause:
      'The aggregator does not hold this run: it was never started there, is over and was let go, or was lost in a restart without its state directory.',
    next: 'Submit the job again; `coffer run show RUN` tells what became of the old run.',
  },
  AGGREGATION_ASLEEP: {
    status: 'UNAVAILABLE',
    cause: 'The aggregator has restarted, and no party has brought the key of this run yet.',
    next: 'Nothing to do: the party agent joins the run first, which brings the key.',
  },
  AGGREGATION_CONFLICT: {
    status: 'ALREADY_EXISTS',
    cause: 'A run was started a second time with another job spec or other parties.',
    next: 'Submit the changed job as a new run.',
  },
  AGGREGATION_FULL: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The aggregator already holds as many active runs as it allows.',
    next: 'Wait for a run to end, or stop one with `coffer run stop RUN`; the coordinator tries again by itself.',
  },
  AGGREGATION_PLAIN: {
    status: 'FAILED_PRECONDITION',
    cause: 'A job asks for summation `plain`, which is for benchmarks, and this aggregator was not started for one.',
    next: 'Use summation: tee.',
  },
  AGGREGATION_STRANGER: {
    status: 'PERMISSION_DENIED',
    cause: 'A party that did not accept this run, or is not named in it, tried to join.',
    next: 'Check the parties of the job spec and the name in the certificate of the party.',
  },
  AGGREGATION_OTHER_JOB: {
    status: 'FAILED_PRECONDITION',
    cause: 'The party accepted another job spec than the one the aggregator was given for this run.',
    next: 'Do not join; tell the administrators of the federation, because the coordinator showed two different specs.',
  },
  AGGREGATION_ROWS: {
    status: 'FAILED_PRECONDITION',
    cause: 'A party joined a second time with another number of training rows.',
    next: 'Keep the dataset unchanged while a run lasts, or stop the run and submit it again.',
  },
  AGGREGATION_UNKNOWN_MODEL: {
    status: 'NOT_FOUND',
    cause: 'A party asked for parameters other than those of the current round.',
    next: 'Nothing to do: the party agent goes on with its newest task.',
  },
  AGGREGATION_NO_MODEL: {
    status: 'FAILED_PRECONDITION',
    cause: 'The final model was asked for before the run had finished, or the run ended without one.',
    next: 'Wait until `coffer run show RUN` says finished.',
  },
  AGGREGATION_EVENTS_GONE: {
    status: 'OUT_OF_RANGE',
    cause: 'A watcher asked for events older than those the aggregator keeps.',
    next: "Read the run's history at the coordinator.",
  },
  AGGREGATION_UPLOAD_FORM: {
    status: 'INVALID_ARGUMENT',
    cause: 'An upload did not begin with exactly one header.',
    next: 'Use the party agent of the same release as the aggregator.',
  },
  AGGREGATION_UPLOAD_LENGTH: {
    status: 'INVALID_ARGUMENT',
    cause: 'An update is longer or shorter than the job requires, or longer than its header announced.',
    next: 'Compare the releases on both sides.',
  },
  AGGREGATION_UPLOAD_CUT: {
    status: 'DATA_LOSS',
    cause: 'An upload ended before the whole update had come: its party went away, or meant it so.',
    next: 'The party agent goes on from the last good chunk by itself.',
  },
  AGGREGATION_UPLOAD_CHUNK: {
    status: 'DATA_LOSS',
    cause: 'The bytes of a chunk do not have the CRC-32 that it announces.',
    next: 'The party agent goes on from the last good chunk by itself; if it happens often, look at the memory of the two machines.',
  },
  AGGREGATION_UPLOAD_GAP: {
    status: 'DATA_LOSS',
    cause: 'A chunk of an upload came that does not begin where the one before it ended.',
    next: 'The party agent goes on from the last good chunk by itself; if it stays so, compare the releases on both sides.',
  },
  AGGREGATION_UPLOAD_DIGEST: {
    status: 'DATA_LOSS',
    cause: "An update's bytes do not have the digest that its header announced.",
    next: 'The party agent sends again by itself; if it happens often, look at the network between them.',
  },
  AGGREGATION_UPLOAD_REPLACED: {
    status: 'ABORTED',
    cause: 'A party began an upload while an older one of the same party was under way; the newer one counts.',
    next: 'Nothing to do after a reconnect; otherwise check that the party does not run two agents under one name.',
  },
  AGGREGATION_UPLOAD_SLOW: {
    status: 'DEADLINE_EXCEEDED',
    cause: 'An upload brought less than 1 MiB within the progress deadline of 30 s.',
    next: 'The party agent sends again by itself; if it happens often, look at the network between them.',
  },
  AGGREGATION_ENGINE: {
    status: 'INTERNAL',
    cause: 'The thread that computes for a run ended, or failed at something that the program does not expect.',
    next: "Look at the aggregator's log for the error, and at its memory; the run was abandoned: submit the job again.",
  },
  AGGREGATION_ENGINE_CLOSED: {
    status: 'CANCELLED',
    cause: 'Something was asked of the thread that computes for a run after the run had ended.',
    next: 'Nothing to do: the run is over.',
  },
  AGGREGATION_ENGINE_ORDER: {
    status: 'INTERNAL',
    cause: 'An update was added, or a round closed, while no round was open, or a round was opened within another.',
    next: 'Report this as a defect of the program.',
  },
  AGGREGATION_STATE_INVALID: {
    status: 'DATA_LOSS',
    cause: 'The kept state of a run is not one of this job, this release and this form.',
    next: 'Start the aggregator with the release that wrote it, or submit the job again.',
  },
  AGGREGATION_SPOOL_WRITE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'A robust rule needs all updates of a round at once, and the temporary file for them cannot be written.',
    next: 'Give the aggregator room for all updates of a round on the disk of its temporary directory.',
  },
  AGGREGATION_SPOOL_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'What was read from the temporary file of a robust rule is not what was written there.',
    next: 'Look at the disk of the temporary directory, and at who can write to it.',
  },
  AGGREGATION_RECEIPTS_GONE: {
    status: 'DATA_LOSS',
    cause:
      'A receipt was asked for that is older than those in memory, and the temporary file for such could not be written or read.',
    next: 'Give the temporary directory of the aggregator room; after a restart it has the receipts from its state directory.',
  },
  AGGREGATION_WORKER: {
    status: 'INTERNAL',
    cause: 'The aggregator failed while it summed or stepped the model; the run was abandoned.',
    next: "Look at the aggregator's log for the correlated error, and submit the job again.",
  },
  // Files of the state directory (durable/).
  AGGREGATION_STATE_DISK: {
    status: 'INTERNAL',
    cause:
      'A file of the state directory could not be read or written: the disk is full, read-only, failing or not permitted. Nothing of the round was released.',
    next: 'Make room or mend the disk, start the aggregator again, and submit the job again if its run was abandoned.',
  },
  AGGREGATION_STATE_DAMAGED: {
    status: 'DATA_LOSS',
    cause:
      'A file of a run in the state directory is missing, was changed, or holds something that no aggregator wrote.',
    next: "Put the run's whole directory back from a copy of the same moment; otherwise remove it and submit the job again.",
  },
  AGGREGATION_STATE_BUSY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The state directory, or the files of the run in it, are in use by another, or were closed.',
    next: 'Stop the other aggregator, or give each one a state directory of its own.',
  },
  AGGREGATION_STATE_SIZE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'A record, a state, a job or the whole log of a run is larger than the state directory takes.',
    next: 'Run the job with fewer parties or rounds, or with a smaller model.',
  },
  AGGREGATION_STATE_RELEASE: {
    status: 'FAILED_PRECONDITION',
    cause:
      'A run in the state directory was written by another release of the aggregator, in a form this one cannot read.',
    next: "Start the release that wrote it until the run has ended, or remove the run's directory and submit the job again.",
  },
  AGGREGATION_RUN_ID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The id of a run is not 32 lower-case hexadecimal digits.',
    next: 'Use the coordinator of the same release as the aggregator.',
  },
  AGGREGATION_RUN_KEY: {
    status: 'PERMISSION_DENIED',
    cause: 'The key with which a party would open the stored files of a run is not the key of that run.',
    next: 'Nothing to do where another party has the right one; otherwise the run cannot be continued: submit the job again.',
  },
} as const satisfies ErrorTable<string>

export type AggregatorCode = keyof typeof aggregatorErrors

export class AggregatorError extends CodedError<AggregatorCode> {
  constructor(code: AggregatorCode, message: string, options?: ErrorOptions) {
    super(aggregatorErrors, code, message, options)
  }
}
