/**
 * Who a certificate names. Strict, because everything that is allowed or refused rests on it: exactly one URI among the
 * alternative names, of the one form this product uses. Host names play no part.
 */
// The x509 package needs it, and before it.
import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { SubjectAlternativeNameExtension, X509Certificate as Parsed } from '@peculiar/x509'
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

/** 2.5.29.17, subjectAltName, without tag and length. */
const SAN_OID = Buffer.from('551d11', 'hex')

function spiffeUris(certificate: string | Uint8Array): string[] {
  try {
    // node:crypto accepts PEM and DER and refuses trailing rubbish; the parser then sees plain DER.
    const read = new X509Certificate(certificate)
    // What OpenSSL has read costs nothing, the parser a millisecond. But OpenSSL shows the first of several extensions
    // only, and puts a name that could be taken for two in quotation marks: the parser says what those are.
    const { raw, subjectAltName: text = '' } = read
    if (raw.indexOf(SAN_OID) === raw.lastIndexOf(SAN_OID) && !text.includes('"')) {
      return text.split(', ').flatMap((each) => (each.startsWith('URI:') ? [each.slice(4)] : []))
    }
    const parsed = new Parsed(read.raw)
    const names = parsed.getExtensions(SubjectAlternativeNameExtension).flatMap((each) => each.names.items)
    return names.filter((each) => each.type === 'url').map((each) => each.value)
  } catch (error) {
    throw new RpcError('PEER_CERTIFICATE_INVALID', 'the certificate cannot be read as X.509', { cause: error })
  }
}
