/** Certificates that are somebody else's, out of their time, in the wrong role, or not in the chain they should be in. */
import { after, type Blueprint, stranger } from '../blueprint.ts'
import { join } from '../bytes.ts'
import { CA_USAGE, keyIdentifier, LEAF_USAGE, sgxExtension } from '../certificate.ts'
import * as der from '../der.ts'
import type { SgxFacts } from '../sgx-extension.ts'
import { inCa, inPck, inTcbSigner, type Variation, variation } from './variation.ts'

const criticalUnknown = { oid: '1.3.6.1.4.1.99999.1', critical: true, value: der.boolean(true) }

export const certificateFaults = {
  'other-root': variation(
    [...inCa, ...inTcbSigner, 'root_ca_crl'],
    'The chain ends in another root than the one that is trusted, though its names are the same.',
    underOtherRoot,
  ),
  'other-root-in-chain': variation(
    inPck,
    'The root in the chain is another one, with the name of the trusted one.',
    (b) => {
      b.chains.quote = ['pck', 'ca', 'otherRoot']
    },
  ),
  'forged-pck': variation(inPck, 'The signature of the PCK certificate is not that of the CA it names.', (b) => {
    b.certificates.pck.signer = stranger
  }),
  'forged-ca': variation(inCa, 'The signature of the intermediate CA is not that of the root.', (b) => {
    b.certificates.ca.signer = stranger
  }),
  'forged-tcb-signer': variation(inTcbSigner, 'The signature of the TCB signer is not that of the root.', (b) => {
    b.certificates.tcbSigner.signer = stranger
  }),
  'expired-pck': variation(inPck, 'The PCK certificate has expired.', (b) => {
    b.certificates.pck.notAfter = after(b.now, -1)
  }),
  'certificate-not-yet-valid': variation(inPck, 'The PCK certificate is not valid yet.', (b) => {
    b.certificates.pck.notBefore = after(b.now, 1)
  }),
  'expired-ca': variation(inCa, 'The intermediate CA has expired.', (b) => {
    b.certificates.ca.notAfter = after(b.now, -1)
  }),
  'ca-not-yet-valid': variation(inCa, 'The intermediate CA is not valid yet.', (b) => {
    b.certificates.ca.notBefore = after(b.now, 1)
  }),
  'expired-tcb-signer': variation(inTcbSigner, 'The certificate of the TCB signer has expired.', (b) => {
    b.certificates.tcbSigner.notAfter = after(b.now, -1)
  }),
  'tcb-signer-not-yet-valid': variation(inTcbSigner, 'The certificate of the TCB signer is not valid yet.', (b) => {
    b.certificates.tcbSigner.notBefore = after(b.now, 1)
  }),
  'ca-false-intermediate': variation(inCa, 'The intermediate says CA:FALSE in its basic constraints.', (b) => {
    b.certificates.ca.pathLength = undefined
  }),
  'ca-key-usage': variation(inCa, 'The intermediate may not sign certificates: keyUsage lacks keyCertSign.', (b) => {
    b.certificates.ca.keyUsage = LEAF_USAGE
  }),
  'pck-is-ca': variation(inPck, 'The PCK certificate says CA:TRUE, so it is no leaf.', (b) => {
    b.certificates.pck.pathLength = 0
  }),
  'pck-key-usage': variation(inPck, 'The PCK may not sign reports: keyUsage lacks digitalSignature.', (b) => {
    b.certificates.pck.keyUsage = CA_USAGE
  }),
  'tcb-signer-key-usage': variation(
    inTcbSigner,
    'The TCB signer may not sign: keyUsage lacks digitalSignature.',
    (b) => {
      b.certificates.tcbSigner.keyUsage = CA_USAGE
    },
  ),
  'issuer-name-mismatch': variation(inPck, 'The PCK names another issuer than the subject of the CA above it.', (b) => {
    b.certificates.pck.issuer = b.certificates.otherCa.subject
  }),
  'wrong-role-pck': variation(inPck, 'The leaf of the quote has the role of a TCB signer, not of a PCK.', (b) => {
    b.certificates.pck.subject = b.certificates.tcbSigner.subject
  }),
  'wrong-role-ca': variation([...inCa, 'pck_crl'], 'The intermediate has a name that is no role of a PCK CA.', (b) => {
    const name = 'Simulated TEE SGX Something CA'
    b.certificates.ca.subject = name
    b.certificates.pck.issuer = name
    b.crls.pck.issuer = name
  }),
  'wrong-role-tcb-signer': variation(
    inTcbSigner,
    'The signer of the documents does not have its role by name.',
    (b) => {
      b.certificates.tcbSigner.subject = 'Simulated TEE SGX Something Signing'
    },
  ),
  'unknown-critical-extension': variation(inPck, 'The PCK has a critical extension that nobody understands.', (b) => {
    b.certificates.pck.extensions.push(criticalUnknown)
  }),
  'ca-unknown-critical-extension': variation(inCa, 'The CA has a critical extension that nobody understands.', (b) => {
    b.certificates.ca.extensions.push(criticalUnknown)
  }),
  'missing-sgx-extension': variation(inPck, 'The PCK certificate lacks the SGX extension.', (b) => {
    b.certificates.pck.sgx = undefined
  }),
  'repeated-sgx-extension': variation(inPck, 'The PCK certificate has the SGX extension twice.', (b) => {
    b.certificates.pck.extensions.push(sgxExtension(sgxOf(b)))
  }),
  'sgx-extension-without-fmspc': variation(inPck, 'The SGX extension lacks the FMSPC.', (b) => {
    sgxOf(b).fmspc = undefined
  }),
  'sgx-extension-without-pceid': variation(inPck, 'The SGX extension lacks the PCE id.', (b) => {
    sgxOf(b).pceId = undefined
  }),
  'sgx-extension-fmspc-length': variation(inPck, 'The FMSPC in the SGX extension has 5 bytes instead of 6.', (b) => {
    sgxOf(b).fmspc = sgxOf(b).fmspc?.subarray(0, 5)
  }),
  'sgx-extension-15-components': variation(inPck, 'The TCB in the SGX extension has 15 components, not 16.', (b) => {
    sgxOf(b).components.pop()
  }),
  'sgx-extension-large-svn': variation(inPck, 'A component of the TCB in the SGX extension is above 255.', (b) => {
    sgxOf(b).components[15] = 256
  }),
  'missing-intermediate': variation(inPck, 'The chain of the quote lacks the intermediate CA.', (b) => {
    b.chains.quote = ['pck', 'root']
  }),
  'missing-root': variation(inPck, 'The chain of the quote ends before the root.', (b) => {
    b.chains.quote = ['pck', 'ca']
  }),
  'extra-certificate': variation(inPck, 'The chain of the quote has a fourth certificate.', (b) => {
    b.chains.quote.push('otherCa')
  }),
  'repeated-certificate': variation(inPck, 'The chain of the quote has the root twice.', (b) => {
    b.chains.quote.push('root')
  }),
  'swapped-chain-order': variation(inPck, 'The chain of the quote begins with the CA instead of the PCK.', (b) => {
    b.chains.quote = ['ca', 'pck', 'root']
  }),
  'certificate-trailing-bytes': variation(inPck, 'The DER of the PCK certificate is followed by more bytes.', (b) => {
    b.edits.certificate = (bytes, name) => (name === 'pck' ? join(bytes, Uint8Array.of(5, 0)) : bytes)
  }),
} as const satisfies Record<string, Variation>

/** The facts of the PCK, to be changed in place. */
export function sgxOf(b: Blueprint): SgxFacts {
  if (b.certificates.pck.sgx === undefined) throw new TypeError('an honest PCK has the SGX extension')
  return b.certificates.pck.sgx
}

function underOtherRoot(b: Blueprint): void {
  for (const plan of Object.values(b.certificates)) {
    if (plan.signer === 'root') Object.assign(plan, { signer: 'other-root', authority: 'other-root' })
  }
  Object.assign(b.certificates.root, { key: 'other-root', serial: keyIdentifier(b.keyOf('other-root')) })
  Object.assign(b.crls.root, { signer: 'other-root', authority: 'other-root' })
}
