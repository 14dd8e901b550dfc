/**
 * That the receipts of a model are in the coordinator's log: in the tree of one signed checkpoint, and, where a party's
 * witness directory is at hand, of the log that this party saw.
 */
import {
  type AuditedNote,
  type AuditedProof,
  auditCheckpoints,
  claimedLogKey,
  encodeLeaf,
  leafHash,
  LedgerError,
  logOrigin,
  type NoteVerifier,
  type OpenedCheckpoint,
  openCheckpoint,
  parseSignedReceipt,
  ReceiptError,
  verifyInclusion,
  verifierKey,
} from '../../ledger/index.ts'
import type { Lineage } from './lineage.ts'
import type { Step } from './verify.ts'

/** What witnesses kept; without them a checkpoint shows only that somebody has such a log. */
export interface LogTrust {
  readonly key?: NoteVerifier
  readonly notes: readonly AuditedNote[]
  readonly proofs: readonly AuditedProof[]
}

const step = (outcome: Step['outcome'], text: string, codes: readonly string[] = []): Step => ({
  check: 'ledger',
  outcome,
  text,
  codes,
})

export function verifyLog(lineage: Lineage, trust: { readonly federation: string; readonly log: LogTrust }): Step[] {
  const { federation, log } = trust
  if (lineage.receipts.length === 0) return [step('not shown', 'there are no receipts to look for in the log')]
  try {
    const key = log.key ?? claimedLogKey(lineage.checkpoint)
    const origin = logOrigin(federation)
    const checkpoint = openCheckpoint(lineage.checkpoint, { origin, log: key, witnesses: [], threshold: 0 })
    verifyInclusions(lineage, checkpoint)
    const count = lineage.receipts.length
    const included = step('verified', `all ${count} receipts are in the log ${origin} of ${checkpoint.size} leaves`)
    return [included, ...(log.key === undefined ? [unpinned(key)] : compare(lineage, origin, key, log))]
  } catch (error) {
    if (error instanceof LedgerError) return [step('refused', error.message, [error.code])]
    if (error instanceof ReceiptError) return [step('refused', error.message, [error.code])]
    throw error
  }
}

const unpinned = (key: NoteVerifier): Step =>
  step('not shown', `whose log that is: the checkpoint itself names the key ${verifierKey(key)}; give --from DIR`)

/** Throws LedgerError LEDGER_NOT_INCLUDED and as verifyInclusion does. */
function verifyInclusions({ receipts, inclusions }: Lineage, checkpoint: OpenedCheckpoint): void {
  for (const [at, sealed] of receipts.entries()) {
    const proof = inclusions[at]
    if (proof === undefined) throw new LedgerError('LEDGER_NOT_INCLUDED', `receipt ${at} has no proof beside it`)
    const leaf = leafHash(encodeLeaf({ kind: 'receipt', ...parseSignedReceipt(sealed) }))
    verifyInclusion(leaf, proof.index, checkpoint, proof.path)
  }
}

function compare({ checkpoint }: Lineage, origin: string, key: NoteVerifier, log: LogTrust): Step[] {
  const notes = [{ from: 'lineage/checkpoint', note: checkpoint }, ...log.notes]
  const { findings, groups } = auditCheckpoints({ origin, key }, notes, log.proofs)
  if (findings.length > 0) return findings.map(({ code, text }) => step('refused', text, [code]))
  if (groups.length < 2) return [step('verified', 'the log is the one that the witness saw')]
  const text = 'no proof leads from this checkpoint to what the witness saw: coffer ledger verify can ask for it'
  return [step('not shown', text)]
}
