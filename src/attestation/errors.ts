/**
 * *The evidence is bad*: it is malformed, forged, revoked, out of date, about another platform or another connection.
 * (*Good, but not what I trust* is appraisal/errors.ts.) One EvidenceError carries every finding that could be made
 * independently; its own code is the first of them in the order of the trust argument.
 */
import { CodedError, type ErrorTable } from '../errors/index.ts'

const transit = 'Ask for new evidence; if it comes again, the sender or the way to it is not what it claims to be.'
const another = 'Do not use this server: find out which machine answered and who operates it.'
const refetch = 'Fetch the collateral again, from Intel or the cache service of the site, and replace the old bundle.'
const forged = 'Do not use this collateral: fetch it again and find out who changed it.'

export const evidenceErrors = {
  EVIDENCE_ARGUMENT: {
    status: 'INVALID_ARGUMENT',
    cause: 'The verifier was called without a valid time, a usable trust root, or report data of 64 bytes.',
    next: 'Check the roots, the time and the report data that were given.',
  },
  EVIDENCE_QUOTE_SIZE: {
    status: 'INVALID_ARGUMENT',
    cause: 'A quote is larger than any real one.',
    next: transit,
  },
  EVIDENCE_QUOTE_TRUNCATED: {
    status: 'INVALID_ARGUMENT',
    cause: 'A quote ends before the structure that its own length fields announce.',
    next: transit,
  },
  EVIDENCE_QUOTE_LENGTH: {
    status: 'INVALID_ARGUMENT',
    cause: 'A length field in a quote contradicts the structure around it.',
    next: transit,
  },
  EVIDENCE_QUOTE_TRAILING: {
    status: 'INVALID_ARGUMENT',
    cause: 'After the end of a quote there are bytes other than zero padding.',
    next: transit,
  },
  EVIDENCE_QUOTE_UNSUPPORTED: {
    status: 'UNIMPLEMENTED',
    cause: 'The quote has a version, TEE, key type, body or certification data that is not verified here.',
    next: 'Use SGX quotes of version 3 or TDX quotes of version 4 or 5 with a PCK certificate chain inside.',
  },
  EVIDENCE_QE_VENDOR: {
    status: 'PERMISSION_DENIED',
    cause: 'The quoting enclave is not the one of Intel, by the vendor id in the header.',
    next: another,
  },
  EVIDENCE_QUOTE_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'The attestation key did not sign this header and body: the quote was forged or changed.',
    next: another,
  },
  EVIDENCE_ATTESTATION_KEY: {
    status: 'PERMISSION_DENIED',
    cause: 'The quoting enclave vouches for another attestation key than the one in the quote: the key was swapped.',
    next: another,
  },
  EVIDENCE_QE_REPORT_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'The report of the quoting enclave is not signed by the key of the PCK certificate.',
    next: another,
  },
  EVIDENCE_QE_IDENTITY_MISMATCH: {
    status: 'PERMISSION_DENIED',
    cause: 'The enclave that made the quote is not the quoting enclave that Intel describes.',
    next: another,
  },
  EVIDENCE_DER_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A certificate or revocation list is not strict DER.',
    next: transit,
  },
  EVIDENCE_PEM_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A certificate chain is not plain PEM: text around it, bad base64, or too many certificates.',
    next: transit,
  },
  EVIDENCE_KEY_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A public key is not a point of the curve P-256.',
    next: transit,
  },
  EVIDENCE_CERTIFICATE_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A certificate has a form, algorithm or critical extension that the SGX certificate profile does not have.',
    next: another,
  },
  EVIDENCE_CERTIFICATE_ROLE: {
    status: 'PERMISSION_DENIED',
    cause: 'A certificate is used in a place that its name, basic constraints or key usage does not allow.',
    next: another,
  },
  EVIDENCE_CERTIFICATE_ISSUER: {
    status: 'PERMISSION_DENIED',
    cause: 'The issuer that a certificate names is not the certificate above it in its chain.',
    next: another,
  },
  EVIDENCE_CERTIFICATE_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'A certificate is not signed by the certificate above it in its chain.',
    next: another,
  },
  EVIDENCE_CERTIFICATE_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: 'A certificate of the evidence or its collateral is past its last day.',
    next: 'Check the clock of this machine; then have the platform renew its PCK certificate or fetch new collateral.',
  },
  EVIDENCE_CERTIFICATE_EARLY: {
    status: 'FAILED_PRECONDITION',
    cause: 'A certificate is not valid yet at the time of verification.',
    next: 'Check the clock of this machine.',
  },
  EVIDENCE_ROOT_UNKNOWN: {
    status: 'PERMISSION_DENIED',
    cause: 'A certificate chain ends in a root that is not among the trusted ones.',
    next: 'Check which root the policy trusts; evidence of a simulated TEE never chains to the root of Intel.',
  },
  EVIDENCE_PCK_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'The SGX extension of the PCK certificate is missing, incomplete or malformed.',
    next: another,
  },
  EVIDENCE_PCK_REVOKED: {
    status: 'PERMISSION_DENIED',
    cause: 'The certificate of this platform was revoked.',
    next: another,
  },
  EVIDENCE_PCK_CA_REVOKED: {
    status: 'PERMISSION_DENIED',
    cause: 'The certificate authority that certified this platform was revoked.',
    next: another,
  },
  EVIDENCE_TCB_SIGNER_REVOKED: {
    status: 'PERMISSION_DENIED',
    cause: 'The certificate that signed TCB info or QE identity was revoked.',
    next: refetch,
  },
  EVIDENCE_CRL_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'A certificate revocation list is absent or empty; without it nothing is known about revocation.',
    next: refetch,
  },
  EVIDENCE_CRL_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A revocation list has a form, algorithm or critical extension that is not understood.',
    next: refetch,
  },
  EVIDENCE_CRL_ISSUER: {
    status: 'PERMISSION_DENIED',
    cause: 'A revocation list was issued by another authority than the one whose certificates it should cover.',
    next: 'Fetch the list of the authority that issued the certificate: processor or platform, or the root.',
  },
  EVIDENCE_CRL_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'A revocation list is not signed by the authority it names.',
    next: forged,
  },
  EVIDENCE_CRL_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: 'A revocation list is past the date of its next update.',
    next: refetch,
  },
  EVIDENCE_CRL_EARLY: {
    status: 'FAILED_PRECONDITION',
    cause: 'A revocation list was issued after the time of verification.',
    next: 'Check the clock of this machine.',
  },
  EVIDENCE_COLLATERAL_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'A collateral document, TCB info or QE identity has missing, unknown or malformed fields, or is too large.',
    next: refetch,
  },
  EVIDENCE_TCB_INFO_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'TCB info is not signed by its TCB signing certificate.',
    next: forged,
  },
  EVIDENCE_TCB_INFO_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: 'TCB info is past the date of its next update.',
    next: refetch,
  },
  EVIDENCE_TCB_INFO_EARLY: {
    status: 'FAILED_PRECONDITION',
    cause: 'TCB info was issued after the time of verification.',
    next: 'Check the clock of this machine.',
  },
  EVIDENCE_TCB_INFO_TEE: {
    status: 'PERMISSION_DENIED',
    cause: 'TCB info is about another kind of TEE than the quote.',
    next: refetch,
  },
  EVIDENCE_FMSPC_MISMATCH: {
    status: 'PERMISSION_DENIED',
    cause: 'TCB info is about another family of platforms (FMSPC) than the PCK certificate.',
    next: refetch,
  },
  EVIDENCE_PCE_ID_MISMATCH: {
    status: 'PERMISSION_DENIED',
    cause: 'TCB info is about another provisioning enclave (PCE id) than the PCK certificate.',
    next: refetch,
  },
  EVIDENCE_QE_IDENTITY_SIGNATURE: {
    status: 'PERMISSION_DENIED',
    cause: 'QE identity is not signed by its TCB signing certificate.',
    next: forged,
  },
  EVIDENCE_QE_IDENTITY_EXPIRED: {
    status: 'FAILED_PRECONDITION',
    cause: 'QE identity is past the date of its next update.',
    next: refetch,
  },
  EVIDENCE_QE_IDENTITY_EARLY: {
    status: 'FAILED_PRECONDITION',
    cause: 'QE identity was issued after the time of verification.',
    next: 'Check the clock of this machine.',
  },
  EVIDENCE_QE_IDENTITY_TEE: {
    status: 'PERMISSION_DENIED',
    cause: 'QE identity is about the quoting enclave of another kind of TEE.',
    next: refetch,
  },
  EVIDENCE_SEAM_MODULE: {
    status: 'PERMISSION_DENIED',
    cause: 'The TDX module is not signed by whom TCB info names, has attributes set, or is of an unknown version.',
    next: another,
  },
  EVIDENCE_TCB_LEVEL_UNKNOWN: {
    status: 'PERMISSION_DENIED',
    cause: 'The platform, TDX module or quoting enclave is below every TCB level that Intel describes.',
    next: 'Have the operator update firmware, microcode and TDX module of the platform.',
  },
  EVIDENCE_TCB_STATUS_UNKNOWN: {
    status: 'PERMISSION_DENIED',
    cause: 'The TCB level of the platform has a status that this program does not know.',
    next: 'Update this program; until then the platform cannot be judged.',
  },
  EVIDENCE_BINDING: {
    status: 'PERMISSION_DENIED',
    cause: 'The report data is not that of this session: another connection, nonce, run, epoch, policy, role or key.',
    next: another,
  },
  EVIDENCE_EVENT_LOG_INVALID: {
    status: 'INVALID_ARGUMENT',
    cause: 'An event log is not a CCEL log of SHA-384 events for the RTMRs, or it came with an SGX quote.',
    next: transit,
  },
  EVIDENCE_EVENT_LOG_REPLAY: {
    status: 'PERMISSION_DENIED',
    cause: 'The event log does not lead to the RTMRs of the quote: events were dropped, added, reordered or changed.',
    next: another,
  },
  EVIDENCE_EVENT_LOG_TEXT: {
    status: 'PERMISSION_DENIED',
    cause: 'An event has data that its digest does not cover, though its type says it must: the text was forged.',
    next: another,
  },
} as const satisfies ErrorTable<string>

