/**
 * Where a model comes from, verified step by step from what was signed: evidence of a genuine TEE with the program of the
 * policy gives the receipt keys, the keys open the receipts, the receipts are one chain from the first round to the
 * digest of these parameters, and the log holds each of them. A step that fails says so, and the others go on: whoever
 * asks wants to know all of it.
 */
import {
  AttestationError,
  type Collateral,
  keyReportData,
  parseStatement,
  reasonsOf,
  type ReferenceValues,
  requireAccepted,
  type Roots,
  type Statement,
  type Verdict,
  verifyEvidence,
} from '../../attestation/index.ts'
import { CodedError } from '../../errors/index.ts'
import { toHex } from '../../crypto/index.ts'
import { jobDigest, type JobSpec, readCanonicalSpec } from '../../job/index.ts'
import { parseSignedReceipt, type Receipt, ReceiptError, verifyChain } from '../../ledger/index.ts'
import { CliError } from '../errors.ts'
import { endOf } from './end.ts'
import type { Epoch, Lineage } from './lineage.ts'
import { type LogTrust, verifyLog } from './verify-log.ts'

export interface LineageTrust {
  readonly federation: string
  /** SHA-256 of the attestation policy, hex, and what it asks of an aggregator. */
  readonly policyDigest: string
  readonly values: ReferenceValues
  readonly roots: Roots
  readonly collateral: Collateral
  /** When the evidence is judged. */
  readonly now: Date
  readonly log: LogTrust
}

export interface Step {
  readonly check: 'job' | 'evidence' | 'receipts' | 'parties' | 'model' | 'ledger'
  readonly outcome: 'verified' | 'refused' | 'not shown'
  readonly text: string
  readonly codes: readonly string[]
}

export interface LineageVerdict {
  readonly steps: readonly Step[]
  /** In the order of the rounds; empty where they could not be verified. */
  readonly receipts: readonly Receipt[]
  readonly simulated: boolean
}

const ROLE = 'aggregator'

/** @param weights SHA-256 of the parameters, hex */
export function verifyLineage(lineage: Lineage, weights: string, trust: LineageTrust): LineageVerdict {
  const steps: Step[] = []
  const attempt = <T>(check: Step['check'], verify: () => T, told: (value: T) => string): T | undefined => {
    try {
      const value = verify()
      steps.push({ check, outcome: 'verified', text: told(value), codes: [] })
      return value
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      const reasons = reasonsIn(error)
      const text = reasons.map((reason) => reason.text).join('; ')
      steps.push({ check, outcome: 'refused', text, codes: reasons.map(({ code }) => code) })
      return undefined
    }
  }
  const job = attempt(
    'job',
    () => readJob(lineage.job),
    ({ spec, digest }) => `${spec.name}, digest ${digest}`,
  )
  const keys = new Map<string, string>()
  let simulated = false
  for (const epoch of epochsOf(lineage)) {
    const found = attempt(
      'evidence',
      () => verifyEpoch(epoch, lineage, trust),
      ({ verdict }) => told(epoch, verdict),
    )
    if (found === undefined) continue
    keys.set(epoch, found.statement.context.receiptKey)
    simulated ||= found.verdict.simulated
  }
  const receipts = attempt('receipts', () => verifyReceipts(lineage, keys, job?.digest, trust), toldReceipts)
  steps.push(...endOf(receipts, job?.spec))
  attempt(
    'parties',
    () => verifyParties(receipts, job?.spec),
    (fewest) => `${fewest} or more of the job in each round`,
  )
  attempt(
    'model',
    () => verifyModel(receipts, weights),
    () => `the parameters are those of the last receipt, ${weights}`,
  )
  steps.push(...verifyLog(lineage, trust))
  return { steps, receipts: receipts ?? [], simulated }
}

/** Attestation and receipts give every reason; other errors are one. */
function reasonsIn(error: CodedError): readonly { readonly code: string; readonly text: string }[] {
  if (error instanceof AttestationError || error instanceof ReceiptError) return error.reasons
  return reasonsOf(error)
}

function readJob(bytes: Uint8Array): { spec: JobSpec; digest: string } {
  try {
    return { spec: readCanonicalSpec(bytes), digest: toHex(jobDigest(bytes)) }
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new CliError('CLI_LINEAGE_JOB', `lineage/job.json: ${cause.message}`, { cause })
  }
}

/** Those that signed receipts; of the others nothing depends. */
function epochsOf({ receipts }: Lineage): Set<string> {
  const epochs = new Set<string>()
  for (const sealed of receipts) {
    try {
      epochs.add(parseSignedReceipt(sealed).receipt.epoch)
    } catch (error) {
      // Told where the receipts are verified.
      if (!(error instanceof ReceiptError)) throw error
    }
  }
  return epochs
}

