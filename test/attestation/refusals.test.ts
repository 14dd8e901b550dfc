/**
 * The threat list as one table: what the simulated TEE issues wrongly -> the codes, in order, that refuse it. Codes
 * EVIDENCE_... are thrown, codes APPRAISAL_... are the reasons of a verdict over good evidence.
 */
import { describe, expect, test } from 'vitest'
import { AppraisalError, AttestationError, EvidenceError, requireAccepted } from '../../src/attestation/index.ts'
import { controls, faults, teeKinds } from '../../src/tee/simulator/index.ts'
import { honest, platformOf, referencesFor, reportData, verifyIssued } from './issued.ts'

const refusals: Readonly<Record<string, string>> = {
  // certificates and roots
  'other-root': 'EVIDENCE_ROOT_UNKNOWN',
  'other-root-in-chain': 'EVIDENCE_ROOT_UNKNOWN',
  'forged-pck': 'EVIDENCE_CERTIFICATE_SIGNATURE',
  'forged-ca': 'EVIDENCE_CERTIFICATE_SIGNATURE',
  'forged-tcb-signer': 'EVIDENCE_CERTIFICATE_SIGNATURE',
  'expired-pck': 'EVIDENCE_CERTIFICATE_EXPIRED',
  'certificate-not-yet-valid': 'EVIDENCE_CERTIFICATE_EARLY',
  'expired-ca': 'EVIDENCE_CERTIFICATE_EXPIRED',
  'ca-not-yet-valid': 'EVIDENCE_CERTIFICATE_EARLY',
  'expired-tcb-signer': 'EVIDENCE_CERTIFICATE_EXPIRED',
  'tcb-signer-not-yet-valid': 'EVIDENCE_CERTIFICATE_EARLY',
  'ca-false-intermediate': 'EVIDENCE_CERTIFICATE_ROLE',
  'ca-key-usage': 'EVIDENCE_CERTIFICATE_ROLE',
  'pck-is-ca': 'EVIDENCE_CERTIFICATE_ROLE',
  'pck-key-usage': 'EVIDENCE_CERTIFICATE_ROLE',
  'tcb-signer-key-usage': 'EVIDENCE_CERTIFICATE_ROLE',
  'issuer-name-mismatch': 'EVIDENCE_CERTIFICATE_ISSUER EVIDENCE_CRL_ISSUER',
  'wrong-role-pck': 'EVIDENCE_CERTIFICATE_ROLE',
  'wrong-role-ca': 'EVIDENCE_CERTIFICATE_ROLE',
  'wrong-role-tcb-signer': 'EVIDENCE_CERTIFICATE_ROLE',
  'unknown-critical-extension': 'EVIDENCE_CERTIFICATE_INVALID',
  'ca-unknown-critical-extension': 'EVIDENCE_CERTIFICATE_INVALID',
  'missing-sgx-extension': 'EVIDENCE_PCK_INVALID',
  'repeated-sgx-extension': 'EVIDENCE_CERTIFICATE_INVALID',
  'sgx-extension-without-fmspc': 'EVIDENCE_PCK_INVALID',
  'sgx-extension-without-pceid': 'EVIDENCE_PCK_INVALID',
  'sgx-extension-fmspc-length': 'EVIDENCE_PCK_INVALID',
  'sgx-extension-15-components': 'EVIDENCE_PCK_INVALID',
  'sgx-extension-large-svn': 'EVIDENCE_PCK_INVALID',
  'missing-intermediate': 'EVIDENCE_PEM_INVALID',
  'missing-root': 'EVIDENCE_PEM_INVALID',
  'extra-certificate': 'EVIDENCE_PEM_INVALID',
  'repeated-certificate': 'EVIDENCE_PEM_INVALID',
  'swapped-chain-order': 'EVIDENCE_QE_REPORT_SIGNATURE',
  'certificate-trailing-bytes': 'EVIDENCE_DER_INVALID',
  // revocation
  'revoked-pck': 'EVIDENCE_PCK_REVOKED',
  'revoked-ca': 'EVIDENCE_PCK_CA_REVOKED',
  'revoked-tcb-signer': 'EVIDENCE_TCB_SIGNER_REVOKED',
  'missing-pck-crl': 'EVIDENCE_CRL_MISSING',
  'missing-root-crl': 'EVIDENCE_CRL_MISSING',
  'forged-crl': 'EVIDENCE_CRL_SIGNATURE',
  'forged-root-crl': 'EVIDENCE_CRL_SIGNATURE',
  'expired-crl': 'EVIDENCE_CRL_EXPIRED',
  'expired-root-crl': 'EVIDENCE_CRL_EXPIRED',
  'future-crl': 'EVIDENCE_CRL_EARLY',
  'future-root-crl': 'EVIDENCE_CRL_EARLY',
  'other-ca-crl': 'EVIDENCE_CRL_ISSUER EVIDENCE_CRL_SIGNATURE EVIDENCE_CRL_ISSUER',
  'other-ca-crl-and-chain': 'EVIDENCE_CRL_ISSUER',
  'root-crl-as-pck-crl': 'EVIDENCE_CRL_ISSUER EVIDENCE_CRL_SIGNATURE EVIDENCE_CRL_ISSUER',
  'pck-crl-as-root-crl': 'EVIDENCE_CRL_ISSUER EVIDENCE_CRL_SIGNATURE',
  'partial-crl': 'EVIDENCE_CRL_INVALID',
  'delta-crl': 'EVIDENCE_CRL_INVALID',
  'crl-without-next-update': 'EVIDENCE_CRL_INVALID',
  'crl-trailing-bytes': 'EVIDENCE_DER_INVALID',
  'crl-truncated': 'EVIDENCE_DER_INVALID',
  'crl-chain-without-root': 'EVIDENCE_PEM_INVALID',
  'crl-chain-to-other-root': 'EVIDENCE_ROOT_UNKNOWN EVIDENCE_CERTIFICATE_SIGNATURE',
  'crl-by-forged-ca': 'EVIDENCE_CERTIFICATE_SIGNATURE',
  'crl-chain-of-other-ca': 'EVIDENCE_CRL_ISSUER EVIDENCE_CRL_SIGNATURE',
  // TCB info and TCB status
  'stale-tcb-info': 'EVIDENCE_TCB_INFO_EXPIRED',
  'future-tcb-info': 'EVIDENCE_TCB_INFO_EARLY',
  'missigned-tcb-info': 'EVIDENCE_TCB_INFO_SIGNATURE',
  'pck-leaf-signs-tcb-info': 'EVIDENCE_PEM_INVALID',
  'pck-leaf-signs-tcb-info-short':
    'EVIDENCE_CERTIFICATE_ROLE EVIDENCE_CERTIFICATE_ISSUER EVIDENCE_CERTIFICATE_SIGNATURE',
  'ca-signs-tcb-info': 'EVIDENCE_CERTIFICATE_ROLE',
  'tcb-info-altered': 'EVIDENCE_TCB_INFO_SIGNATURE',
  'tcb-info-spaced': 'EVIDENCE_TCB_INFO_SIGNATURE',
  'tcb-info-other-root': 'EVIDENCE_ROOT_UNKNOWN',
  'tcb-info-repeated-member': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-info-trailing-text': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-info-not-json': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-info-signature-short': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-info-signature-der': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-info-signature-bit': 'EVIDENCE_TCB_INFO_SIGNATURE',
  'tcb-info-chain-without-root': 'EVIDENCE_PEM_INVALID',
  'sgx-material-for-tdx': 'EVIDENCE_TCB_INFO_TEE',
  'tdx-material-for-sgx': 'EVIDENCE_TCB_INFO_TEE',
  'fmspc-mismatch': 'EVIDENCE_FMSPC_MISMATCH',
  'pceid-mismatch': 'EVIDENCE_PCE_ID_MISMATCH',
  'tcb-info-version': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-type-unknown': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-level-15-components': 'EVIDENCE_COLLATERAL_INVALID',
  'tcb-level-negative-svn': 'EVIDENCE_COLLATERAL_INVALID',
  'no-tcb-levels': 'EVIDENCE_COLLATERAL_INVALID',
  'unknown-tcb-status': 'EVIDENCE_TCB_STATUS_UNKNOWN',
  'unlisted-advisory': 'APPRAISAL_ADVISORY',
  'sw-hardening-needed': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'configuration-needed': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'configuration-and-sw-hardening-needed': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY APPRAISAL_ADVISORY',
  'tcb-out-of-date': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'out-of-date-configuration-needed': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY APPRAISAL_ADVISORY',
  'tcb-revoked': 'APPRAISAL_TCB_REVOKED APPRAISAL_ADVISORY',
  'below-all-tcb-levels': 'EVIDENCE_TCB_LEVEL_UNKNOWN',
  'pce-svn-below-all-levels': 'EVIDENCE_TCB_LEVEL_UNKNOWN',
  // the quoting enclave
  'stale-qe-identity': 'EVIDENCE_QE_IDENTITY_EXPIRED',
  'future-qe-identity': 'EVIDENCE_QE_IDENTITY_EARLY',
  'missigned-qe-identity': 'EVIDENCE_QE_IDENTITY_SIGNATURE',
  'pck-leaf-signs-qe-identity': 'EVIDENCE_PEM_INVALID',
  'qe-identity-other-root': 'EVIDENCE_ROOT_UNKNOWN',
  'qe-identity-repeated-member': 'EVIDENCE_COLLATERAL_INVALID',
  'qe-identity-altered': 'EVIDENCE_QE_IDENTITY_SIGNATURE',
  'qe-identity-not-json': 'EVIDENCE_COLLATERAL_INVALID',
  'qe-identity-version': 'EVIDENCE_COLLATERAL_INVALID',
  'qe-identity-status-unknown': 'EVIDENCE_TCB_STATUS_UNKNOWN',
  'no-qe-levels': 'EVIDENCE_COLLATERAL_INVALID',
  'sgx-qe-identity-for-tdx': 'EVIDENCE_QE_IDENTITY_TEE',
  'tdx-qe-identity-for-sgx': 'EVIDENCE_QE_IDENTITY_TEE',
  'qe-wrong-signer': 'EVIDENCE_QE_IDENTITY_MISMATCH',
  'qe-wrong-product': 'EVIDENCE_QE_IDENTITY_MISMATCH',
  'qe-debug': 'EVIDENCE_QE_IDENTITY_MISMATCH',
  'qe-misc-select': 'EVIDENCE_QE_IDENTITY_MISMATCH',
  'qe-outdated': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'qe-revoked': 'APPRAISAL_TCB_REVOKED APPRAISAL_ADVISORY',
  'qe-below-all-levels': 'EVIDENCE_TCB_LEVEL_UNKNOWN',
  'qe-report-data': 'EVIDENCE_ATTESTATION_KEY',
  'qe-report-signature': 'EVIDENCE_QE_REPORT_SIGNATURE',
  'qe-report-altered': 'EVIDENCE_QE_REPORT_SIGNATURE',
  'qe-auth-altered': 'EVIDENCE_ATTESTATION_KEY',
  'attestation-key-swapped': 'EVIDENCE_ATTESTATION_KEY',
  // the program and its TEE
  'wrong-measurement': 'APPRAISAL_MEASUREMENT',
  'wrong-enclave-signer': 'APPRAISAL_MEASUREMENT',
  'wrong-enclave-product': 'APPRAISAL_MEASUREMENT',
  'lower-svn': 'APPRAISAL_SVN',
  'enclave-debug': 'APPRAISAL_DEBUG',
  'enclave-not-initialised': 'APPRAISAL_SGX_ATTRIBUTES',
  'enclave-provision-key': 'APPRAISAL_SGX_ATTRIBUTES',
  'enclave-launch-key': 'APPRAISAL_SGX_ATTRIBUTES',
  'wrong-td-measurement': 'APPRAISAL_MEASUREMENT',
  'wrong-rtmr3': 'APPRAISAL_MEASUREMENT',
  'td-debug': 'APPRAISAL_DEBUG',
  'td-other-tud-bits': 'APPRAISAL_TD_ATTRIBUTES',
  'td-reserved-bits': 'APPRAISAL_TD_ATTRIBUTES',
  'sept-ve-disabled-off': 'APPRAISAL_SEPT_VE_DISABLE',
  'td-migratable': 'APPRAISAL_MIGRATABLE',
  'service-td': 'APPRAISAL_SERVICE_TD',
  'wrong-seam-signer': 'EVIDENCE_SEAM_MODULE',
  'wrong-seam-attributes': 'EVIDENCE_SEAM_MODULE',
  'wrong-mrseam': 'APPRAISAL_SEAM_MODULE',
  'tdx-module-unlisted': 'EVIDENCE_SEAM_MODULE',
  'tdx-module-out-of-date': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'tdx-module-revoked': 'APPRAISAL_TCB_REVOKED APPRAISAL_ADVISORY',
  'tdx-module-below-all-levels': 'EVIDENCE_TCB_LEVEL_UNKNOWN',
  'tdx-svn-out-of-date': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'tdx-svn-below-all-levels': 'EVIDENCE_TCB_LEVEL_UNKNOWN',
  'tdx-module-out-of-date-now': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'relaunch-advised': 'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY',
  'tdx-module-identity-missing': 'EVIDENCE_SEAM_MODULE',
  'tdx-module-identity-signer': 'EVIDENCE_SEAM_MODULE',
  // the form of the quote
  'quote-signature': 'EVIDENCE_QUOTE_SIGNATURE',
  'quote-signature-zero': 'EVIDENCE_QUOTE_SIGNATURE',
  'quote-signer': 'EVIDENCE_QUOTE_SIGNATURE',
  'body-altered': 'EVIDENCE_QUOTE_SIGNATURE',
  'header-altered': 'EVIDENCE_QUOTE_SIGNATURE',
  'attestation-key-altered': 'EVIDENCE_ATTESTATION_KEY',
  'attestation-key-not-on-curve': 'EVIDENCE_KEY_INVALID',
  'header-version': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'header-key-type': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'header-tee-type': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'header-tee-mismatch': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'header-vendor': 'EVIDENCE_QE_VENDOR',
  'body-type-unknown': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'body-type-mismatch': 'EVIDENCE_QUOTE_LENGTH',
  'body-size-mismatch': 'EVIDENCE_QUOTE_LENGTH',
  'body-truncated': 'EVIDENCE_QUOTE_TRUNCATED',
  'quote-truncated': 'EVIDENCE_QUOTE_TRUNCATED',
  'quote-header-only': 'EVIDENCE_QUOTE_TRUNCATED',
  'quote-empty': 'EVIDENCE_QUOTE_TRUNCATED',
  'length-lies': 'EVIDENCE_QUOTE_TRUNCATED',
  'length-lies-short': 'EVIDENCE_QUOTE_LENGTH',
  'length-lies-huge': 'EVIDENCE_QUOTE_TRUNCATED',
  'qe-auth-length-lies': 'EVIDENCE_QUOTE_TRUNCATED',
  'chain-length-lies': 'EVIDENCE_QUOTE_LENGTH',
  'chain-length-lies-short': 'EVIDENCE_QUOTE_LENGTH',
  'wrapper-length-lies': 'EVIDENCE_QUOTE_LENGTH',
  'wrapper-type': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'certification-type': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'certification-nested': 'EVIDENCE_QUOTE_UNSUPPORTED',
  'trailing-bytes': 'EVIDENCE_QUOTE_TRAILING',
  'trailing-byte-after-padding': 'EVIDENCE_QUOTE_TRAILING',
  'chain-not-pem': 'EVIDENCE_PEM_INVALID',
  'chain-text-between': 'EVIDENCE_PEM_INVALID',
  'chain-text-after': 'EVIDENCE_PEM_INVALID',
  'chain-empty': 'EVIDENCE_PEM_INVALID',
  // the event log
  'event-dropped': 'EVIDENCE_EVENT_LOG_REPLAY',
  'event-added': 'EVIDENCE_EVENT_LOG_REPLAY',
  'events-reordered': 'EVIDENCE_EVENT_LOG_REPLAY',
  'event-of-other-register': 'EVIDENCE_EVENT_LOG_REPLAY EVIDENCE_EVENT_LOG_REPLAY',
  'event-digest-altered': 'EVIDENCE_EVENT_LOG_REPLAY',
  'event-text-forged': 'EVIDENCE_EVENT_LOG_TEXT',
  'event-register-unknown': 'EVIDENCE_EVENT_LOG_INVALID',
  'event-log-without-header': 'EVIDENCE_EVENT_LOG_INVALID',
  'event-log-truncated': 'EVIDENCE_EVENT_LOG_INVALID',
  'event-log-trailing-bytes': 'EVIDENCE_EVENT_LOG_INVALID',
}

