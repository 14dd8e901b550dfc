/**
 * What an attested program states about itself: for whom it works, under which policy, with which keys. The statement
 * travels as canonical JSON (RFC 8785); its bytes are what the quote covers, so a statement that is not in canonical
 * form is refused and nobody has to wonder which of two spellings was meant.
 *
 * A hardware quote takes 10 to 100 ms, so it covers a short-lived attestation key, and that key signs each session.
 */
import { createHash } from 'node:crypto'
import { canonicalJson, CryptoError, equalBytes, sha256, toHex } from '../../crypto/index.ts'
import { type Fields, parseFields } from '../collateral/fields.ts'
import { EvidenceError } from '../errors.ts'
import { SessionError } from './errors.ts'
import { lengthPrefixed, text } from './bytes.ts'

/** Byte strings in lower-case hexadecimal; keys as SubjectPublicKeyInfo (DER). */
export interface SessionContext {
  readonly federation: string
  /** The run a connection is for, and its job digest; '' where the connection serves every run. */
  readonly run: string
  readonly jobDigest: string
  /** SHA-256 of the attestation policy that the program was started with. */
  readonly policyDigest: string
  readonly policyVersion: number
  /** `rootsDigest` of the certificates whose holders the program takes for members of the federation. */
  readonly rootsDigest: string
  /** 16 random bytes, new at each start of the program: what it held in memory before is gone. */
  readonly epoch: string
  /** Ed25519: signs receipts. */
  readonly receiptKey: string
  /** X25519: data keys are wrapped to it. */
  readonly sealingKey: string
}

export interface Statement {
  readonly role: string
  /** SHA-256 of the SubjectPublicKeyInfo of the program's TLS certificate. */
  readonly serverKey: string
  /** Ed25519: signs sessions. */
  readonly attestationKey: string
  /** Milliseconds since 1970, whole seconds, by the program's clock. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly context: SessionContext
}

/** With 30 s for clocks that differ on either side, one attestation key serves five minutes at most. */
export const MAXIMUM_KEY_LIFETIME_MS = 240_000
export const CLOCK_DIFFERENCE_MS = 30_000

/** A statement has about 900 bytes. */
export const MAXIMUM_STATEMENT_BYTES = 8_192

/** Ed25519 and X25519 keys as SubjectPublicKeyInfo have 44 bytes (RFC 8410). */
const KEY_BYTES = 44
const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

export function encodeStatement(statement: Statement): Uint8Array {
  return canonicalJson({ ...statement, issuedAt: iso(statement.issuedAt), expiresAt: iso(statement.expiresAt) })
}

/** Throws SessionError SESSION_MALFORMED. */
export function parseStatement(bytes: Uint8Array): Statement {
  if (bytes.length > MAXIMUM_STATEMENT_BYTES) {
    throw malformed(`a statement of ${bytes.length} bytes, expected at most ${MAXIMUM_STATEMENT_BYTES}`)
  }
  const statement = readStatement(bytes)
  if (isCanonical(statement, bytes)) return statement
  throw malformed('the statement is not in canonical form (RFC 8785), or has members that are not known here')
}

/** Half a surrogate pair can be written as an escape and has no canonical form. */
function isCanonical(statement: Statement, bytes: Uint8Array): boolean {
  try {
    return equalBytes(encodeStatement(statement), bytes)
  } catch (error) {
    if (error instanceof CryptoError) return false
    throw error
  }
}

function readStatement(bytes: Uint8Array): Statement {
  try {
    const fields = parseFields(new TextDecoder('utf-8', { fatal: true }).decode(bytes), 'statement')
    return {
      role: fields.text('role', 32),
      serverKey: hex(fields, 'serverKey', 32),
      attestationKey: hex(fields, 'attestationKey', KEY_BYTES),
      issuedAt: fields.time('issuedAt'),
      expiresAt: fields.time('expiresAt'),
      context: readContext(fields.object('context')),
    }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw malformed(cause.message, cause)
    if (cause instanceof TypeError) throw malformed('the statement is not UTF-8', cause)
    throw cause
  }
}

const readContext = (fields: Fields): SessionContext => ({
  federation: fields.text('federation', 63),
  run: fields.text('run', 64),
  jobDigest: fields.text('jobDigest', 64),
  policyDigest: hex(fields, 'policyDigest', 32),
  policyVersion: fields.whole('policyVersion', 2 ** 31 - 1),
  rootsDigest: hex(fields, 'rootsDigest', 32),
  epoch: hex(fields, 'epoch', 16),
  receiptKey: hex(fields, 'receiptKey', KEY_BYTES),
  sealingKey: hex(fields, 'sealingKey', KEY_BYTES),
})

const hex = (fields: Fields, key: string, length: number): string => toHex(fields.bytes(key, length))

export function contextHash(context: SessionContext): Uint8Array {
  return sha256(canonicalJson(context))
}

/** REPORTDATA of the quote: SHA-512 over a label and the statement, 64 bytes. */
export function keyReportData(statement: Uint8Array): Uint8Array {
  const hash = createHash('sha512').update(text('coffer-attest-key-v1')).update(new Uint8Array(1))
  return new Uint8Array(hash.update(lengthPrefixed(statement)).digest())
}

const malformed = (message: string, cause?: unknown): SessionError =>
  new SessionError('SESSION_MALFORMED', message, { cause })
