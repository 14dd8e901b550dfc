import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const recordErrors = {
  RECORD_UNWRITABLE: {
    status: 'INTERNAL',
    cause: 'A verification record could not be written, so the connection that it would vouch for was not used.',
    next: 'Make room on the disk, or give the agent the right to write in its home directory below attestation/.',
  },
  RECORD_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A file is not a verification record, or was changed so that it cannot be read as one.',
    next: 'Give a file from attestation/records in the home of a party agent, as the agent wrote it.',
  },
  RECORD_OBJECT: {
    status: 'DATA_LOSS',
    cause: 'What a verification record refers to is missing beside it, or has another digest than the record says.',
    next: 'Keep the directory attestation/ of the home together: records need the files in objects/.',
  },
  RECORD_PACE: {
    status: 'UNAVAILABLE',
    cause:
      'Connections to the aggregator were accepted and lost several times within a minute, and each leaves a record.',
    next: 'The agent dials again by itself; if it goes on, look for what cuts connections on the way to the aggregator.',
  },
  RECORD_POLICY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The attestation policy that the party accepted before cannot be read, so that a new one cannot be judged.',
    next: 'Restore attestation/accepted-policy.json from a backup; remove it only if you mean to trust the federation anew.',
  },
} as const satisfies ErrorTable<string>

export type RecordCode = keyof typeof recordErrors

export class RecordError extends CodedError<RecordCode> {
  constructor(code: RecordCode, message: string, options?: ErrorOptions) {
    super(recordErrors, code, message, options)
  }
}
