/**
 * A party's judgement of the aggregator, on every connection: the answer is about this session, the quote is genuine, the
 * platform and the program are what the federation's policy and the party's own overlay accept. Whatever comes out is
 * written down before the connection is used; a verdict that cannot be written down is a refusal.
 */
import {
  type AppraisalCode,
  checkSession,
  type EvidenceCode,
  parseQuote,
  type Reason,
  reasonsOf,
  requireAccepted,
  rootsDigest,
  type SessionAnswer,
  type SessionExpectation,
  type Statement,
  type Verdict,
  verifySession,
} from '../../src/attestation/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import {
  aggregatorReferences,
  parseOverlay,
  policyDigest,
  type SignedPolicy,
  signedPolicyText,
  withOverlay,
} from '../../src/job/index.ts'
import type { Appraiser, Log } from '../../src/rpc/index.ts'
import type { CollateralSource } from '../collateral/index.ts'
import { type Attested, AttestedEpochs } from './attested.ts'
import { createPace } from './pace.ts'
import { answerFields, RECORD_FORMAT, sessionFields } from './record.ts'
import type { Records } from './records.ts'

export interface AppraiserOptions {
  readonly federation: string
  /** The roots by which this party tells members of the federation: roots.pem. */
  readonly rootsPem: string
  /** Accepted (acceptPolicy): its signatures have been judged. */
  readonly policy: SignedPolicy
  /** Text of the party's stricter rules, and the file's name. */
  readonly overlay?: { readonly text: string; readonly file: string }
  readonly collateral: CollateralSource
  readonly records: Records
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
  /** Told of each judgement, after it was written down. */
  readonly judged?: (judgement: Judgement) => void
}

export interface Judgement {
  /** Where the evidence is genuine. */
  readonly verdict: Verdict | undefined
  readonly refusal: CodedError | undefined
  readonly simulated: boolean
  /** Path of the record. */
  readonly record: string
}

/**
 * A channel that is refused dials again every few seconds: within this time the same refusal, by codes, of the same
 * server is not written down again, so that the newest refusals on the disk go back days and not minutes.
 */
const SAME_REFUSAL_MS = 600_000
/** What a record can hold: a refusal that its record cannot tell could not be explained. */
const [MOST_REASONS, MOST_TEXT] = [1_000, 20_000]

interface Outcome {
  readonly verdict?: Verdict
  /** JSON of the collateral, where any was found. */
  readonly collateral?: string
  readonly refusal?: CodedError
  /** True where there is no refusal. */
  readonly statement?: Statement
}

/** An appraiser that can tell whom it accepted. */
export interface PartyAppraiser extends Appraiser {
  readonly attested: Attested
}

