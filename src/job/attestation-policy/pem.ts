/**
 * Keys of organisations and roots of trust, as a policy holds them: PEM in the one form that this program itself would
 * write, so that equal keys are equal text and nothing hides before, between or after the lines.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { sha256, toHex } from '../../crypto/index.ts'

/** An Ed25519 key has 113 characters; a root certificate of Intel has 970. */
const MAXIMUM_KEY = 200
const MAXIMUM_ROOT = 8_192

/** SubjectPublicKeyInfo of Ed25519: 12 fixed bytes, then 32 of the key (RFC 8410, section 4). */
const keyForm = /^-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=\n-----END PUBLIC KEY-----\n?$/
const rootForm = /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?$/

/** The key, or undefined for anything but an Ed25519 public key in canonical PEM. */
export function publicKeyOf(pem: string): KeyObject | undefined {
  if (pem.length > MAXIMUM_KEY || !keyForm.test(pem)) return undefined
  const key = read(() => createPublicKey(pem))
  return key !== undefined && publicKeyPem(key).trim() === pem.trim() ? key : undefined
}

/** SPKI as PEM, of a public key or of the public half of a private one. */
export function publicKeyPem(key: KeyObject): string {
  const half = key.type === 'private' ? createPublicKey(key) : key
  return String(half.export({ type: 'spki', format: 'pem' }))
}

/** SHA-256 of the SPKI, hexadecimal: what people compare by telephone. */
export function keyFingerprint(key: KeyObject): string {
  return toHex(sha256(new Uint8Array(key.export({ type: 'spki', format: 'der' }))))
}

export interface PolicyRoot {
  /** The common name, or the whole subject of a certificate without one. */
  readonly name: string
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
  /** It says of itself that it is no hardware: its subject names the simulated TEE. */
  readonly simulated: boolean
}

/** Undefined for anything but one certificate in canonical PEM. */
export function rootOf(pem: string): PolicyRoot | undefined {
  if (pem.length > MAXIMUM_ROOT || !rootForm.test(pem)) return undefined
  const certificate = read(() => new X509Certificate(pem))
  if (certificate === undefined || certificate.toString().trim() !== pem.trim()) return undefined
  const { subject, raw } = certificate
  return {
    name: /(?:^|\n|\+)CN=([^\n]*)/.exec(subject)?.[1] ?? subject.replaceAll('\n', ', '),
    fingerprint: toHex(sha256(new Uint8Array(raw))),
    simulated: /simulated tee/i.test(subject),
  }
}

/** OpenSSL refuses Base64 of something else with an error of its own: here it is a wrong value like any other. */
function read<T>(open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}
