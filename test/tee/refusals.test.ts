/**
 * The verifier against everything the simulator issues: honest evidence and the controls are accepted, every fault is
 * refused with exactly the codes that stand here. Verifier and simulator share no code, so they check each other.
 */
import { describe, expect, test } from 'vitest'
import {
  controls,
  createSimulatedPlatform,
  type FaultName,
  faults,
  type TeeKind,
  teeKinds,
} from '../../src/tee/simulator/index.ts'
import { now, platformOf, reportData } from './evidence.ts'
import { outcomeOf } from './outcome.ts'

/** All codes of a refusal, in the order in which the verifier gives them -> the faults that provoke them. */
const refusals: Readonly<Record<string, readonly FaultName[]>> = {
  EVIDENCE_ROOT_UNKNOWN: ['other-root', 'other-root-in-chain', 'tcb-info-other-root', 'qe-identity-other-root'],
  EVIDENCE_CERTIFICATE_SIGNATURE: ['forged-pck', 'forged-ca', 'forged-tcb-signer', 'crl-by-forged-ca'],
  EVIDENCE_CERTIFICATE_EXPIRED: ['expired-pck', 'expired-ca', 'expired-tcb-signer'],
  EVIDENCE_CERTIFICATE_EARLY: ['certificate-not-yet-valid', 'ca-not-yet-valid', 'tcb-signer-not-yet-valid'],
  EVIDENCE_CERTIFICATE_ROLE: [
    'ca-false-intermediate',
    'ca-key-usage',
    'pck-is-ca',
    'pck-key-usage',
    'tcb-signer-key-usage',
    'wrong-role-pck',
    'wrong-role-ca',
    'wrong-role-tcb-signer',
    'ca-signs-tcb-info',
  ],
  'EVIDENCE_CERTIFICATE_ISSUER EVIDENCE_CRL_ISSUER': ['issuer-name-mismatch'],
  EVIDENCE_CERTIFICATE_INVALID: [
    'unknown-critical-extension',
    'ca-unknown-critical-extension',
    'repeated-sgx-extension',
  ],
  EVIDENCE_PCK_INVALID: [
    'missing-sgx-extension',
    'sgx-extension-without-fmspc',
    'sgx-extension-without-pceid',
    'sgx-extension-fmspc-length',
    'sgx-extension-15-components',
    'sgx-extension-large-svn',
  ],
  EVIDENCE_PEM_INVALID: [
    'missing-intermediate',
    'missing-root',
    'extra-certificate',
    'repeated-certificate',
    'crl-chain-without-root',
    'pck-leaf-signs-tcb-info',
    'tcb-info-chain-without-root',
    'pck-leaf-signs-qe-identity',
    'chain-not-pem',
    'chain-text-between',
    'chain-text-after',
    'chain-empty',
  ],
  EVIDENCE_QE_REPORT_SIGNATURE: ['swapped-chain-order', 'qe-report-signature', 'qe-report-altered'],
  EVIDENCE_DER_INVALID: ['certificate-trailing-bytes', 'crl-trailing-bytes', 'crl-truncated'],
  EVIDENCE_PCK_REVOKED: ['revoked-pck'],
  EVIDENCE_PCK_CA_REVOKED: ['revoked-ca'],
  EVIDENCE_TCB_SIGNER_REVOKED: ['revoked-tcb-signer'],
  EVIDENCE_CRL_INVALID: ['partial-crl', 'delta-crl', 'crl-without-next-update'],
  EVIDENCE_CRL_MISSING: ['missing-pck-crl', 'missing-root-crl'],
  EVIDENCE_CRL_SIGNATURE: ['forged-crl', 'forged-root-crl'],
  EVIDENCE_CRL_EXPIRED: ['expired-crl', 'expired-root-crl'],
  EVIDENCE_CRL_EARLY: ['future-crl', 'future-root-crl'],
  'EVIDENCE_CRL_ISSUER EVIDENCE_CRL_SIGNATURE': [
    'other-ca-crl',
    'root-crl-as-pck-crl',
    'pck-crl-as-root-crl',
    'crl-chain-of-other-ca',
  ],
  EVIDENCE_CRL_ISSUER: ['other-ca-crl-and-chain'],
  'EVIDENCE_ROOT_UNKNOWN EVIDENCE_CERTIFICATE_SIGNATURE': ['crl-chain-to-other-root'],
  EVIDENCE_TCB_INFO_EXPIRED: ['stale-tcb-info'],
  EVIDENCE_TCB_INFO_EARLY: ['future-tcb-info'],
  EVIDENCE_TCB_INFO_SIGNATURE: ['missigned-tcb-info', 'tcb-info-altered', 'tcb-info-spaced', 'tcb-info-signature-bit'],
  'EVIDENCE_CERTIFICATE_ROLE EVIDENCE_CERTIFICATE_ISSUER EVIDENCE_CERTIFICATE_SIGNATURE': [
    'pck-leaf-signs-tcb-info-short',
  ],
  EVIDENCE_COLLATERAL_INVALID: [
    'tcb-info-repeated-member',
    'tcb-info-trailing-text',
    'tcb-info-not-json',
    'tcb-info-signature-short',
    'tcb-info-signature-der',
    'tcb-info-version',
    'tcb-type-unknown',
    'tcb-level-15-components',
    'tcb-level-negative-svn',
    'no-tcb-levels',
    'qe-identity-repeated-member',
    'qe-identity-not-json',
    'qe-identity-version',
    'no-qe-levels',
  ],
  EVIDENCE_TCB_INFO_TEE: ['sgx-material-for-tdx', 'tdx-material-for-sgx'],
  EVIDENCE_FMSPC_MISMATCH: ['fmspc-mismatch'],
  EVIDENCE_PCE_ID_MISMATCH: ['pceid-mismatch'],
  EVIDENCE_TCB_STATUS_UNKNOWN: ['unknown-tcb-status', 'qe-identity-status-unknown'],
  APPRAISAL_ADVISORY: ['unlisted-advisory'],
  'APPRAISAL_TCB_STATUS APPRAISAL_ADVISORY': [
    'sw-hardening-needed',
    'configuration-needed',
    'configuration-and-sw-hardening-needed',
    'tcb-out-of-date',
    'out-of-date-configuration-needed',
    'qe-outdated',
    'tdx-module-out-of-date',
    'tdx-svn-out-of-date',
    'tdx-module-out-of-date-now',
    'relaunch-advised',
  ],
  'APPRAISAL_TCB_REVOKED APPRAISAL_ADVISORY': ['tcb-revoked', 'qe-revoked', 'tdx-module-revoked'],
  EVIDENCE_TCB_LEVEL_UNKNOWN: [
    'below-all-tcb-levels',
    'pce-svn-below-all-levels',
    'qe-below-all-levels',
    'tdx-module-below-all-levels',
    'tdx-svn-below-all-levels',
  ],
  EVIDENCE_QE_IDENTITY_EXPIRED: ['stale-qe-identity'],
  EVIDENCE_QE_IDENTITY_EARLY: ['future-qe-identity'],
  EVIDENCE_QE_IDENTITY_SIGNATURE: ['missigned-qe-identity', 'qe-identity-altered'],
  EVIDENCE_QE_IDENTITY_TEE: ['sgx-qe-identity-for-tdx', 'tdx-qe-identity-for-sgx'],
  EVIDENCE_QE_IDENTITY_MISMATCH: ['qe-wrong-signer', 'qe-wrong-product', 'qe-debug', 'qe-misc-select'],
  EVIDENCE_ATTESTATION_KEY: ['qe-report-data', 'qe-auth-altered', 'attestation-key-swapped', 'attestation-key-altered'],
  APPRAISAL_MEASUREMENT: [
    'wrong-measurement',
    'wrong-enclave-signer',
    'wrong-enclave-product',
    'wrong-td-measurement',
    'wrong-rtmr3',
  ],
  APPRAISAL_SVN: ['lower-svn'],
  APPRAISAL_DEBUG: ['enclave-debug', 'td-debug'],
  APPRAISAL_SGX_ATTRIBUTES: ['enclave-not-initialised', 'enclave-provision-key', 'enclave-launch-key'],
  APPRAISAL_TD_ATTRIBUTES: ['td-other-tud-bits', 'td-reserved-bits'],
  APPRAISAL_SEPT_VE_DISABLE: ['sept-ve-disabled-off'],
  APPRAISAL_MIGRATABLE: ['td-migratable'],
  APPRAISAL_SERVICE_TD: ['service-td'],
  EVIDENCE_SEAM_MODULE: [
    'wrong-seam-signer',
    'wrong-seam-attributes',
    'tdx-module-unlisted',
    'tdx-module-identity-missing',
    'tdx-module-identity-signer',
  ],
  APPRAISAL_SEAM_MODULE: ['wrong-mrseam'],
  EVIDENCE_QUOTE_SIGNATURE: [
    'quote-signature',
    'quote-signature-zero',
    'quote-signer',
    'body-altered',
    'header-altered',
  ],
  EVIDENCE_KEY_INVALID: ['attestation-key-not-on-curve'],
  EVIDENCE_QUOTE_UNSUPPORTED: [
    'header-version',
    'header-key-type',
    'header-tee-type',
    'header-tee-mismatch',
    'body-type-unknown',
    'wrapper-type',
    'certification-type',
    'certification-nested',
  ],
  EVIDENCE_QE_VENDOR: ['header-vendor'],
  EVIDENCE_QUOTE_LENGTH: [
    'body-type-mismatch',
    'body-size-mismatch',
    'length-lies-short',
    'chain-length-lies',
    'chain-length-lies-short',
    'wrapper-length-lies',
  ],
  EVIDENCE_QUOTE_TRUNCATED: [
    'body-truncated',
    'quote-truncated',
    'quote-header-only',
    'quote-empty',
    'length-lies',
    'length-lies-huge',
    'qe-auth-length-lies',
  ],
  EVIDENCE_EVENT_LOG_REPLAY: [
    'event-dropped',
    'event-added',
    'events-reordered',
    'event-of-other-register',
    'event-digest-altered',
  ],
  EVIDENCE_EVENT_LOG_TEXT: ['event-text-forged'],
  EVIDENCE_EVENT_LOG_INVALID: [
    'event-register-unknown',
    'event-log-without-header',
    'event-log-truncated',
    'event-log-trailing-bytes',
  ],
  EVIDENCE_QUOTE_TRAILING: ['trailing-bytes', 'trailing-byte-after-padding'],
}

