import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const witnessErrors = {
  WITNESS_UNWRITABLE: {
    status: 'INTERNAL',
    cause: "A checkpoint of the coordinator's log could not be kept, so a later change of the log could go unnoticed.",
    next: 'Make room on the disk, or give the agent the right to write in its home directory below ledger/.',
  },
  WITNESS_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'What a party kept of the log cannot be read: a file was changed, or is none of the agent.',
    next: 'Restore the directory ledger/ of the home from a backup. What was seen before is forgotten with it if it is removed.',
  },
  WITNESS_EVADED: {
    status: 'UNAVAILABLE',
    cause:
      'The coordinator did not lead from the checkpoint of another party to that of this one: its log grew between any two questions.',
    next: 'The agent asks again by itself. If it stays so, compare the witness directories of both parties with `coffer ledger verify`.',
  },
} as const satisfies ErrorTable<string>

export type WitnessCode = keyof typeof witnessErrors

export class WitnessError extends CodedError<WitnessCode> {
  constructor(code: WitnessCode, message: string, options?: ErrorOptions) {
    super(witnessErrors, code, message, options)
  }
}
