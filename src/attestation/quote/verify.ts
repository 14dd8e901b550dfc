/**
 * From the signature on the body to the key of the platform: the attestation key signed header and body, the quoting
 * enclave vouches for the attestation key in its report, the PCK signed that report. Each step means nothing without
 * the one before, so the first that fails throws.
 */
import { equalBytes, sha256, toHex } from '../../crypto/index.ts'
import type { QeIdentity } from '../collateral/qe-identity.ts'
import { EvidenceError } from '../errors.ts'
import type { Signatures } from '../signature.ts'
import type { Verification } from '../verification.ts'
import type { Quote } from './quote.ts'

/** Intel's quoting enclaves, SGX and TDX alike. */
const INTEL_QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607'
/** Where the report data of an SGX report is: its last 64 bytes. */
const REPORT_DATA_AT = 320

export function verifyQuote(signatures: Signatures, quote: Quote): void {
  const { header, quotingEnclave, attestationKey } = quote
  if (header.qeVendor !== INTEL_QE_VENDOR) {
    throw new EvidenceError('EVIDENCE_QE_VENDOR', `QE vendor ${header.qeVendor}, expected ${INTEL_QE_VENDOR}`)
  }
  const vouched = quotingEnclave.signed.subarray(REPORT_DATA_AT)
  const expected = new Uint8Array(64)
  expected.set(sha256(attestationKey, quotingEnclave.authenticationData))
  if (!equalBytes(vouched, expected)) {
    const text = `the QE vouches for ${toHex(vouched.subarray(0, 32))}, the quote has ${toHex(expected.subarray(0, 32))}`
    throw new EvidenceError('EVIDENCE_ATTESTATION_KEY', text)
  }
  if (!signatures.verify(attestationKey, quote.signed, quote.signature, 'raw')) {
    throw new EvidenceError('EVIDENCE_QUOTE_SIGNATURE', 'header and body are not signed by the attestation key')
  }
  const [pck] = quote.chain
  if (!signatures.verifyOnce(pck.key, quotingEnclave.signed, quotingEnclave.signature, 'raw')) {
    const text = `the QE report is not signed by the PCK with serial ${pck.serial}`
    throw new EvidenceError('EVIDENCE_QE_REPORT_SIGNATURE', text)
  }
}

/** Whether the enclave that quoted is the one Intel describes; its security version is part of the TCB (tcb.ts). */
export function verifyQuotingEnclave(run: Verification, quote: Quote, identity: QeIdentity): void {
  const { report } = quote.quotingEnclave
  verifyField(run, 'MISCSELECT', masked(report.miscSelect, identity.miscSelectMask), toHex(identity.miscSelect))
  verifyField(run, 'attributes', masked(report.attributes, identity.attributesMask), toHex(identity.attributes))
  verifyField(run, 'MRSIGNER', report.mrSigner, toHex(identity.mrSigner))
  verifyField(run, 'ISVPRODID', String(report.isvProdId), String(identity.isvProdId))
}

function verifyField(run: Verification, what: string, found: string, expected: string): void {
  run.check(
    found === expected,
    'EVIDENCE_QE_IDENTITY_MISMATCH',
    () => `${what} of the quoting enclave: found ${found}, expected ${expected}`,
  )
}

export function masked(hex: string, mask: Uint8Array): string {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) & (mask[at] ?? 0)
  return bytes.toString('hex')
}
