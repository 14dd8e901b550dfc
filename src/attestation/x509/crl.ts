/** Certificate revocation lists (RFC 5280, section 5): complete lists of one authority, never deltas or indirect ones. */
import { EvidenceError } from '../errors.ts'
import { readAlgorithm, readSigned } from './certificate.ts'
import { integerHex, onlyDer, readDer, smallInteger, TAG } from './der.ts'
import { OID, readExtensions } from './extensions.ts'
import { readTime } from './time.ts'

export interface RevocationList {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** The issuer's name as DER. */
  readonly issuer: Uint8Array
  /** Milliseconds since 1970, both inclusive. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Serial numbers, minimal hexadecimal. */
  readonly revoked: ReadonlySet<string>
}

const CODE = 'EVIDENCE_CRL_INVALID'

export function parseRevocationList(raw: Uint8Array, what: string): RevocationList {
  const { signed, signature } = readSigned(raw, what)
  const list = readDer(onlyDer(signed, TAG.sequence, what).content, what)
  if (smallInteger(list.next(TAG.integer), what) !== 1) throw invalid(what, 'another version than 2')
  readAlgorithm(list, what)
  const issuer = list.next(TAG.sequence).raw
  const thisUpdate = readTime(list, what)
  if (!list.has(TAG.utcTime, TAG.generalizedTime)) throw invalid(what, 'no date of the next update')
  const nextUpdate = readTime(list, what)
  const revoked = readRevoked(list.optional(TAG.sequence)?.content, what)
  const extensions = list.optional(0xa0)
  list.end()
  if (extensions === undefined) throw invalid(what, 'no extensions, expected a CRL number')
  const known = readExtensions(onlyDer(extensions.content, TAG.sequence, what).content, [OID.crlNumber], what, CODE)
  if (!known.has(OID.crlNumber)) throw invalid(what, 'no CRL number')
  return { signed, signature, issuer, thisUpdate, nextUpdate, revoked }
}

function readRevoked(content: Uint8Array | undefined, what: string): Set<string> {
  const revoked = new Set<string>()
  if (content === undefined) return revoked
  const entries = readDer(content, what)
  while (!entries.done) {
    const entry = readDer(entries.next(TAG.sequence).content, what)
    revoked.add(integerHex(entry.next(TAG.integer), what))
    readTime(entry, what)
    const extensions = entry.optional(TAG.sequence)
    entry.end()
    if (extensions !== undefined) readExtensions(extensions.content, [OID.reasonCode, OID.invalidityDate], what, CODE)
  }
  return revoked
}

function invalid(what: string, found: string): EvidenceError {
  return new EvidenceError(CODE, `${what}: found ${found}`)
}
