/**
 * Revocation lists as services send them: DER (PCS with encoding=der), PEM (its default), or DER in hexadecimal (a PCCS
 * for the root's list, older ones for both). Whatever the content type says; the first byte tells them apart.
 */
import { toHex } from '../../src/crypto/index.ts'
import { type Answer, invalid } from './http.ts'

const SEQUENCE = 0x30

/** DER in hexadecimal. That it is a revocation list is found out later, by whoever parses it. */
export function revocationListHex({ body }: Answer, url: URL): string {
  const text = Buffer.from(body).toString('latin1').trim()
  if (text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)) return text.toLowerCase()
  if (body[0] === SEQUENCE) return toHex(body)
  const [, base64] = /^-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----$/.exec(text) ?? []
  if (base64 !== undefined) return Buffer.from(base64, 'base64').toString('hex')
  throw invalid(url, `${body.length} bytes that are no revocation list in DER, PEM or hexadecimal`)
}
