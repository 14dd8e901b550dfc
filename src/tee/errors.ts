import { CodedError, type ErrorTable } from '../errors/index.ts'

export const teeErrors = {
  TEE_REPORT_DATA_LENGTH: {
    status: 'INTERNAL',
    cause: 'A quote was asked for with report data of another length than 64 bytes.',
    next: 'This is a mistake in the program: report it with the message.',
  },
  TEE_SIMULATOR_OPTION: {
    status: 'INVALID_ARGUMENT',
    cause:
      'The simulated TEE was asked for something it cannot issue: an unknown kind of TEE, an empty seed, a time outside its certificates, a wrong padding, or a field of the body that the kind of TEE does not have.',
    next: 'Correct the option that the message names.',
  },
  TEE_SIMULATOR_FAULT: {
    status: 'INVALID_ARGUMENT',
    cause: 'The simulated TEE was asked for a fault that it does not know, or that its kind of TEE cannot have.',
    next: 'Choose one of the names that the message lists.',
  },
} as const satisfies ErrorTable<string>

export type TeeCode = keyof typeof teeErrors

export class TeeError extends CodedError<TeeCode> {
  constructor(code: TeeCode, message: string, options?: ErrorOptions) {
    super(teeErrors, code, message, options)
  }
}
