/**
 * Evidence and the session it is for: whatever speaks of another session than the one at hand is refused under its own
 * code, all differences at once; no change of a single byte of an answer is accepted.
 */
import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  checkSession,
  contextHash,
  encodeStatement,
  EvidenceError,
  keyReportData,
  parseCollateral,
  parseStatement,
  rootsDigest,
  type Session,
  type SessionAnswer,
  SessionError,
  type SessionExpectation,
  sessionTranscript,
  type Statement,
  verifySession,
} from '../../src/attestation/index.ts'
import { createRandom, sha256, toHex } from '../../src/crypto/index.ts'
import { createAuthority } from '../support/identities.ts'
import { honest, now, referencesFor } from './issued.ts'

const bytes = (value: number, length = 32) => new Uint8Array(length).fill(value)
const spki = (key: KeyObject): string => toHex(new Uint8Array(key.export({ type: 'spki', format: 'der' })))

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const session: Session = { nonce: bytes(1), exporter: bytes(2), serverKey: bytes(3), clientKey: bytes(4) }
const expected: SessionExpectation = {
  role: 'aggregator',
  federation: 'north',
  run: '',
  jobDigest: '',
  rootsDigest: toHex(bytes(5)),
  policy: { digest: toHex(bytes(6)), version: 3 },
  session,
  now,
}
const statement: Statement = {
  role: 'aggregator',
  serverKey: toHex(session.serverKey),
  attestationKey: spki(publicKey),
  issuedAt: now.getTime() - 60_000,
  expiresAt: now.getTime() + 120_000,
  context: {
    federation: 'north',
    run: '',
    jobDigest: '',
    policyDigest: toHex(bytes(6)),
    policyVersion: 3,
    rootsDigest: toHex(bytes(5)),
    epoch: toHex(bytes(7, 16)),
    receiptKey: spki(generateKeyPairSync('ed25519').publicKey),
    sealingKey: spki(generateKeyPairSync('x25519').publicKey),
  },
}

interface Changes {
  readonly statement?: Partial<Omit<Statement, 'context'>>
  readonly context?: Partial<Statement['context']>
  readonly session?: Partial<Session>
  readonly answer?: Partial<SessionAnswer>
  readonly key?: KeyObject
}

/** What the aggregator would answer, with some of it changed: always signed and quoted as a whole. */
function answerWith(changes: Changes = {}): SessionAnswer {
  const stated = { ...statement, ...changes.statement, context: { ...statement.context, ...changes.context } }
  const seen = { ...session, ...changes.session }
  const encoded = encodeStatement(stated)
  const transcript = sessionTranscript(stated.role, seen, contextHash(stated.context))
  return {
    quote: honest('tdx-v4').quote({ reportData: keyReportData(encoded) }),
    eventLog: new Uint8Array(),
    statement: encoded,
    nonce: seen.nonce,
    clientKey: seen.clientKey,
    exporterDigest: sha256(seen.exporter),
    signature: new Uint8Array(sign(null, transcript, changes.key ?? privateKey)),
    ...changes.answer,
  }
}

const platform = honest('tdx-v4')
const trust = {
  roots: platform.rootPem,
  collateral: parseCollateral(platform.collateralJson()),
  policies: [referencesFor('tdx-v4')],
}

function refusal(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('expected a refusal')
}

test('an answer about this very session is accepted', () => {
  expect(verifySession(answerWith(), expected, trust)).toMatchObject({ ok: true, binding: 'bound', simulated: true })
  expect(checkSession(answerWith(), expected)).toEqual(statement)
})

const minutes = (count: number) => now.getTime() + count * 60_000
const other = generateKeyPairSync('ed25519')

const refusals: readonly (readonly [what: string, changes: Changes, codes: readonly string[]])[] = [
  ['the answer of a party sent back (reflection)', { statement: { role: 'party' } }, ['SESSION_ROLE']],
  ['evidence of another federation', { context: { federation: 'south' } }, ['SESSION_FEDERATION']],
  ['evidence of another run', { context: { run: 'ab'.repeat(16) } }, ['SESSION_RUN']],
  ['evidence for another job', { context: { jobDigest: toHex(bytes(9)) } }, ['SESSION_RUN']],
  ['another policy', { context: { policyDigest: toHex(bytes(9)), policyVersion: 3 } }, ['SESSION_POLICY']],
  ['an older policy', { context: { policyDigest: toHex(bytes(9)), policyVersion: 2 } }, ['SESSION_POLICY']],
  ['a newer policy', { context: { policyDigest: toHex(bytes(9)), policyVersion: 4 } }, ['SESSION_POLICY']],
  ['other members of the federation', { context: { rootsDigest: toHex(bytes(9)) } }, ['SESSION_ROOTS']],
  ['another TLS key at the server', { statement: { serverKey: toHex(bytes(9)) } }, ['SESSION_SERVER_KEY']],
  ['evidence made for another client', { session: { clientKey: bytes(9) } }, ['SESSION_CLIENT_KEY']],
  ['a nonce of an earlier connection', { session: { nonce: bytes(9) } }, ['SESSION_NONCE']],
  ['another TLS session (relay)', { session: { exporter: bytes(9) } }, ['SESSION_CONNECTION']],
  [
    'everything of another connection at once',
    { session: { nonce: bytes(9), exporter: bytes(9), clientKey: bytes(9) } },
    ['SESSION_CLIENT_KEY', 'SESSION_NONCE', 'SESSION_CONNECTION'],
  ],
  ['a key that is over', { statement: { issuedAt: minutes(-5), expiresAt: minutes(-1) } }, ['SESSION_KEY_TIME']],
  ['a key of the future', { statement: { issuedAt: minutes(1), expiresAt: minutes(4) } }, ['SESSION_KEY_TIME']],
  ['a key that lives too long', { statement: { issuedAt: minutes(-1), expiresAt: minutes(4) } }, ['SESSION_KEY_TIME']],
  ['a key that ends before it begins', { statement: { expiresAt: minutes(-2) } }, ['SESSION_KEY_TIME']],
  ['a signature by another key', { key: other.privateKey }, ['SESSION_PROOF']],
  ['a key that cannot sign', { statement: { attestationKey: statement.context.sealingKey } }, ['SESSION_PROOF']],
  ['a claimed session that was not signed', { answer: { signature: bytes(0, 64) } }, ['SESSION_PROOF']],
]

