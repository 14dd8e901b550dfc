/**
 * X.509 certificates and revocation lists with the extensions that Intel's have, in Intel's order (RFC 5280; the SGX
 * extension: Intel SGX PCK Certificate and CRL Profile Specification 1.5). A plan says who signs what; a wrong plan makes
 * a wrong certificate, signed all the same.
 */
import { createHash } from 'node:crypto'
import { ascii, join } from './bytes.ts'
import * as der from './der.ts'
import { type SgxFacts, sgxExtensionOid, sgxExtensionValue } from './sgx-extension.ts'
import type { SigningKey } from './signing-key.ts'

export type KeyOf = (label: string) => SigningKey

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  /** DER inside the OCTET STRING. */
  readonly value: Uint8Array
}

export interface CertificatePlan {
  /** Most significant byte first. */
  serial: Uint8Array
  /** Common names; the other attributes are the same for all. */
  issuer: string
  subject: string
  notBefore: Date
  notAfter: Date
  /** Labels of keys: whose certificate this is, who signs it, and whom the authority key identifier names. */
  key: string
  signer: string
  authority: string
  /** `undefined`: CA:FALSE. */
  pathLength: number | undefined
  /** The first byte of keyUsage (RFC 5280, 4.2.1.3). */
  keyUsage: number
  crlUrl: string
  sgx: SgxFacts | undefined
  extensions: Extension[]
}

export interface CrlPlan {
  issuer: string
  signer: string
  authority: string
  thisUpdate: Date
  nextUpdate: Date | undefined
  revoked: Uint8Array[]
  extensions: Extension[]
}

/** keyCertSign and cRLSign; digitalSignature and nonRepudiation. */
export const CA_USAGE = 0x06
export const LEAF_USAGE = 0xc0

const ecdsaWithSha256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'))

export function issueCertificate(plan: CertificatePlan, keyOf: KeyOf): Uint8Array {
  return signed(
    der.sequence(
      der.explicit(0, der.smallInteger(2)),
      der.integer(plan.serial),
      ecdsaWithSha256,
      name(plan.issuer),
      der.sequence(der.utcTime(plan.notBefore), der.utcTime(plan.notAfter)),
      name(plan.subject),
      publicKey(keyOf(plan.key).point),
      der.explicit(3, der.sequence(...certificateExtensions(plan, keyOf).map(extension))),
    ),
    keyOf(plan.signer),
  )
}

export function issueCrl(plan: CrlPlan, keyOf: KeyOf): Uint8Array {
  const reasons = der.sequence(extension({ oid: '2.5.29.21', critical: false, value: der.enumerated(1) }))
  const entries = plan.revoked.map((serial) => der.sequence(der.integer(serial), der.utcTime(plan.thisUpdate), reasons))
  const extensions: Extension[] = [
    { oid: '2.5.29.20', critical: false, value: der.smallInteger(1) },
    authorityKey(keyOf(plan.authority)),
    ...plan.extensions,
  ]
  return signed(
    der.sequence(
      der.smallInteger(1),
      ecdsaWithSha256,
      name(plan.issuer),
      der.utcTime(plan.thisUpdate),
      ...(plan.nextUpdate === undefined ? [] : [der.utcTime(plan.nextUpdate)]),
      // RFC 5280, 5.1.2.6: without revoked certificates the list is absent, not empty.
      ...(entries.length === 0 ? [] : [der.sequence(...entries)]),
      der.explicit(0, der.sequence(...extensions.map(extension))),
    ),
    keyOf(plan.signer),
  )
}

/** SHA-1 of the public key bits (RFC 5280, 4.2.1.2, method 1). Intel uses the same 20 bytes as the serial number. */
export function keyIdentifier(key: SigningKey): Uint8Array {
  return new Uint8Array(createHash('sha1').update(uncompressed(key.point)).digest())
}

function certificateExtensions(plan: CertificatePlan, keyOf: KeyOf): Extension[] {
  const constraints = plan.pathLength === undefined ? [] : [der.boolean(true), der.smallInteger(plan.pathLength)]
  return [
    authorityKey(keyOf(plan.authority)),
    { oid: '2.5.29.31', critical: false, value: distributionPoint(plan.crlUrl) },
    { oid: '2.5.29.14', critical: false, value: der.octetString(keyIdentifier(keyOf(plan.key))) },
    { oid: '2.5.29.15', critical: true, value: keyUsage(plan.keyUsage) },
    { oid: '2.5.29.19', critical: true, value: der.sequence(...constraints) },
    ...(plan.sgx === undefined ? [] : [sgxExtension(plan.sgx)]),
    ...plan.extensions,
  ]
}

export function sgxExtension(facts: SgxFacts): Extension {
  return { oid: sgxExtensionOid, critical: false, value: sgxExtensionValue(facts) }
}

function signed(body: Uint8Array, key: SigningKey): Uint8Array {
  return der.sequence(body, ecdsaWithSha256, der.bitString(der.ecdsaSignature(key.sign(body))))
}

/** Five attributes as Intel's names have them. ZZ is a country code that ISO 3166 leaves to users. */
function name(commonName: string): Uint8Array {
  const attributes: readonly (readonly [oid: string, value: Uint8Array])[] = [
    ['2.5.4.3', der.utf8String(commonName)],
    ['2.5.4.10', der.utf8String('Simulated TEE')],
    ['2.5.4.7', der.utf8String('Simulation')],
    ['2.5.4.8', der.utf8String('ZZ')],
    ['2.5.4.6', der.printableString('ZZ')],
  ]
  return der.sequence(...attributes.map(([oid, value]) => der.set(der.sequence(der.objectIdentifier(oid), value))))
}

function publicKey(point: Uint8Array): Uint8Array {
  const algorithm = der.sequence(der.objectIdentifier('1.2.840.10045.2.1'), der.objectIdentifier('1.2.840.10045.3.1.7'))
  return der.sequence(algorithm, der.bitString(uncompressed(point)))
}

const uncompressed = (point: Uint8Array): Uint8Array => join(Uint8Array.of(4), point)

function extension({ oid, critical, value }: Extension): Uint8Array {
  return der.sequence(der.objectIdentifier(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value))
}

function authorityKey(key: SigningKey): Extension {
  return { oid: '2.5.29.35', critical: false, value: der.sequence(der.implicit(0, keyIdentifier(key))) }
}

function distributionPoint(url: string): Uint8Array {
  const fullName = der.explicit(0, der.implicit(6, ascii(url)))
  return der.sequence(der.sequence(der.explicit(0, fullName)))
}

/** A named bit list: trailing zero bits are dropped (X.690 11.2.2). */
function keyUsage(bits: number): Uint8Array {
  return der.bitString(Uint8Array.of(bits), bits === 0 ? 0 : Math.log2(bits & -bits))
}
