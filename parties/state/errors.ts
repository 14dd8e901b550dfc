import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

export const stateErrors = {
  STATE_UNWRITABLE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'The party could not write down what it must not lose of a run: the disk is full, read-only or failing.',
    next: 'Make room below `state` of the party, or give the agent the right to write there. It goes on with the next task.',
  },
  STATE_UNREADABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'What the party keeps of a run exists and cannot be read: permissions forbid it, or the disk fails.',
    next: 'Give the user that runs the party agent permission to read `state` of the party; the message has the reason.',
  },
  STATE_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'A file that the party kept of a run was changed or is incomplete where a crash cannot have left it so.',
    next: 'Restore the directory of the run from a backup, or leave the run. Without its receipts a party cannot tell whether the aggregator was rolled back.',
  },
  STATE_TOO_MANY: {
    status: 'RESOURCE_EXHAUSTED',
    cause:
      'The party keeps as much as it may: of runs that have not ended, or of restarts of the aggregator in one run.',
    next: 'Delete the directories of runs that are over from `state` of the party; stop a run whose aggregator restarts without end.',
  },
} as const satisfies ErrorTable<string>

export type StateCode = keyof typeof stateErrors

export class StateError extends CodedError<StateCode> {
  constructor(code: StateCode, message: string, options?: ErrorOptions) {
    super(stateErrors, code, message, options)
  }
}
