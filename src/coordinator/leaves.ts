/**
 * What of a run's change is entered into the log: the decision of a party, the receipt of a round that closed, and the
 * attestation policy that an aggregator says it was started with. Pure.
 *
 * A receipt is entered after a look at its form and at what it says it is of. Whether it is genuine the coordinator does
 * not judge, because nobody has to believe its judgement: whoever reads the log has the evidence and the key.
 */
import { parseStatement, SessionError } from '../attestation/index.ts'
import { toHex } from '../crypto/index.ts'
import { encodeLeaf, parseSignedReceipt, ReceiptError, type SignedReceipt } from '../ledger/index.ts'
import type { Run } from '../round/index.ts'
import type { NewEvent, RunChange } from '../store/index.ts'
import { CoordinatorError } from './errors.ts'

type EventOf<Kind extends NewEvent['kind']> = Extract<NewEvent, { kind: Kind }>

/** Throws CoordinatorError RUN_RECEIPT_REFUSED. */
export function withLeaves(run: Run, change: RunChange, federation: string): RunChange {
  const leaves = [
    ...approvalOf(run, change, federation),
    ...change.events.flatMap((event) => leavesOfEvent(run, event, federation)),
  ]
  return leaves.length === 0 ? change : { ...change, leaves }
}

function approvalOf(run: Run, { decision: given }: RunChange, federation: string): Uint8Array[] {
  if (given === undefined || given.decision === 'undecided') return []
  const { party, decision } = given
  const jobDigest = toHex(run.jobDigest)
  return [encodeLeaf({ kind: 'approval', federation, run: run.runId, jobDigest, party, decision, signature: null })]
}

function leavesOfEvent(run: Run, event: NewEvent, federation: string): Uint8Array[] {
  if (event.kind === 'attested') return policyOf(event, federation)
  return event.kind === 'round-closed' ? receiptOf(run, event, federation) : []
}

/** Once in the log, however many runs and starts of the aggregator state it. */
function policyOf({ evidence }: EventOf<'attested'>, federation: string): Uint8Array[] {
  const context = contextOf(evidence.statement)
  if (context === undefined || context.federation !== federation || context.policyVersion < 1) return []
  return [encodeLeaf({ kind: 'policy', federation, version: context.policyVersion, digest: context.policyDigest })]
}

/** A statement that is none is refused by every party; there is nothing to enter of it. */
function contextOf(statement: Uint8Array) {
  try {
    return parseStatement(statement).context
  } catch (error) {
    if (error instanceof SessionError) return undefined
    throw error
  }
}

/** Empty for a round played before there were receipts. */
function receiptOf(run: Run, event: EventOf<'round-closed'>, federation: string): Uint8Array[] {
  if (event.receipt.length === 0) return []
  const signed = formOf(run, event)
  const { receipt } = signed
  const differences = [
    ['federation', receipt.federation, federation],
    ['run', receipt.run, run.runId],
    ['job digest', receipt.jobDigest, toHex(run.jobDigest)],
    ['round', String(receipt.round), String(event.round)],
  ].flatMap(([what, found, expected]) => (found === expected ? [] : [`${what} ${found}, expected ${expected}`]))
  if (differences.length === 0) return [encodeLeaf({ kind: 'receipt', ...signed })]
  throw refused(run, event, differences.join('; '))
}

function formOf(run: Run, event: EventOf<'round-closed'>): SignedReceipt {
  try {
    return parseSignedReceipt(event.receipt)
  } catch (cause) {
    if (cause instanceof ReceiptError) throw refused(run, event, cause.message, cause)
    throw cause
  }
}

const refused = (run: Run, { round }: EventOf<'round-closed'>, text: string, cause?: unknown) =>
  new CoordinatorError('RUN_RECEIPT_REFUSED', `the receipt of run ${run.runId} round ${round}: ${text}`, { cause })
