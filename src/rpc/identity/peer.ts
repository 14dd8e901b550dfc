/**
 * Who a certificate names. Strict, because everything that is allowed or refused rests on it: exactly one URI among the
 * alternative names, of the one form this product uses. Host names play no part.
 */
import { X509Certificate } from 'node:crypto'
import type { Peer } from '../api.ts'
import { RpcError } from '../errors.ts'
import { parseSpiffeUri } from './names.ts'

/** PEM text or DER bytes. Throws RpcError PEER_CERTIFICATE_INVALID. */
export function parsePeer(certificate: string | Uint8Array): Peer {
  const uris = spiffeUris(certificate)
  const [uri] = uris
  const peer = uri === undefined || uris.length > 1 ? undefined : parseSpiffeUri(uri)
  if (peer !== undefined) return peer
  const shown = uris.slice(0, 3).map((each) => JSON.stringify(each.slice(0, 120)))
  const found = shown.length === 0 ? 'no URI' : shown.join(' and ')
  throw new RpcError(
    'PEER_CERTIFICATE_INVALID',
    `the certificate names ${found}, expected exactly one spiffe://<federation>/<role>/<name>`,
  )
}

/** 2.5.29.17, subjectAltName, with tag and length. */
const SAN_OID = Buffer.from('0603551d11', 'hex')

/**
 * As OpenSSL reads them. It shows the first of several extensions only, and puts a name that could be taken for two in
 * quotation marks: such certificates are refused. RFC 5280, section 4.2, allows one extension; we issue no such name.
 */
function spiffeUris(certificate: string | Uint8Array): string[] {
  const { raw, subjectAltName: text = '' } = readCertificate(certificate)
  const ambiguous = raw.indexOf(SAN_OID) !== raw.lastIndexOf(SAN_OID) || text.includes('"')
  if (ambiguous) throw new RpcError('PEER_CERTIFICATE_INVALID', 'the certificate names more than can be told apart')
  return text.split(', ').flatMap((each) => (each.startsWith('URI:') ? [each.slice(4)] : []))
}

/** PEM or DER; trailing rubbish is refused. */
function readCertificate(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (error) {
    throw new RpcError('PEER_CERTIFICATE_INVALID', 'the certificate cannot be read as X.509', { cause: error })
  }
}
