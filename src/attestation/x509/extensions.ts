/** Extensions of certificates and CRLs (RFC 5280, section 4.2): each at most once, an unknown critical one refused. */
import { toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { derBoolean, onlyDer, readDer, smallInteger, TAG } from './der.ts'

/** Object identifiers as the hexadecimal of their DER content. */
export const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  basicConstraints: '551d13',
  crlNumber: '551d14',
  reasonCode: '551d15',
  invalidityDate: '551d18',
  crlDistributionPoints: '551d1f',
  authorityKeyIdentifier: '551d23',
  sgx: '2a864886f84d010d01',
} as const

/** OID (hexadecimal) -> content of its OCTET STRING. `known`: the ones that may be critical. */
export function readExtensions(
  sequence: Uint8Array,
  known: readonly string[],
  what: string,
  code: 'EVIDENCE_CERTIFICATE_INVALID' | 'EVIDENCE_CRL_INVALID' = 'EVIDENCE_CERTIFICATE_INVALID',
): Map<string, Uint8Array> {
  const refused = (found: string): EvidenceError => new EvidenceError(code, `${what}: found ${found}`)
  const found = new Map<string, Uint8Array>()
  const list = readDer(sequence, what)
  while (!list.done) {
    const extension = readDer(list.next(TAG.sequence).content, what)
    const oid = toHex(extension.next(TAG.oid).content)
    const flag = extension.optional(TAG.boolean)
    const critical = flag !== undefined && derBoolean(flag, what)
    if (flag !== undefined && !critical) throw refused(`extension ${oid} with its default written out`)
    const value = extension.next(TAG.octetString).content
    extension.end()
    if (found.has(oid)) throw refused(`extension ${oid} twice`)
    if (critical && !known.includes(oid)) throw refused(`unknown critical extension ${oid}`)
    found.set(oid, value)
  }
  return found
}

/** pathLength is undefined where there is no limit, -1 for a certificate that is not an authority. */
export function readBasicConstraints(value: Uint8Array | undefined, what: string): { ca: boolean; pathLength: number } {
  if (value === undefined) return { ca: false, pathLength: -1 }
  const reader = readDer(onlyDer(value, TAG.sequence, what).content, what)
  const flag = reader.optional(TAG.boolean)
  const ca = flag !== undefined && derBoolean(flag, what)
  const limit = ca ? reader.optional(TAG.integer) : undefined
  reader.end()
  if (!ca) return { ca, pathLength: -1 }
  return { ca, pathLength: limit === undefined ? Number.POSITIVE_INFINITY : smallInteger(limit, what) }
}

/** Bits of RFC 5280, section 4.2.1.3, bit 0 = digitalSignature. Absent: none, which allows nothing. */
export function readKeyUsage(value: Uint8Array | undefined, what: string): ReadonlySet<number> {
  const bits = new Set<number>()
  if (value === undefined) return bits
  const [unused = 8, ...bytes] = onlyDer(value, TAG.bitString, what).content
  if (unused > 7 || bytes.length < 1 || bytes.length > 2) {
    throw new EvidenceError('EVIDENCE_CERTIFICATE_INVALID', `${what}: found a malformed key usage`)
  }
  bytes.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (0x80 >> bit)) bits.add(at * 8 + bit)
  })
  return bits
}
