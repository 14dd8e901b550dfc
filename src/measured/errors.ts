/**
 * Why the measured program does not start. Everything else that can go wrong has the code of the room where it happens.
 */
import { CodedError, type ErrorTable } from '../errors/index.ts'

export const measuredErrors = {
  MEASURED_ARGUMENT: {
    status: 'INVALID_ARGUMENT',
    cause: 'The measured program was started with other arguments than --home and a directory.',
    next: 'Start it as `node aggregator.mjs --home DIR`; what it does is written in the files of that directory.',
  },
  MEASURED_FILE_UNREADABLE: {
    status: 'INVALID_ARGUMENT',
    cause: 'A file of the home directory, or the program itself, is missing, too large, not text, or not readable.',
    next: 'Compare the directory with what deploy/README.md lists, and check its owner and permissions.',
  },
  MEASURED_KEY_EXPOSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'Other users of the machine can read or change the private key.',
    next: 'Run chmod 600 on key.pem; if others may have read it, ask for a new certificate.',
  },
  MEASURED_IDENTITY: {
    status: 'FAILED_PRECONDITION',
    cause: 'The certificate is that of another program than the one that coffer.yaml describes.',
    next: 'Put the certificate and the coffer.yaml of the same aggregator into the home directory.',
  },
  MEASURED_POLICY_SIMULATED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The attestation policy is one for simulation, and the measured program runs in a TEE or not at all.',
    next: 'Have the organisations sign a policy whose purpose is production; `coffer demo` is for trying out.',
  },
} as const satisfies ErrorTable<string>

export type MeasuredCode = keyof typeof measuredErrors

export class MeasuredError extends CodedError<MeasuredCode> {
  constructor(code: MeasuredCode, message: string, options?: ErrorOptions) {
    super(measuredErrors, code, message, options)
  }
}