const statuses: readonly (readonly [fault: FaultName, tee: TeeKind, status: string])[] = [
  ['sw-hardening-needed', 'sgx-v3', 'SWHardeningNeeded'],
  ['configuration-needed', 'tdx-v4', 'ConfigurationNeeded'],
  ['configuration-and-sw-hardening-needed', 'sgx-v3', 'ConfigurationAndSWHardeningNeeded'],
  ['tcb-out-of-date', 'tdx-v5', 'OutOfDate'],
  ['out-of-date-configuration-needed', 'sgx-v3', 'OutOfDateConfigurationNeeded'],
  ['tcb-revoked', 'tdx-v4', 'Revoked'],
  ['qe-outdated', 'sgx-v3', 'OutOfDate'],
  ['qe-revoked', 'tdx-v5', 'Revoked'],
  ['tdx-module-out-of-date', 'tdx-v4', 'OutOfDate'],
  ['tdx-module-revoked', 'tdx-v4', 'Revoked'],
  ['tdx-svn-out-of-date', 'tdx-v4', 'OutOfDate'],
  ['tdx-module-out-of-date-now', 'tdx-v5', 'OutOfDate'],
  ['relaunch-advised', 'tdx-v5', 'TDRelaunchAdvised'],
]

const everyTee = (table: Readonly<Record<string, { tees: readonly TeeKind[] }>>) =>
  Object.entries(table).flatMap(([name, { tees }]) => tees.map((tee) => [name, tee] as const))

