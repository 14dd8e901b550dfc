/** A verification record, judged again from its own content: offline, with the time of then. */
import {
  AttestationError,
  checkSession,
  parseCollateral,
  type ReferenceValues,
  type SessionAnswer,
  type SessionExpectation,
  type Verdict,
  verifySession,
} from '../../src/attestation/index.ts'
import {
  aggregatorReferences,
  type AttestationPolicy,
  JobError,
  parseOverlay,
  parseSignedPolicy,
  policyDigest,
  verifyPolicy,
  withOverlay,
} from '../../src/job/index.ts'
import { RecordError } from './errors.ts'
import { answerOf, expectationOf, type VerificationRecord } from './record.ts'
import { readObject } from './records.ts'

export interface Replay {
  readonly outcome: 'accepted' | 'refused'
  readonly reasons: readonly { readonly code: string; readonly text: string }[]
  /** Absent where the evidence is bad, or where no collateral was kept because it was refused before. */
  readonly verdict?: Verdict
  readonly evidence: RecordedEvidence
  /** Where the record says otherwise than its own content: it was changed, or judged by other rules. */
  readonly disagreements: readonly string[]
}

/** What a record and its objects hold, read. */
export interface RecordedEvidence {
  readonly policy: AttestationPolicy
  readonly roots: readonly string[]
  /** The federation's values; then, where the party had some, its stricter ones. */
  readonly policies: readonly ReferenceValues[]
  readonly answer: SessionAnswer
  readonly expectation: SessionExpectation
  /** JSON, not read yet. */
  readonly collateral?: string
}

/** `directory` has records/ and objects/. Throws RecordError. */
export async function replayRecord(record: VerificationRecord, directory: string): Promise<Replay> {
  const evidence = await readEvidence(record, directory)
  const replay = judge(record, evidence)
  return { ...replay, evidence, disagreements: disagreements(record, replay, evidence) }
}

async function readEvidence(record: VerificationRecord, directory: string): Promise<RecordedEvidence> {
  const { objects } = record
  const text = async (digest: string | null) =>
    digest === null ? undefined : new TextDecoder().decode(await readObject(directory, digest))
  const [policyText = '', overlay, collateral] = [
    await text(objects.policy),
    await text(objects.overlay),
    await text(objects.collateral),
  ]
  const eventLog = objects.eventLog === null ? undefined : await readObject(directory, objects.eventLog)
  return {
    ...readPolicies(record, policyText, overlay),
    answer: answerOf(record, eventLog),
    expectation: expectationOf(record),
    ...(collateral !== undefined && { collateral }),
  }
}

function readPolicies({ objects, expected }: VerificationRecord, text: string, overlay: string | undefined) {
  try {
    const signed = parseSignedPolicy(text, `object ${objects.policy}`)
    const { policy } = signed
    if (policyDigest(policy) !== expected.policy.digest || policy.version !== expected.policy.version) {
      throw new RecordError('RECORD_OBJECT', 'the policy beside the record is not the one that the record names')
    }
    verifyPolicy(signed, { federation: expected.federation })
    const { roots, values } = aggregatorReferences(policy)
    const own = `object ${objects.overlay}`
    return {
      policy,
      roots,
      policies: overlay === undefined ? [values] : withOverlay(values, parseOverlay(overlay, own)),
    }
  } catch (cause) {
    if (!(cause instanceof JobError)) throw cause
    throw new RecordError('RECORD_OBJECT', `what the record names as policy binds nobody: ${cause.message}`, { cause })
  }
}

type Judged = Pick<Replay, 'outcome' | 'reasons' | 'verdict'>

function judge(record: VerificationRecord, evidence: RecordedEvidence): Judged {
  const { answer, expectation, roots, policies } = evidence
  try {
    if (evidence.collateral === undefined) {
      checkSession(answer, expectation)
      // The session was in order; what was missing then (collateral, for one) cannot be found again offline.
      return { outcome: 'refused', reasons: record.reasons }
    }
    const collateral = parseCollateral(evidence.collateral)
    const verdict = verifySession(answer, expectation, { roots, collateral, policies })
    return { outcome: verdict.ok ? 'accepted' : 'refused', reasons: verdict.reasons, verdict }
  } catch (error) {
    if (error instanceof AttestationError) return { outcome: 'refused', reasons: error.reasons }
    throw error
  }
}

function disagreements(record: VerificationRecord, replay: Judged, { policy }: RecordedEvidence): string[] {
  const codes = (reasons: Judged['reasons']) => reasons.map(({ code }) => code).join(', ') || 'none'
  const compared: readonly (readonly [what: string, recorded: string, found: string])[] = [
    ['outcome', record.outcome, replay.outcome],
    ['reasons', codes(record.reasons), codes(replay.reasons)],
    ['simulated', String(record.simulated), String(policy.purpose === 'simulation')],
  ]
  return compared
    .filter(([, recorded, found]) => recorded !== found)
    .map(([what, recorded, found]) => `${what}: the record says ${recorded}, its content says ${found}`)
}