describe('refused, each under its own code:', () => {
  test.each(refusals)('%s', (_what, changes, codes) => {
    const error = refusal(() => checkSession(answerWith(changes), expected))
    expect(error).toBeInstanceOf(SessionError)
    expect(error).toMatchObject({ code: codes[0], reasons: codes.map((code) => ({ code })) })
    expect(refusal(() => verifySession(answerWith(changes), expected, trust))).toMatchObject({ code: codes[0] })
  })

  test.each<readonly [string, Partial<Statement>, Partial<Statement['context']>]>([
    ['another attestation key', { attestationKey: spki(other.publicKey) }, {}],
    ['another epoch', {}, { epoch: toHex(bytes(9, 16)) }],
    ['another receipt key', {}, { receiptKey: spki(other.publicKey) }],
    ['another sealing key', {}, { sealingKey: spki(generateKeyPairSync('x25519').publicKey) }],
    ['another time', { issuedAt: statement.issuedAt + 1_000 }, {}],
  ])('a statement with %s than the quote covers', (_what, stated, context) => {
    const changed = answerWith({
      statement: stated,
      context,
      key: 'attestationKey' in stated ? other.privateKey : privateKey,
    })
    const error = refusal(() => verifySession({ ...changed, quote: answerWith().quote }, expected, trust))
    expect(error).toBeInstanceOf(EvidenceError)
    expect(error).toMatchObject({ code: 'EVIDENCE_BINDING' })
  })
})

describe('statements are read strictly:', () => {
  const text = new TextDecoder().decode(encodeStatement(statement))
  const read = (changed: string) => refusal(() => parseStatement(new Uint8Array(Buffer.from(changed))))

  test.each([
    ['no JSON', 'attested'],
    ['a space more', text.replace(',', ', ')],
    ['a member more', text.replace('{', '{"admin":true,')],
    ['a member twice', text.replace('"role"', '"role":"aggregator","role"')],
    ['a member less', text.replace(/"role":"aggregator",/, '')],
    ['upper case', text.replace(/"serverKey":"(\w+)"/, (_all, key: string) => `"serverKey":"${key.slice(0, -1)}A"`)],
    ['a short key', text.replace(/"serverKey":"\w\w/, '"serverKey":"')],
    ['a number for a text', text.replace('"role":"aggregator"', '"role":1')],
    ['a time with milliseconds', text.replace(/Z"/, '.000Z"')],
    ['a context that is a list', text.replace(/"context":\{.*?\}/, '"context":[]')],
    ['half a surrogate pair', text.replace('"role":"aggregator"', '"role":"\\ud800"')],
    ['far too much', text + ' '.repeat(10_000)],
  ])('%s', (_what, changed) => {
    expect(read(changed)).toBeInstanceOf(SessionError)
    expect(read(changed)).toMatchObject({ code: 'SESSION_MALFORMED' })
  })

  test('bytes that are not UTF-8', () => {
    const wrong = encodeStatement(statement)
    wrong[40] = 0xff
    expect(refusal(() => parseStatement(wrong))).toMatchObject({ code: 'SESSION_MALFORMED' })
  })

  test('what was written is what is read', () => {
    expect(parseStatement(encodeStatement(statement))).toEqual(statement)
  })
})

test('no change of a single byte of an answer is accepted', () => {
  const random = createRandom('session mutations')
  const good = answerWith()
  const parts = ['quote', 'statement', 'nonce', 'clientKey', 'exporterDigest', 'signature'] as const
  for (let count = 0; count < 3_000; count += 1) {
    const part = parts[random.below(parts.length)] ?? 'quote'
    const changed = new Uint8Array(good[part])
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 + random.below(255))
    let accepted = false
    try {
      accepted = verifySession({ ...good, [part]: changed }, expected, trust).ok
    } catch (error) {
      if (!(error instanceof SessionError || error instanceof EvidenceError)) throw error
    }
    expect(accepted, `${part}[${at}]`).toBe(false)
  }
})

test('evidence must satisfy every policy, and a list without a policy accepts nothing', () => {
  const [federation] = trust.policies
  if (federation === undefined) throw new Error('there is a policy')
  const stricter = { ...federation, minimumTcbEvaluation: 10_000 }
  const verdict = verifySession(answerWith(), expected, { ...trust, policies: [federation, stricter] })
  expect(verdict).toMatchObject({ ok: false, reasons: [{ code: 'APPRAISAL_TCB_EVALUATION' }] })
  expect(verifySession(answerWith(), expected, { ...trust, policies: [] }).ok).toBe(false)
})

test('the digest of roots is about the set, not about order, copies or text around them', async () => {
  const [a, b] = [(await createAuthority('test')).rootPem, (await createAuthority('test')).rootPem]
  expect(rootsDigest(a + b)).toBe(rootsDigest(`# both\n${b}${a}${b}`))
  expect(rootsDigest(a)).not.toBe(rootsDigest(a + b))
  expect(new X509Certificate(a).fingerprint256).not.toBe(new X509Certificate(b).fingerprint256)
})
