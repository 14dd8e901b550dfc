/** Revocation lists that revoke, that are missing, or that are not the lists they should be. */
import { after, stranger } from '../blueprint.ts'
import { join } from '../bytes.ts'
import * as der from '../der.ts'
import { type Variation, variation } from './variation.ts'

const nothing = new Uint8Array(0)

export const revocationFaults = {
  'revoked-pck': variation(['pck_crl'], 'The CA has revoked the PCK certificate.', (b) => {
    b.crls.pck.revoked.push(b.certificates.pck.serial)
  }),
  'revoked-ca': variation(['root_ca_crl'], 'The root has revoked the intermediate CA.', (b) => {
    b.crls.root.revoked.push(b.certificates.ca.serial)
  }),
  'revoked-tcb-signer': variation(['root_ca_crl'], 'The root has revoked the TCB signer.', (b) => {
    b.crls.root.revoked.push(b.certificates.tcbSigner.serial)
  }),
  'missing-pck-crl': variation(['pck_crl'], 'The list of the PCK CA is missing.', (b) => {
    b.edits.pckCrl = () => nothing
  }),
  'missing-root-crl': variation(['root_ca_crl'], 'The list of the root is missing.', (b) => {
    b.edits.rootCrl = () => nothing
  }),
  'forged-crl': variation(['pck_crl'], 'The list of the PCK CA is signed by somebody else.', (b) => {
    b.crls.pck.signer = stranger
  }),
  'forged-root-crl': variation(['root_ca_crl'], 'The list of the root is signed by somebody else.', (b) => {
    b.crls.root.signer = stranger
  }),
  'expired-crl': variation(['pck_crl'], 'The list of the PCK CA has expired.', (b) => {
    Object.assign(b.crls.pck, { thisUpdate: after(b.now, -31), nextUpdate: after(b.now, -1) })
  }),
  'expired-root-crl': variation(['root_ca_crl'], 'The list of the root has expired.', (b) => {
    Object.assign(b.crls.root, { thisUpdate: after(b.now, -31), nextUpdate: after(b.now, -1) })
  }),
  'future-crl': variation(['pck_crl'], 'The list of the PCK CA is from the future.', (b) => {
    b.crls.pck.thisUpdate = after(b.now, 1)
  }),
  'future-root-crl': variation(['root_ca_crl'], 'The list of the root is from the future.', (b) => {
    b.crls.root.thisUpdate = after(b.now, 1)
  }),
  'other-ca-crl': variation(['pck_crl'], 'The list is genuine, but that of the other PCK CA.', (b) => {
    b.crls.pck = b.crls.otherPck
  }),
  'other-ca-crl-and-chain': variation(
    ['pck_crl', 'pck_crl_issuer_chain'],
    'The list and its issuer chain are genuine, but those of the other PCK CA.',
    (b) => {
      b.crls.pck = b.crls.otherPck
      b.chains.pckCrl = ['otherCa', 'root']
    },
  ),
  'root-crl-as-pck-crl': variation(['pck_crl'], "The root's list stands where that of the PCK CA should.", (b) => {
    b.crls.pck = b.crls.root
  }),
  'pck-crl-as-root-crl': variation(
    ['root_ca_crl'],
    'The list of the PCK CA stands where that of the root should.',
    (b) => {
      b.crls.root = b.crls.pck
    },
  ),
  'partial-crl': variation(
    ['pck_crl'],
    'The list covers CA certificates only, which a critical extension says.',
    (b) => {
      // Issuing distribution point with onlyContainsCACerts [2] (RFC 5280, 5.2.5).
      const value = der.sequence(der.implicit(2, Uint8Array.of(0xff)))
      b.crls.pck.extensions.push({ oid: '2.5.29.28', critical: true, value })
    },
  ),
  'delta-crl': variation(['pck_crl'], 'The list holds changes only, which a critical extension says.', (b) => {
    b.crls.pck.extensions.push({ oid: '2.5.29.27', critical: true, value: der.smallInteger(1) })
  }),
  'crl-without-next-update': variation(['pck_crl'], 'The list does not say until when it is valid.', (b) => {
    b.crls.pck.nextUpdate = undefined
  }),
  'crl-trailing-bytes': variation(['pck_crl'], 'The DER of the list is followed by more bytes.', (b) => {
    b.edits.pckCrl = (bytes) => join(bytes, Uint8Array.of(5, 0))
  }),
  'crl-truncated': variation(['root_ca_crl'], 'The DER of the list ends early.', (b) => {
    b.edits.rootCrl = (bytes) => bytes.subarray(0, -1)
  }),
  'crl-chain-without-root': variation(['pck_crl_issuer_chain'], 'The issuer chain of the list ends early.', (b) => {
    b.chains.pckCrl = ['ca']
  }),
  'crl-chain-to-other-root': variation(['pck_crl_issuer_chain'], 'The issuer chain ends in another root.', (b) => {
    b.chains.pckCrl = ['ca', 'otherRoot']
  }),
  'crl-by-forged-ca': variation(
    ['pck_crl', 'pck_crl_issuer_chain'],
    'The list and the CA above it are made by somebody else, with the right names.',
    (b) => {
      b.crls.pck.signer = stranger
      b.crls.pck.authority = stranger
      b.chains.pckCrl = ['forgedCa', 'root']
    },
  ),
  'crl-chain-of-other-ca': variation(['pck_crl_issuer_chain'], 'The issuer chain is not that of the list.', (b) => {
    b.chains.pckCrl = ['otherCa', 'root']
  }),
} as const satisfies Record<string, Variation>
