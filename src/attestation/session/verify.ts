/**
 * A party's judgement of an attestation answer. In the order of the trust argument: is the answer about this session
 * (`checkSession`, before anything is fetched for it), and is it the answer of a genuine TEE with a program that the
 * policy accepts (`verifySession`). Everything that can be found independently is reported at once.
 */
import { createPublicKey, verify } from 'node:crypto'
import { equalBytes, fromHex, sha256, toHex } from '../../crypto/index.ts'
import type { ReferenceValues } from '../appraisal/reference-values.ts'
import type { Collateral } from '../collateral/collateral.ts'
import type { Reason } from '../errors.ts'
import type { Verdict } from '../verdict.ts'
import type { Roots } from '../verification.ts'
import { verifyEvidence } from '../verify.ts'
import { type SessionCode, SessionError } from './errors.ts'
import {
  CLOCK_DIFFERENCE_MS,
  contextHash,
  keyReportData,
  MAXIMUM_KEY_LIFETIME_MS,
  parseStatement,
  type Statement,
} from './statement.ts'
import { type Session, sessionTranscript } from './transcript.ts'

/** The aggregator's answer. What it says of the session is compared, so that a refusal can tell what differs. */
export interface SessionAnswer {
  readonly quote: Uint8Array
  /** CCEL data of a TD; empty where there is none. */
  readonly eventLog: Uint8Array
  /** Canonical JSON, covered by the quote. */
  readonly statement: Uint8Array
  /** 32 bytes each: the session as the aggregator sees it. */
  readonly nonce: Uint8Array
  readonly clientKey: Uint8Array
  /** SHA-256 of the exporter. */
  readonly exporterDigest: Uint8Array
  /** Ed25519 over the transcript, 64 bytes. */
  readonly signature: Uint8Array
}

/** What the party knows by itself. */
export interface SessionExpectation {
  readonly role: string
  readonly federation: string
  /** '' for a connection that serves every run. */
  readonly run: string
  readonly jobDigest: string
  /** Of the party's own roots. */
  readonly rootsDigest: string
  readonly policy: { readonly digest: string; readonly version: number }
  readonly session: Session
  readonly now: Date
}

export interface SessionTrust {
  readonly roots: Roots
  readonly collateral: Collateral
  /** The evidence must satisfy each of them: the federation's policy, and a party's own stricter one. */
  readonly policies: readonly ReferenceValues[]
}

/** Throws SessionError with every difference; returns what the program states, which only the quote can make true. */
export function checkSession(answer: SessionAnswer, expected: SessionExpectation): Statement {
  const statement = parseStatement(answer.statement)
  const [first, ...more] = [...differences(answer, statement, expected), ...keyTimes(statement, expected.now)]
  if (first !== undefined) throw new SessionError(first.code, first.text, { more })
  const transcript = sessionTranscript(expected.role, expected.session, contextHash(statement.context))
  if (signed(statement.attestationKey, transcript, answer.signature)) return statement
  throw new SessionError('SESSION_PROOF', 'the signature over this session is not one of the attestation key')
}

/** Throws SessionError, EvidenceError; returns reasons in the verdict. `checkSession` is part of it. */
export function verifySession(answer: SessionAnswer, expected: SessionExpectation, trust: SessionTrust): Verdict {
  checkSession(answer, expected)
  const { roots, collateral, policies } = trust
  const evidence = { quote: answer.quote, ...(answer.eventLog.length > 0 && { eventLog: answer.eventLog }) }
  const binding = { reportData: keyReportData(answer.statement) }
  return verifyEvidence(evidence, { roots, collateral, policy: policies, binding, now: expected.now })
}

type Difference = Reason<SessionCode>

function differences(answer: SessionAnswer, statement: Statement, expected: SessionExpectation): Difference[] {
  const { context } = statement
  const { session, policy } = expected
  const words: readonly (readonly [code: SessionCode, what: string, found: string, expected: string])[] = [
    ['SESSION_ROLE', 'role', statement.role, expected.role],
    ['SESSION_FEDERATION', 'federation', context.federation, expected.federation],
    ['SESSION_RUN', 'run', context.run, expected.run],
    ['SESSION_RUN', 'job digest', context.jobDigest, expected.jobDigest],
    ['SESSION_ROOTS', 'roots of the federation', context.rootsDigest, expected.rootsDigest],
    ['SESSION_SERVER_KEY', 'TLS key of the server', statement.serverKey, toHex(session.serverKey)],
    ['SESSION_CLIENT_KEY', 'TLS key of the client', toHex(answer.clientKey), toHex(session.clientKey)],
    ['SESSION_NONCE', 'nonce', toHex(answer.nonce), toHex(session.nonce)],
    ['SESSION_CONNECTION', 'TLS exporter', toHex(answer.exporterDigest), toHex(sha256(session.exporter))],
  ]
  const differing = words.filter(([, , found, wanted]) => found !== wanted)
  const show = (value: string): string => (value === '' ? 'none' : JSON.stringify(value.slice(0, 64)))
  return [
    ...differing.map(([code, what, found, wanted]) => {
      return { code, text: `${what}: the evidence is for ${show(found)}, this session has ${show(wanted)}` }
    }),
    ...(context.policyDigest === policy.digest ? [] : [policyDifference(context, policy)]),
  ]
}

function policyDifference(
  found: { readonly policyDigest: string; readonly policyVersion: number },
  own: { readonly digest: string; readonly version: number },
): Difference {
  const behind =
    found.policyVersion < own.version
      ? 'the aggregator is behind'
      : found.policyVersion > own.version
        ? 'this party is behind'
        : 'the same version with another content: one of them was forged or replaced'
  const text = `attestation policy: the aggregator has version ${found.policyVersion} (${found.policyDigest}), this party version ${own.version} (${own.digest}); ${behind}`
  return { code: 'SESSION_POLICY', text }
}

function keyTimes({ issuedAt, expiresAt }: Statement, now: Date): Difference[] {
  const at = now.getTime()
  const lifetime = expiresAt - issuedAt
  const inTime = at >= issuedAt - CLOCK_DIFFERENCE_MS && at <= expiresAt + CLOCK_DIFFERENCE_MS
  if (inTime && lifetime > 0 && lifetime <= MAXIMUM_KEY_LIFETIME_MS) return []
  const iso = (time: number): string => new Date(time).toISOString()
  const text = `the attestation key is valid from ${iso(issuedAt)} to ${iso(expiresAt)} (at most ${MAXIMUM_KEY_LIFETIME_MS / 1000} s), here it is ${iso(at)}`
  return [{ code: 'SESSION_KEY_TIME', text }]
}

/** Ed25519 (RFC 8032). A key that is none did not sign anything. */
function signed(spki: string, message: Uint8Array, signature: Uint8Array): boolean {
  const der = fromHex(spki)
  if (!equalBytes(der.subarray(0, ED25519.length), ED25519)) return false
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  return verify(null, message, key, signature)
}

/** SubjectPublicKeyInfo of an Ed25519 key up to the 32 bytes of the key itself (RFC 8410 section 4). */
const ED25519 = fromHex('302a300506032b6570032100')
