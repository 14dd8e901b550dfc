/** What the process ends with, and which error ends it how. docs/cli.md prints this table. */
import { CodedError, type StatusName } from '../errors/index.ts'
import { cliErrors } from './errors.ts'

export const exits = {
  ok: { code: 0, meaning: 'It worked; a watched run finished.' },
  failed: {
    code: 1,
    meaning: 'Refused or failed: a run ended without a model, a check of `doctor` failed, a call was refused.',
  },
  unusable: { code: 2, meaning: 'Arguments, a file or a home directory cannot be used; nothing was done.' },
  unreachable: { code: 3, meaning: 'The coordinator, the aggregator or the collateral service cannot be reached.' },
  interrupted: {
    code: 130,
    meaning: 'Interrupted by a signal before the end. A program that drained after one signal ends with 0.',
  },
} as const

const byStatus: Partial<Record<StatusName, number>> = {
  INVALID_ARGUMENT: exits.unusable.code,
  UNAVAILABLE: exits.unreachable.code,
  DEADLINE_EXCEEDED: exits.unreachable.code,
  CANCELLED: exits.interrupted.code,
}

export interface Failure {
  readonly exit: number
  readonly code: string
  readonly message: string
  readonly next: string
}

/** Found before anything was done, whatever gRPC status such an error would travel as. */
const beforehand: ReadonlySet<string> = new Set([
  'CLI_FILE_EXISTS',
  'CLI_IDENTITY_UNUSABLE',
  'CLI_KEY_EXPOSED',
  'CLI_ATTESTATION_POLICY',
  'RECORD_POLICY',
  'MODEL_DIRECTORY',
])
/** DATA_...: of a data file on the command line. CLI_HOME_...: of the home directory. */
const isUnusable = (code: string): boolean => beforehand.has(code) || /^(?:DATA|CLI_HOME)_/.test(code)

/** How an error is told and what the process ends with. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CodedError) {
    const { code, message, row } = error
    const exit = isUnusable(code) ? exits.unusable.code : (byStatus[row.status] ?? exits.failed.code)
    return { exit, code, message, next: row.next }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { exit: exits.failed.code, code: 'CLI_UNEXPECTED', message, next: cliErrors.CLI_UNEXPECTED.next }
}

/** The failure with the next step of the code's own row: an error from another program brings only its code. */
export async function explained(failure: Failure, error: unknown): Promise<Failure> {
  // By its name: the class would load the network for every verb.
  if (!(error instanceof CodedError) || error.name !== 'RemoteError') return failure
  const { errorRows } = await import('./error-rows.ts')
  return { ...failure, next: errorRows.get(failure.code)?.next ?? failure.next }
}
