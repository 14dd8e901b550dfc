/** The sections on the connection of a record: what the party knew, beside what the aggregator's statement says. */
import {
  CLOCK_DIFFERENCE_MS,
  keyReportData,
  parseStatement,
  type Reason,
  type Statement,
} from '../../../attestation/index.ts'
import { sha256, toHex } from '../../../crypto/index.ts'
import type { Replay, VerificationRecord } from '../../../../parties/index.ts'
import { type Comparison, createTeller, type Field, iso, refusalReasons, type Section, type Teller } from './field.ts'

/** What the quote has to carry if it covers the recorded statement. */
export const expectedReportData = ({ evidence }: Replay): string => toHex(keyReportData(evidence.answer.statement))

export function sessionSections(record: VerificationRecord, replay: Replay): Section[] {
  const { reasons, verdict, evidence } = replay
  const statement = readStatement(evidence.answer.statement)
  // Comparisons with what the party itself knows hold or do not, whatever the quote says.
  const tell = createTeller(reasons, statement !== undefined)
  const genuine = verdict !== undefined
  const note = 'These comparisons count only together with a genuine quote, which this record does not have.'
  return [
    { name: 'connection', fields: connectionFields(record, replay, statement, tell) },
    { name: 'session', ...(!genuine && { note }), fields: sessionFields(record, reasons, statement, tell) },
    { name: 'keys', fields: keyFields(replay, statement, createTeller(reasons, genuine)) },
  ]
}

function readStatement(bytes: Uint8Array): Statement | undefined {
  try {
    return parseStatement(bytes)
  } catch (error) {
    if (refusalReasons(error) === undefined) throw error
    return undefined
  }
}

const UNREADABLE = 'not readable'
/** `expected` is what the party knows by itself; '' is shown as `none`. */
const same = (found: string | undefined, expected: string): Comparison => ({
  expected: [expected === '' ? 'none' : expected],
  ...(found !== undefined && { holds: found === expected }),
})

function connectionFields(
  { at, address, expected }: VerificationRecord,
  { evidence: { policy, policies } }: Replay,
  statement: Statement | undefined,
  tell: Teller,
): Field[] {
  const context = statement?.context
  const compared = (
    name: 'role' | 'federation' | 'run' | 'jobDigest' | 'rootsDigest',
    found: string | undefined,
    own: string,
  ) => tell(name, found ?? UNREADABLE, same(found, own))
  const { digest, version } = expected.policy
  return [
    tell('at', at),
    tell('address', address),
    compared('role', statement?.role, expected.role),
    compared('federation', context?.federation, expected.federation),
    compared('run', context?.run, expected.run),
    compared('jobDigest', context?.jobDigest, expected.jobDigest),
    compared('rootsDigest', context?.rootsDigest, expected.rootsDigest),
    tell('policyDigest', context?.policyDigest ?? UNREADABLE, same(context?.policyDigest, digest)),
    tell(
      'policyVersion',
      String(context?.policyVersion ?? UNREADABLE),
      same(context && String(context.policyVersion), String(version)),
    ),
    tell('policyPurpose', policy.purpose === 'simulation' ? 'simulation: SIMULATED' : policy.purpose),
    tell('overlay', policies.length > 1 ? 'this party has some; both must be satisfied' : ''),
  ]
}

function sessionFields(
  { answer, expected }: VerificationRecord,
  reasons: readonly Reason[],
  statement: Statement | undefined,
  tell: Teller,
): Field[] {
  const { session } = expected
  const exporterDigest = toHex(sha256(Buffer.from(session.exporter, 'hex')))
  // Whose session it is comes first; the signature was looked at only where nothing differed.
  const signed = !reasons.some(({ code }) => code.startsWith('SESSION_'))
  return [
    tell('nonce', answer.nonce, same(answer.nonce, session.nonce)),
    tell('serverKey', statement?.serverKey ?? UNREADABLE, same(statement?.serverKey, session.serverKey)),
    tell('clientKey', answer.clientKey, same(answer.clientKey, session.clientKey)),
    tell('exporter', answer.exporterDigest, same(answer.exporterDigest, exporterDigest)),
    tell(
      'proof',
      answer.signature,
      signed ? { holds: true } : { expected: ['not looked at where anything above differs'] },
    ),
  ]
}

function keyFields({ reasons, evidence }: Replay, statement: Statement | undefined, tell: Teller): Field[] {
  const { statement: bytes } = evidence.answer
  if (statement === undefined)
    return [tell('statement', `${bytes.length} bytes that are no statement`, { holds: false })]
  const { attestationKey, issuedAt, expiresAt, context } = statement
  const inTime = { holds: !reasons.some(({ code }) => code === 'SESSION_KEY_TIME') }
  const now = evidence.expectation.now.getTime()
  const expiry: Comparison = {
    ...inTime,
    expected: [`the time of the verdict, ${iso(evidence.expectation.now)}, in between`],
  }
  return [
    tell('statement', `${bytes.length} bytes of canonical JSON`, { holds: true }),
    tell('epoch', context.epoch),
    tell('attestationKey', attestationKey, { holds: true }),
    tell('keyIssued', iso(issuedAt), { holds: issuedAt <= now + CLOCK_DIFFERENCE_MS }),
    tell('keyExpires', iso(expiresAt), expiry),
    tell('receiptKey', context.receiptKey),
    tell('sealingKey', context.sealingKey),
  ]
}
