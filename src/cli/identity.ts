/** Whether certificate, key, roots and configuration fit together, and until when. Says everything it finds. */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Identity, Role } from '../rpc/index.ts'

export interface Claim {
  readonly federation: string
  readonly role: Role
  readonly name: string
}

export const spiffeUri = ({ federation, role, name }: Claim): string => `spiffe://${federation}/${role}/${name}`

/** SHA-256 of a public key (SubjectPublicKeyInfo, DER) in hex, in groups of four to be read aloud. */
export function fingerprint(publicKey: KeyObject): string {
  const hex = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  return (hex.match(/.{4}/g) ?? []).join(' ')
}

const readCertificate = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

const readKey = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

export const certificateEnd = (pem: string): number => Date.parse(readCertificate(pem)?.validTo ?? '')

const splitPem = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []

function chainProblem(certificate: X509Certificate, rootsPem: string): string | undefined {
  const roots = splitPem(rootsPem).flatMap((pem) => readCertificate(pem) ?? [])
  if (roots.length === 0) return 'roots.pem holds no certificate'
  const signed = roots.some((root) => certificate.checkIssued(root) && certificate.verify(root.publicKey))
  return signed ? undefined : 'the certificate is not signed by a root in roots.pem: of another federation?'
}

/** Problems in the order in which one would mend them; empty when the identity is usable at `now` (ms). */
export function identityProblems(identity: Identity, claim: Claim, now: number): string[] {
  const certificate = readCertificate(identity.certificatePem)
  if (certificate === undefined) return ['certificate.pem is not a certificate in PEM']
  const key = readKey(identity.keyPem.reveal())
  const uris = (certificate.subjectAltName ?? '').split(', ').filter((each) => each.startsWith('URI:'))
  const expected = spiffeUri(claim)
  const date = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const from = Date.parse(certificate.validFrom)
  const to = Date.parse(certificate.validTo)
  return [
    key === undefined ? 'key.pem is not a private key in PEM' : undefined,
    key !== undefined && !certificate.checkPrivateKey(key) ? 'key.pem is not the key of certificate.pem' : undefined,
    uris.length === 1 && uris[0] === `URI:${expected}`
      ? undefined
      : `the certificate names ${uris.map((each) => each.slice(4)).join(' and ') || 'nobody'}, expected ${expected}`,
    chainProblem(certificate, identity.rootsPem),
    now < from ? `the certificate is valid from ${date(from)} only; today is ${date(now)}` : undefined,
    now > to ? `the certificate expired on ${date(to)}; today is ${date(now)}` : undefined,
  ].filter((problem) => problem !== undefined)
}