export type EvidenceCode = keyof typeof evidenceErrors

/** A code with what was found; several of them explain one refusal. */
export interface Reason<Code extends string = string> {
  readonly code: Code
  readonly text: string
}

/** Texts quote hostile documents, in which a time, an OID or a name may have a megabyte. Real ones have 300 characters. */
const MOST_TEXT = 2_000

const bounded = <Code extends string>({ code, text }: Reason<Code>): Reason<Code> => ({
  code,
  text: text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}... (${text.length} characters)`,
})

/** The base of both families: `instanceof AttestationError` is "this evidence does not count". */
export abstract class AttestationError<Code extends string = string> extends CodedError<Code> {
  /** Everything that was found, in the order of the trust argument; the first one is this error's own code. */
  readonly reasons: readonly Reason<Code>[]

  constructor(table: ErrorTable<Code>, reasons: readonly [Reason<Code>, ...Reason<Code>[]], options?: ErrorOptions) {
    const told = reasons.map(bounded)
    super(table, reasons[0].code, told.map(({ text }) => text).join('; '), options)
    this.reasons = told
  }
}

/** What was found, of whatever kind: an error without reasons is its own. */
export function reasonsOf(error: CodedError): readonly Reason[] {
  return error instanceof AttestationError ? error.reasons : [{ code: error.code, text: error.message }]
}

export class EvidenceError extends AttestationError<EvidenceCode> {
  constructor(code: EvidenceCode, text: string, options?: ErrorOptions & { more?: readonly Reason<EvidenceCode>[] }) {
    super(evidenceErrors, [{ code, text }, ...(options?.more ?? [])], options)
  }
}
