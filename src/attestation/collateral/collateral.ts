/**
 * Collateral: what Intel publishes about platforms, as one JSON document with these fields and no others.
 *
 *   pck_crl_issuer_chain                         PEM: the PCK authority, the root
 *   root_ca_crl, pck_crl                         DER in hexadecimal
 *   tcb_info, qe_identity                        the exact text that was signed, JSON
 *   tcb_info_signature, qe_identity_signature    r || s in hexadecimal
 *   tcb_info_issuer_chain, qe_identity_issuer_chain   PEM: the TCB signer, the root
 *
 * Signatures cover the exact text, so it is kept as it came and never written again from what was read.
 */
import { fromHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { parseRevocationList, type RevocationList } from '../x509/crl.ts'
import { parsePemChain } from '../x509/pem.ts'
import { type Fields, fieldsOf, parseFields } from './fields.ts'
import { parseQeIdentity, type QeIdentity } from './qe-identity.ts'
import { parseTcbInfo, type TcbInfo } from './tcb-info.ts'

/** A certificate and the root above it. */
export type IssuerChain = readonly [issuer: Certificate, root: Certificate]

export interface SignedDocument<Content> {
  readonly content: Content
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly chain: IssuerChain
}

export interface Collateral {
  readonly pckCrlChain: IssuerChain
  readonly rootCrl: RevocationList
  readonly pckCrl: RevocationList
  readonly tcbInfo: SignedDocument<TcbInfo>
  readonly qeIdentity: SignedDocument<QeIdentity>
}

/** Real ones have 14,000 to 60,000 characters; a revocation list may grow. */
export const MAXIMUM_COLLATERAL_CHARACTERS = 8 * 2 ** 20
const KEYS = [
  ...['pck_crl_issuer_chain', 'root_ca_crl', 'pck_crl', 'tcb_info', 'tcb_info_signature', 'tcb_info_issuer_chain'],
  ...['qe_identity', 'qe_identity_signature', 'qe_identity_issuer_chain'],
]

/** Text or the object in it. Throws EvidenceError EVIDENCE_COLLATERAL_INVALID and those of certificates and CRLs. */
export function parseCollateral(source: string | object): Collateral {
  if (typeof source === 'string' && source.length > MAXIMUM_COLLATERAL_CHARACTERS) {
    throw invalid(`${source.length} characters, at most ${MAXIMUM_COLLATERAL_CHARACTERS}`)
  }
  const fields = typeof source === 'string' ? parseFields(source, 'collateral', 1) : fieldsOf(source, 'collateral')
  const unknown = fields.keys.find((key) => !KEYS.includes(key))
  if (unknown !== undefined) throw invalid(`unknown field ${unknown.slice(0, 60)}`)
  return {
    pckCrlChain: readChain(fields, 'pck_crl_issuer_chain', 'the issuer of the PCK CRL'),
    rootCrl: readList(fields, 'root_ca_crl', 'the CRL of the root'),
    pckCrl: readList(fields, 'pck_crl', 'the PCK CRL'),
    tcbInfo: readDocument(fields, 'tcb_info', 'the signer of TCB info', parseTcbInfo),
    qeIdentity: readDocument(fields, 'qe_identity', 'the signer of QE identity', parseQeIdentity),
  }
}

function readDocument<T>(fields: Fields, key: string, who: string, parse: (text: string) => T): SignedDocument<T> {
  const text = fields.text(key, MAXIMUM_COLLATERAL_CHARACTERS)
  return {
    content: parse(text),
    signed: new Uint8Array(Buffer.from(text, 'utf8')),
    signature: fields.bytes(`${key}_signature`, 64),
    chain: readChain(fields, `${key}_issuer_chain`, who),
  }
}

function readChain(fields: Fields, key: string, who: string): IssuerChain {
  const chain = parsePemChain(fields.text(key, 65_536), `collateral.${key}`, 2)
  const [issuer, root] = chain
  if (issuer === undefined || root === undefined) {
    throw new EvidenceError('EVIDENCE_PEM_INVALID', `collateral.${key}: found ${chain.length} certificate, expected 2`)
  }
  return [parseCertificate(issuer, who), parseCertificate(root, `the root above ${who}`)]
}

function readList(fields: Fields, key: string, what: string): RevocationList {
  const hex = fields.has(key) ? fields.text(key, MAXIMUM_COLLATERAL_CHARACTERS) : ''
  if (hex === '') throw new EvidenceError('EVIDENCE_CRL_MISSING', `collateral.${key}: found nothing, expected ${what}`)
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) throw invalid(`${key} that is not hexadecimal`)
  return parseRevocationList(fromHex(hex), what)
}

function invalid(found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_COLLATERAL_INVALID', `collateral: found ${found}`)
}