/** The codes against what is issued; fails if it is accepted. */
function codesOf(action: () => ReturnType<typeof verifyIssued>): string[] {
  try {
    const verdict = action()
    expect(() => requireAccepted(verdict)).toThrow(AppraisalError)
    return verdict.reasons.map(({ code }) => code)
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    expect(error.code).toBe(error.reasons[0]?.code)
    return error.reasons.map(({ code }) => code)
  }
}

const faultsOfTheLog = new Set(
  Object.entries(faults).flatMap(([name, { touches }]) =>
    touches.some((place) => place === 'eventLog') ? [name] : [],
  ),
)

describe('issued wrongly, and refused', () => {
  const rows = Object.entries(faults).flatMap(([name, { tees, provokes }]) =>
    tees.map((tee) => [name, tee, provokes] as const),
  )

  test.each(rows)('%s, %s: %s', (name, tee) => {
    const log = faultsOfTheLog.has(name) ? 'with log' : 'without log'
    expect(codesOf(() => verifyIssued(platformOf(tee, name), {}, log)).join(' ')).toBe(refusals[name])
  })

  test('every row of the table is issued', () => {
    expect(Object.keys(refusals).filter((name) => !(name in faults))).toEqual([])
    expect(rows.length).toBeGreaterThanOrEqual(80)
  })
})