const expected = new Map(
  Object.entries(refusals).flatMap(([codes, names]) => names.map((name): [string, string] => [name, codes])),
)

test.each(teeKinds)('honest %s is accepted, with and without its event log, and called simulated', (tee) => {
  expect(outcomeOf(platformOf(tee), true).codes).toEqual([])
  expect(outcomeOf(platformOf(tee))).toEqual({ codes: [], status: 'UpToDate', simulated: true })
})

test.each(everyTee(controls))('control %s of %s is accepted', (name, tee) => {
  expect(outcomeOf(platformOf(tee, name))).toEqual({ codes: [], status: 'UpToDate', simulated: true })
})

describe('faults', () => {
  test('every fault has its codes, once', () => {
    const listed = Object.values(refusals).flat()
    expect(listed.toSorted()).toEqual(Object.keys(faults).toSorted())
  })

  test.each(everyTee(faults))('%s of %s is refused', (name, tee) => {
    const withLog = name.startsWith('event')
    expect(outcomeOf(platformOf(tee, name), withLog).codes.join(' ')).toBe(expected.get(name))
  })
})

test.each(statuses)('%s of %s has status %s', (fault, tee, status) => {
  expect(outcomeOf(platformOf(tee, fault)).status).toBe(status)
})

describe('evidence that is right for somebody else', () => {
  test.each(teeKinds)('a quote of %s over other report data', (tee) => {
    const platform = platformOf(tee)
    const replayed = platform.quote({ reportData: reportData.toReversed() })
    expect(outcomeOf({ ...platform, quote: () => replayed }).codes).toEqual(['EVIDENCE_BINDING'])
  })

  test('a quote with the collateral of another kind of TEE', () => {
    const { collateralJson } = platformOf('sgx-v3')
    const codes = outcomeOf({ ...platformOf('tdx-v4'), collateralJson }).codes
    expect(codes).toContain('EVIDENCE_TCB_INFO_TEE')
    expect(codes).toContain('EVIDENCE_QE_IDENTITY_TEE')
  })

  test('a quote of a platform with another seed', () => {
    const other = createSimulatedPlatform({ seed: 'other', now, tee: 'tdx-v4' })
    const { rootPem } = platformOf('tdx-v4')
    expect(outcomeOf({ ...other, rootPem }).codes).toEqual(['EVIDENCE_ROOT_UNKNOWN'])
  })

  test('relaunching needs configuration too where the platform does', () => {
    const platform = platformOf('tdx-v5', 'configuration-needed')
    const launched = Uint8Array.of(4, 1, 3, ...new Uint8Array(13))
    const quote = platform.quote({ reportData, body: { teeTcbSvn: launched } })
    expect(outcomeOf({ ...platform, quote: () => quote }).status).toBe('TDRelaunchAdvisedConfigurationNeeded')
  })
})
