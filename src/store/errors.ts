import { CodedError, type ErrorTable } from '../errors/index.ts'

export const storeErrors = {
  STORE_URL: {
    status: 'INVALID_ARGUMENT',
    cause: 'The address of the store is neither sqlite:PATH, sqlite::memory: nor postgres://USER@HOST/DATABASE.',
    next: 'Correct `store` in coffer.yaml.',
  },
  STORE_FULL: {
    status: 'RESOURCE_EXHAUSTED',
    cause: "The disk of the coordinator's database is full; nothing of the refused change was kept.",
    next: 'Free or add disk space; the coordinator goes on by itself, a refused submission has to be sent again.',
  },
  STORE_UNREACHABLE: {
    status: 'UNAVAILABLE',
    cause: 'The database cannot be opened, does not answer, or refuses to read or write.',
    next: 'Check path and permissions of the SQLite file, or that PostgreSQL runs and accepts this user and password.',
  },
  STORE_BUSY: {
    status: 'UNAVAILABLE',
    cause: 'Other writers held the database for so long that the change was given up.',
    next: 'Try again; if it happens often, see which other program uses this database.',
  },
  STORE_NEWER_SCHEMA: {
    status: 'FAILED_PRECONDITION',
    cause: 'The database was written by a newer release than this one.',
    next: 'Start the newer release, or restore the backup that was made before the upgrade.',
  },
  STORE_CORRUPT: {
    status: 'DATA_LOSS',
    cause: 'What the database holds is damaged, or was changed by something other than this program.',
    next: 'Stop the coordinator, keep a copy of the files, and restore the last backup.',
  },
  STORE_CONFLICT: {
    status: 'ALREADY_EXISTS',
    cause: 'Something else is already stored under this id.',
    next: 'Use another id.',
  },
  STORE_UNKNOWN_RUN: {
    status: 'NOT_FOUND',
    cause: 'A change names a run that the store does not hold.',
    next: 'List the runs with `coffer run list`.',
  },
  STORE_UNKNOWN_MODEL: {
    status: 'NOT_FOUND',
    cause: 'The store does not hold this model version.',
    next: 'List the model versions with `coffer model list`.',
  },
  STORE_CLOSED: {
    status: 'UNAVAILABLE',
    cause: 'The coordinator is shutting down and has closed its database.',
    next: 'Try again when it has started.',
  },
} as const satisfies ErrorTable<string>

export type StoreCode = keyof typeof storeErrors

export class StoreError extends CodedError<StoreCode> {
  constructor(code: StoreCode, message: string, options?: ErrorOptions) {
    super(storeErrors, code, message, options)
  }
}
