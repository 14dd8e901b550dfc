/**
 * A verification record: everything that a verdict on one connection rested on, so that anybody can make it again
 * without this machine, the aggregator or a network. Large parts that repeat (collateral, policy, event log) are objects
 * of their own, named by their SHA-256.
 */
import { z } from 'zod'
import type { Session, SessionAnswer, SessionExpectation } from '../../src/attestation/index.ts'
import { fromHex, toHex } from '../../src/crypto/index.ts'
import { RecordError } from './errors.ts'

export const RECORD_FORMAT = 'coffer-verification-record-v1'
/** A quote has 5 to 11 kB in base64; the event log of a refused answer at most 350 kB. */
const MAXIMUM_RECORD_BYTES = 1024 * 1024

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const base64 = z.base64().max(400_000)
const object = hex(32).nullable()
const reason = z.strictObject({ code: z.string().max(64), text: z.string().max(20_000) })

const form = z.strictObject({
  format: z.literal(RECORD_FORMAT),
  /** When the verdict was made, by the party's clock. */
  at: z.iso.datetime(),
  address: z.string().max(300),
  outcome: z.enum(['accepted', 'refused']),
  simulated: z.boolean(),
  reasons: z.array(reason).max(1_000),
  expected: z.strictObject({
    role: z.string().max(32),
    federation: z.string().max(63),
    run: z.string().max(64),
    jobDigest: z.string().max(64),
    rootsDigest: hex(32),
    policy: z.strictObject({ digest: hex(32), version: z.int().min(1) }),
    session: z.strictObject({ nonce: hex(32), exporter: hex(32), serverKey: hex(32), clientKey: hex(32) }),
  }),
  answer: z.strictObject({
    quote: base64,
    statement: base64,
    /** Of a refused answer, which goes when the record goes; that of an accepted one is an object. */
    eventLog: base64,
    nonce: hex(32),
    clientKey: hex(32),
    exporterDigest: hex(32),
    signature: hex(64),
  }),
  /** SHA-256 of the files in objects/. Collateral is null where the evidence was refused before any was looked for. */
  objects: z.strictObject({ policy: hex(32), overlay: object, collateral: object, eventLog: object }),
})

/** With two of them it could be argued which one was judged. */
const schema = form.refine(({ answer, objects }) => answer.eventLog === '' || objects.eventLog === null, {
  error: 'an event log in the answer and another one as object',
})

export type VerificationRecord = z.infer<typeof schema>

/** Throws RecordError RECORD_INVALID. */
export function parseRecord(bytes: Uint8Array, file: string): VerificationRecord {
  const invalid = (why: string, cause?: unknown) => new RecordError('RECORD_INVALID', `${file}: ${why}`, { cause })
  if (bytes.length > MAXIMUM_RECORD_BYTES) throw invalid(`${bytes.length} bytes, at most ${MAXIMUM_RECORD_BYTES}`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('it is not JSON', cause)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`, parsed.error)
}

export const answerFields = (answer: SessionAnswer, withEventLog: boolean): VerificationRecord['answer'] => ({
  quote: Buffer.from(answer.quote).toString('base64'),
  statement: Buffer.from(answer.statement).toString('base64'),
  eventLog: withEventLog ? Buffer.from(answer.eventLog).toString('base64') : '',
  nonce: toHex(answer.nonce),
  clientKey: toHex(answer.clientKey),
  exporterDigest: toHex(answer.exporterDigest),
  signature: toHex(answer.signature),
})

export const sessionFields = (session: Session): VerificationRecord['expected']['session'] => ({
  nonce: toHex(session.nonce),
  exporter: toHex(session.exporter),
  serverKey: toHex(session.serverKey),
  clientKey: toHex(session.clientKey),
})

/** The answer as the aggregator sent it. `eventLog`: the object, where there is one. */
export const answerOf = ({ answer }: VerificationRecord, eventLog: Uint8Array | undefined): SessionAnswer => ({
  quote: new Uint8Array(Buffer.from(answer.quote, 'base64')),
  statement: new Uint8Array(Buffer.from(answer.statement, 'base64')),
  eventLog: eventLog ?? new Uint8Array(Buffer.from(answer.eventLog, 'base64')),
  nonce: fromHex(answer.nonce),
  clientKey: fromHex(answer.clientKey),
  exporterDigest: fromHex(answer.exporterDigest),
  signature: fromHex(answer.signature),
})

export const expectationOf = ({ expected, at }: VerificationRecord): SessionExpectation => {
  const { nonce, exporter, serverKey, clientKey } = expected.session
  const session = {
    nonce: fromHex(nonce),
    exporter: fromHex(exporter),
    serverKey: fromHex(serverKey),
    clientKey: fromHex(clientKey),
  }
  return { ...expected, session, now: new Date(at) }
}