/** Throws JobError for an overlay that cannot be read. */
export function createAppraiser(options: AppraiserOptions): PartyAppraiser {
  const { federation, rootsPem, policy: signed, overlay, collateral, records, now, log, judged } = options
  const { roots, values } = aggregatorReferences(signed.policy)
  const policies = overlay ? withOverlay(values, parseOverlay(overlay.text, overlay.file)) : [values]
  const policy = { digest: policyDigest(signed.policy), version: signed.policy.version }
  const stated = { role: 'aggregator', federation, run: '', jobDigest: '', rootsDigest: rootsDigest(rootsPem), policy }
  const simulated = signed.policy.purpose === 'simulation'
  const bytes = { policy: utf8(signedPolicyText(signed)), overlay: overlay && utf8(overlay.text) }

  const judge = async (answer: SessionAnswer, expected: SessionExpectation, signal: AbortSignal): Promise<Outcome> => {
    const outcome: { verdict?: Verdict; collateral?: string; statement?: Statement } = {}
    try {
      outcome.statement = checkSession(answer, expected)
      const quote = parseQuote(answer.quote)
      const found = await collateral.find(quote, signal)
      outcome.collateral = found.json
      outcome.verdict = verifySession(answer, expected, { roots, collateral: found.collateral, policies })
      requireAccepted(outcome.verdict)
      return outcome
    } catch (error) {
      if (!(error instanceof CodedError) || signal.aborted) throw error
      if (outcome.collateral !== undefined && blamesCollateral(error)) await collateral.forget(parseQuote(answer.quote))
      return { ...outcome, refusal: error }
    }
  }
  const pace = createPace(now)
  let refused: { readonly sort: string; readonly at: number; readonly record: string } | undefined
  const recordOf = async (outcome: Outcome, answer: SessionAnswer, expected: SessionExpectation, address: string) => {
    const { refusal } = outcome
    const keep = (part: Uint8Array | undefined) => (part && part.length > 0 ? records.keep(part) : null)
    const keepCollateral = (part: Uint8Array) => (refusal ? records.keepRefused(part) : records.keep(part))
    return await records.write({
      format: RECORD_FORMAT,
      at: expected.now.toISOString(),
      address,
      outcome: refusal ? 'refused' : 'accepted',
      simulated,
      reasons: refusal ? recordable(reasonsOf(refusal)) : [],
      expected: { ...stated, session: sessionFields(expected.session) },
      answer: answerFields(answer, refusal !== undefined),
      objects: {
        policy: await records.keep(bytes.policy),
        overlay: await keep(bytes.overlay),
        collateral: outcome.collateral === undefined ? null : await keepCollateral(utf8(outcome.collateral)),
        eventLog: refusal ? null : await keep(answer.eventLog),
      },
    })
  }
  const attested = new AttestedEpochs()
  return {
    attested,
    async appraise(answer, session, address, signal) {
      pace.check()
      const expected = { ...stated, session, now: new Date(now()) }
      const outcome = await judge(answer, expected, signal)
      const { refusal, verdict, statement } = outcome
      const sort =
        refusal && [address, toHex(session.serverKey), ...reasonsOf(refusal).map(({ code }) => code)].join(' ')
      const again = sort !== undefined && refused?.sort === sort && now() - refused.at < SAME_REFUSAL_MS
      const record = again && refused ? refused.record : await recordOf(outcome, answer, expected, address)
      if (!again) refused = sort === undefined ? undefined : { sort, at: now(), record }
      judged?.({ verdict, refusal, simulated, record })
      if (refusal) throw refusal
      pace.accepted()
      if (statement) attested.accept(statement.context)
      if (verdict) tell(log, verdict, address, record)
    },
  }
}

/** What another fetch may mend: documents that are forged, out of date, or older than the policy allows. */
const ofCollateral: ReadonlySet<string> = new Set<AppraisalCode | EvidenceCode>([
  ...(['EVIDENCE_CRL_MISSING', 'EVIDENCE_CRL_INVALID', 'EVIDENCE_CRL_ISSUER', 'EVIDENCE_CRL_SIGNATURE'] as const),
  ...(['EVIDENCE_CRL_EXPIRED', 'EVIDENCE_CRL_EARLY', 'EVIDENCE_COLLATERAL_INVALID'] as const),
  ...(['EVIDENCE_TCB_INFO_SIGNATURE', 'EVIDENCE_TCB_INFO_EXPIRED', 'EVIDENCE_TCB_INFO_EARLY'] as const),
  ...(['EVIDENCE_QE_IDENTITY_SIGNATURE', 'EVIDENCE_QE_IDENTITY_EXPIRED', 'EVIDENCE_QE_IDENTITY_EARLY'] as const),
  ...(['EVIDENCE_TCB_INFO_TEE', 'EVIDENCE_QE_IDENTITY_TEE'] as const),
  ...(['APPRAISAL_TCB_EVALUATION', 'APPRAISAL_COLLATERAL_AGE'] as const),
])

const blamesCollateral = (refusal: CodedError): boolean => reasonsOf(refusal).some(({ code }) => ofCollateral.has(code))

const recordable = (reasons: readonly Reason[]): Reason[] =>
  reasons.slice(0, MOST_REASONS).map(({ code, text }) => ({ code, text: text.slice(0, MOST_TEXT) }))

function tell(log: Log, { simulated, tee, tcb, root }: Verdict, address: string, record: string): void {
  const fields = { address, tee, status: tcb.status, root: root.name, record }
  if (simulated)
    log.warn(fields, 'SIMULATED: the aggregator attested itself by a simulated TEE, which protects nothing')
  else log.info(fields, 'the aggregator attested itself, and the policy accepts it')
}

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
