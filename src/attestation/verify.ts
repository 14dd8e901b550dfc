/**
 * Evidence in, verdict out. `verifyEvidence` is the order of the trust argument; each line is a file. It throws an
 * EvidenceError for evidence that is bad, with every independent finding, so that nobody can go on by forgetting to look;
 * it returns a verdict for evidence that is good, with every reason why it is not what the reference values accept.
 */
import { equalBytes, fromHex, toHex } from '../crypto/index.ts'
import { appraiseAll } from './appraisal/appraise.ts'
import type { ReferenceValues } from './appraisal/reference-values.ts'
import type { Collateral } from './collateral/collateral.ts'
import { verifyCollateral, verifyTdxModule } from './collateral/verify.ts'
import { EvidenceError } from './errors.ts'
import { type LogEvent, parseEventLog } from './event-log/parse.ts'
import { type MeasuredEvent, verifyEventLog } from './event-log/replay.ts'
import { openMemory } from './memory.ts'
import { platformIdentityOf } from './platform.ts'
import { type Quote, readQuote } from './quote/quote.ts'
import { verifyQuote, verifyQuotingEnclave } from './quote/verify.ts'
import { evaluateTcb } from './tcb.ts'
import { factsOf, type Verdict } from './verdict.ts'
import { createVerification, type Roots, type Verification } from './verification.ts'
import { verifyCertificates, verifyRevocation } from './x509/chain.ts'

export interface Evidence {
  readonly quote: Uint8Array
  /** The data area of the ACPI table CCEL, for TDX. */
  readonly eventLog?: Uint8Array
}

/** What the quote must carry: the 64 bytes of this session. 'unbound' is for looking at files, never for a session. */
export type Binding = { readonly reportData: Uint8Array } | 'unbound'

export interface Trust {
  readonly roots: Roots
  /** Keep the parsed object: the next verification with it computes only what is new (memory.ts). */
  readonly collateral: Collateral
  /** Without it the verdict says what is genuine, and judges nothing. Of several every one must be satisfied. */
  readonly policy?: ReferenceValues | readonly ReferenceValues[]
  readonly binding: Binding
  readonly now: Date
}

/** Throws EvidenceError with any EVIDENCE_... code; returns reasons with APPRAISAL_... codes. */
export function verifyEvidence(evidence: Evidence, { roots, collateral, policy, binding, now }: Trust): Verdict {
  const memory = openMemory(collateral)
  const run = createVerification(roots, now, memory)
  const quote = readQuote(evidence.quote, memory)
  const events = readEvents(evidence, quote)
  verifyQuote(run, quote)
  const root = verifyCertificates(run, quote, collateral)
  verifyRevocation(run, quote, collateral)
  const platform = platformIdentityOf(quote)
  verifyCollateral(run, quote, collateral, platform)
  verifyPlatformSoftware(run, quote, collateral)
  verifyBinding(run, quote, binding)
  const eventLog = verifyEvents(run, quote, events)
  run.refuse()
  const tcb = evaluateTcb(quote, collateral, platform)
  memory.keep()
  const facts = factsOf(quote, collateral, { root, platform, tcb, bound: binding !== 'unbound', eventLog })
  const reasons = appraiseAll(facts, policy, run.now)
  return { ...facts, ok: reasons.length === 0, reasons }
}

function readEvents({ eventLog }: Evidence, quote: Quote): LogEvent[] | undefined {
  if (eventLog === undefined) return undefined
  if (quote.header.tee === 'tdx') return parseEventLog(eventLog)
  throw new EvidenceError('EVIDENCE_EVENT_LOG_INVALID', 'an event log came with an SGX quote, which has no RTMRs')
}

/** Comparisons with documents about another kind of TEE would only repeat that in other words. */
function verifyPlatformSoftware(run: Verification, quote: Quote, { tcbInfo, qeIdentity }: Collateral): void {
  const { tee } = quote.header
  if (qeIdentity.content.tee === tee) verifyQuotingEnclave(run, quote, qeIdentity.content)
  if (tcbInfo.content.tee === tee && quote.body.kind !== 'sgx') verifyTdxModule(run, quote.body, tcbInfo.content)
}

function verifyBinding(run: Verification, { body }: Quote, binding: Binding): void {
  if (binding === 'unbound') return
  const { reportData } = binding
  if (reportData.length !== 64) {
    throw new EvidenceError('EVIDENCE_ARGUMENT', `the expected report data has ${reportData.length} bytes, expected 64`)
  }
  const bound = equalBytes(fromHex(body.reportData), reportData)
  run.check(bound, 'EVIDENCE_BINDING', () => `report data: found ${body.reportData}, expected ${toHex(reportData)}`)
}

function verifyEvents(
  run: Verification,
  { body }: Quote,
  events: readonly LogEvent[] | undefined,
): MeasuredEvent[] | undefined {
  return events === undefined || body.kind === 'sgx' ? undefined : verifyEventLog(run, events, body)
}