/** Throws CliError CLI_LINEAGE_EVIDENCE, and AttestationError with every reason. */
function verifyEpoch(name: string, { epochs }: Lineage, trust: LineageTrust) {
  const found = epochs.find(({ epoch }) => epoch === name)
  if (found === undefined) throw notIts(name, 'there is none')
  const statement = parseStatement(found.statement)
  requireStatement(name, statement, trust)
  const verdict = judge(found, trust)
  requireAccepted(verdict)
  return { statement, verdict }
}

function judge({ quote, eventLog, statement }: Epoch, { roots, values, collateral, now }: LineageTrust): Verdict {
  const evidence = { quote, ...(eventLog.length > 0 && { eventLog }) }
  const binding = { reportData: keyReportData(statement) }
  return verifyEvidence(evidence, { roots, collateral, policy: values, binding, now })
}

function requireStatement(name: string, { role, context }: Statement, trust: LineageTrust): void {
  const differences = [
    ['role', role, ROLE],
    ['epoch', context.epoch, name],
    ['federation', context.federation, trust.federation],
    ['attestation policy', context.policyDigest, trust.policyDigest],
  ].flatMap(([what, found, expected]) => (found === expected ? [] : [`${what} ${found}, expected ${expected}`]))
  if (differences.length > 0) throw notIts(name, differences.join('; '))
}

const notIts = (epoch: string, text: string): CliError =>
  new CliError('CLI_LINEAGE_EVIDENCE', `evidence of epoch ${epoch}: ${text}`)

const told = (epoch: string, { tee, tcb, simulated }: Verdict): string =>
  `epoch ${epoch}: ${simulated ? 'SIMULATED ' : ''}${tee.toUpperCase()}, TCB status ${tcb.status}, as the policy expects; its quote covers the receipt key`

function verifyReceipts(
  { receipts: sealed }: Lineage,
  keys: ReadonlyMap<string, string>,
  digest: string | undefined,
  { federation, policyDigest }: LineageTrust,
): Receipt[] {
  const receipts = verifyChain(sealed, keys)
  // One of them is enough: in a chain all are of one federation, policy and job.
  const [first] = receipts
  if (first?.federation !== federation || first.policyDigest !== policyDigest) {
    const text = `the receipts are of federation ${first?.federation} and policy ${first?.policyDigest}`
    throw new CliError('CLI_LINEAGE_EVIDENCE', `${text}, expected ${federation} and ${policyDigest}`)
  }
  if (first.jobDigest === digest) return receipts
  const text = `the receipts are of job ${first.jobDigest}, lineage/job.json has digest ${digest ?? 'none'}`
  throw new CliError('CLI_LINEAGE_JOB', text)
}

const toldReceipts = (receipts: readonly Receipt[]): string =>
  `${receipts.length} of run ${receipts[0]?.run}, rounds 0 to ${receipts.at(-1)?.round} without a gap, each signed by the attested key`

/** Returns the smallest number of parties behind a sum. Throws ReceiptError RECEIPT_TOO_FEW, RECEIPT_STRANGER. */
function verifyParties(receipts: readonly Receipt[] | undefined, spec: JobSpec | undefined): number {
  if (receipts === undefined || spec === undefined) throw unverified('parties')
  const { parties, rounds } = spec
  for (const { round, updates } of receipts) {
    const strangers = updates.map(({ party }) => party).filter((party) => !parties.includes(party))
    if (strangers.length > 0) {
      const text = `round ${round} has updates of ${strangers.join(', ')}, whom the job does not name`
      throw new ReceiptError([{ code: 'RECEIPT_STRANGER', text }])
    }
    if (updates.length >= rounds.minimumParties) continue
    const text = `round ${round} has updates of ${updates.length} parties, expected ${rounds.minimumParties}`
    throw new ReceiptError([{ code: 'RECEIPT_TOO_FEW', text }])
  }
  return Math.min(...receipts.map(({ updates }) => updates.length))
}

/** The evaluation at the end releases the model it was given. */
function verifyModel(receipts: readonly Receipt[] | undefined, weights: string): void {
  const last = receipts?.at(-1)
  if (last === undefined) throw unverified('model')
  if (last.modelAfter === weights) return
  const text = `the parameters have digest ${weights}; the receipt of round ${last.round} released ${last.modelAfter}`
  throw new CliError('CLI_LINEAGE_MODEL', text)
}

const unverified = (what: string): ReceiptError =>
  new ReceiptError([{ code: 'RECEIPT_CHAIN_EMPTY', text: `${what}: there are no receipts that were verified` }])
