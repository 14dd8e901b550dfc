/**
 * Certificates of the SGX hierarchy: X.509 v3, P-256, ECDSA with SHA-256, nothing else. Parsing decides nothing about
 * trust; chain.ts does.
 */
import { toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { type DerReader, integerHex, onlyDer, readDer, TAG } from './der.ts'
import { OID, readBasicConstraints, readExtensions, readKeyUsage } from './extensions.ts'
import { parseSgxExtension, type PlatformIdentity } from './sgx-extension.ts'
import { readTime } from './time.ts'

export interface Certificate {
  /** The whole DER. */
  readonly raw: Uint8Array
  /** What the issuer signed, and its signature (DER). */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** Serial number, minimal hexadecimal. */
  readonly serial: string
  /** Names as DER, compared byte for byte. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly commonName: string
  /** Milliseconds since 1970, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  /** x || y, 64 bytes. */
  readonly key: Uint8Array
  readonly authority: { readonly ca: boolean; readonly pathLength: number }
  readonly keyUsage: ReadonlySet<number>
  /** What the SGX extension says, where there is one. */
  readonly sgx: PlatformIdentity | undefined
}

/** SubjectPublicKeyInfo of a P-256 key up to its uncompressed point (RFC 5480). */
const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d03010703420004'
const KNOWN = [OID.keyUsage, OID.basicConstraints, OID.sgx, OID.authorityKeyIdentifier, OID.subjectKeyIdentifier]

export function parseCertificate(raw: Uint8Array, what: string): Certificate {
  const { signed, signature } = readSigned(raw, what)
  const tbs = readDer(onlyDer(signed, TAG.sequence, what).content, what)
  const version = onlyDer(tbs.next(0xa0).content, TAG.integer, what)
  if (integerHex(version, what) !== '02') throw invalid(what, 'another version than 3')
  const serial = integerHex(tbs.next(TAG.integer), what)
  readAlgorithm(tbs, what)
  const issuer = tbs.next(TAG.sequence).raw
  const validity = readDer(tbs.next(TAG.sequence).content, what)
  const notBefore = readTime(validity, what)
  const notAfter = readTime(validity, what)
  validity.end()
  const subject = tbs.next(TAG.sequence)
  const key = readKey(tbs.next(TAG.sequence).raw, what)
  const extensions = readExtensions(onlyDer(tbs.next(0xa3).content, TAG.sequence, what).content, KNOWN, what)
  tbs.end()
  const sgx = extensions.get(OID.sgx)
  return {
    ...{ raw, signed, signature, serial, issuer, subject: subject.raw, notBefore, notAfter, key },
    commonName: commonNameOf(subject.content, what),
    authority: readBasicConstraints(extensions.get(OID.basicConstraints), what),
    keyUsage: readKeyUsage(extensions.get(OID.keyUsage), what),
    sgx: sgx === undefined ? undefined : parseSgxExtension(sgx),
  }
}

/** The outer structure that certificates and CRLs share: { signed, algorithm, signature }. */
export function readSigned(raw: Uint8Array, what: string): { signed: Uint8Array; signature: Uint8Array } {
  const outer = readDer(onlyDer(raw, TAG.sequence, what).content, what)
  const signed = outer.next(TAG.sequence).raw
  readAlgorithm(outer, what)
  const bits = outer.next(TAG.bitString).content
  outer.end()
  if (bits[0] !== 0) throw invalid(what, 'a signature that is not whole bytes')
  return { signed, signature: bits.subarray(1) }
}

/** Both algorithm fields must be the one algorithm, so that they cannot contradict each other. */
export function readAlgorithm(reader: DerReader, what: string): void {
  const algorithm = readDer(reader.next(TAG.sequence).content, what)
  const oid = toHex(algorithm.next(TAG.oid).content)
  algorithm.end()
  if (oid !== OID.ecdsaWithSha256) throw invalid(what, `signature algorithm ${oid}`)
}

function readKey(info: Uint8Array, what: string): Uint8Array {
  const at = P256_PREFIX.length / 2
  if (info.length !== at + 64 || toHex(info.subarray(0, at)) !== P256_PREFIX) {
    throw invalid(what, 'a key that is not on the curve P-256')
  }
  return info.subarray(at)
}

/** The one common name; two of them would let two readers disagree. */
export function commonNameOf(name: Uint8Array, what: string): string {
  const names: string[] = []
  const sets = readDer(name, what)
  while (!sets.done) {
    const attributes = readDer(sets.next(TAG.set).content, what)
    while (!attributes.done) {
      const attribute = readDer(attributes.next(TAG.sequence).content, what)
      if (toHex(attribute.next(TAG.oid).content) !== OID.commonName) continue
      const value = attribute.optional(TAG.utf8String) ?? attribute.next(TAG.printableString)
      names.push(Buffer.from(value.content).toString('utf8'))
    }
  }
  const [only] = names
  if (only === undefined || names.length > 1) throw invalid(what, `${names.length} common names, expected 1`)
  return only
}

function invalid(what: string, found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_CERTIFICATE_INVALID', `${what}: found ${found}`)
}
