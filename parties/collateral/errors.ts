/** The errors of fetching and keeping collateral. None of them says anything about evidence: that is the verifier's. */
import { CodedError, type ErrorTable } from '../../src/errors/index.ts'

const service = 'Check the address of the collateral service, that it is a PCS or PCCS of API version 4, and its log.'

export const collateralErrors = {
  // The service.
  COLLATERAL_SERVICE_URL: {
    status: 'INVALID_ARGUMENT',
    cause: 'The address of a collateral service is not an https URL, or is plain http to another machine.',
    next: 'Give an https URL such as https://pccs.example.org:8081; plain http is for a PCCS on this machine only.',
  },
  COLLATERAL_UNREACHABLE: {
    status: 'UNAVAILABLE',
    cause: 'The collateral service cannot be reached, or closed the connection before its answer was complete.',
    next: 'Check address, name resolution, firewall and proxy; without internet use a PCCS or an offline bundle.',
  },
  COLLATERAL_TLS: {
    status: 'FAILED_PRECONDITION',
    cause: 'The TLS certificate of the collateral service is not accepted.',
    next: 'For a PCCS with a certificate of its own, give the certificate of its authority in a file.',
  },
  COLLATERAL_TIMEOUT: {
    status: 'DEADLINE_EXCEEDED',
    cause: 'The collateral service did not answer completely before the deadline.',
    next: 'Try again; if it happens often, use a PCCS near this machine.',
  },
  COLLATERAL_BUSY: {
    status: 'UNAVAILABLE',
    cause: 'The collateral service asks to come back later (HTTP status 429 or 503).',
    next: 'Try again after the time in the message; a PCCS of your own has no limit of requests.',
  },
  COLLATERAL_REFUSED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The collateral service answered with an HTTP status that is neither success nor "not found".',
    next: service,
  },
  COLLATERAL_UNKNOWN_PLATFORM: {
    status: 'NOT_FOUND',
    cause: 'The collateral service knows no TCB info for this family of platforms (FMSPC) and kind of TEE.',
    next: 'Check that the platform supports this kind of TEE; a PCCS has to be filled with its platforms first.',
  },
  COLLATERAL_TOO_LARGE: {
    status: 'RESOURCE_EXHAUSTED',
    cause: 'An answer of the collateral service is larger than any collateral.',
    next: service,
  },
  COLLATERAL_ANSWER_INVALID: {
    status: 'FAILED_PRECONDITION',
    cause: 'An answer of the collateral service is not a document of the kind that was asked for.',
    next: service,
  },
  COLLATERAL_CHAIN_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'An answer of the collateral service lacks the header with the certificates of its issuer.',
    next: 'If a proxy stands before the service, let it pass the headers that end in Issuer-Chain.',
  },
  COLLATERAL_MISMATCH: {
    status: 'FAILED_PRECONDITION',
    cause: 'The collateral is about another platform, certificate authority or kind of TEE than the one asked for.',
    next: service,
  },
  COLLATERAL_CANCELLED: {
    status: 'CANCELLED',
    cause: 'Whoever asked for collateral gave up, or the program ends.',
    next: 'Nothing; it was asked for.',
  },
  // What is kept.
  COLLATERAL_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: 'The only collateral at hand is past the date of its next update, and newer could not be had.',
    next: 'Restore the way to the collateral service, or bring a new offline bundle; check the clock of this machine.',
  },
  COLLATERAL_CACHE_DAMAGED: {
    status: 'DATA_LOSS',
    cause: 'A file of the collateral cache cannot be read, or is not what was written; it is fetched again.',
    next: 'Nothing; if it happens often, check the disk and who else writes into the cache directory.',
  },
  COLLATERAL_CACHE_UNWRITABLE: {
    status: 'FAILED_PRECONDITION',
    cause: 'Fetched collateral cannot be written into the cache directory; it is used, and lost with this process.',
    next: 'Give the user of the program permission to write into the cache directory, and free space.',
  },
  COLLATERAL_NOT_IN_BUNDLE: {
    status: 'NOT_FOUND',
    cause: 'The offline bundle has no collateral for this platform.',
    next: 'Where there is internet run `coffer attest collateral fetch` for it, and `coffer attest collateral bundle`.',
  },
  COLLATERAL_BUNDLE_UNREADABLE: {
    status: 'INVALID_ARGUMENT',
    cause: 'The file of collateral or of an offline bundle cannot be read.',
    next: 'Check the path and its permissions.',
  },
  COLLATERAL_BUNDLE_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The file is neither collateral nor an offline bundle, is too large, or names a platform twice.',
    next: 'Make it again with `coffer attest collateral bundle`.',
  },
} as const satisfies ErrorTable<string>

export type CollateralCode = keyof typeof collateralErrors

export class CollateralError extends CodedError<CollateralCode> {
  constructor(code: CollateralCode, message: string, options?: ErrorOptions) {
    super(collateralErrors, code, message, options)
  }
}