describe('unusual, and right', () => {
  const rows = Object.entries(controls).flatMap(([name, { tees, provokes }]) =>
    tees.map((tee) => [name, tee, provokes] as const),
  )

  test.each(rows)('%s, %s: %s', (name, tee) => {
    const verdict = verifyIssued(platformOf(tee, name))
    expect(verdict.reasons).toEqual([])
    expect(verdict).toMatchObject({ ok: true, simulated: true, binding: 'bound', tcb: { status: 'UpToDate' } })
  })
})

describe.each(teeKinds)('honest %s', (tee) => {
  test('is accepted with the event log of its platform', () => {
    const { ok, eventLog } = verifyIssued(honest(tee), {}, 'with log')
    expect(ok).toBe(true)
    expect(eventLog === undefined).toBe(tee === 'sgx-v3')
  })

  test('is accepted, says that it is simulated, and never without being allowed to', () => {
    expect(verifyIssued(honest(tee))).toMatchObject({ ok: true, simulated: true })
    const policy = { ...referencesFor(tee), simulated: false }
    expect(codesOf(() => verifyIssued(honest(tee), { policy }))).toEqual(['APPRAISAL_SIMULATED'])
  })

  test('is not evidence of another session, nonce or key', () => {
    const other = Uint8Array.from(reportData, (byte, at) => (at === 63 ? byte ^ 1 : byte))
    expect(codesOf(() => verifyIssued(honest(tee), { binding: { reportData: other } }))).toEqual(['EVIDENCE_BINDING'])
  })

  test('independent findings are reported together', () => {
    const late = new Date('2026-12-31T12:00:00Z')
    const codes = codesOf(() => verifyIssued(honest(tee), { now: late, binding: { reportData: new Uint8Array(64) } }))
    expect(codes).toEqual([
      'EVIDENCE_CRL_EXPIRED',
      'EVIDENCE_TCB_INFO_EXPIRED',
      'EVIDENCE_QE_IDENTITY_EXPIRED',
      'EVIDENCE_BINDING',
    ])
  })

  test('arguments that are none are refused', () => {
    for (const changes of [
      { now: new Date(Number.NaN) },
      { roots: [] },
      { binding: { reportData: new Uint8Array(32) } },
    ]) {
      expect(codesOf(() => verifyIssued(honest(tee), changes))).toEqual(['EVIDENCE_ARGUMENT'])
    }
  })
})

test('both families are one kind of error, with a status, a cause and a next step', () => {
  const error = new EvidenceError('EVIDENCE_BINDING', 'text')
  expect(error).toBeInstanceOf(AttestationError)
  expect(error).toMatchObject({ name: 'EvidenceError', row: { status: 'PERMISSION_DENIED' } })
})
