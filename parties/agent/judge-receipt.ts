/**
 * One receipt judged by what this party knows: the job that it accepted, the receipts before, the epochs that it
 * attested, and what it sent itself.
 *
 * A receipt of an epoch that this party never attested (it was away, or joined late) has a signature that it cannot check.
 * It counts as a link of the chain only: what vouches for it is the attested aggregator that continues from it.
 */
import {
  checkReceipt,
  type ParsedReceipt,
  parseReceipt,
  type Receipt,
  ReceiptError,
  requireSigned,
} from '../../src/ledger/index.ts'
import type { AttestedEpoch } from '../attestation/index.ts'
import type { Facts, KeptReceipts, UpdateFacts } from '../state/index.ts'

/** Fixed for a run. */
export interface RunTerms {
  readonly federation: string
  readonly run: string
  readonly jobDigest: string
  readonly party: string
  readonly parties: readonly string[]
  readonly minimumParties: number
  /** Digest of the parameters that the job starts from: they follow from its seed. */
  readonly initialModel: string
}

/** What this party holds of it by now: a RunState is one. */
export interface RunSoFar {
  readonly receipts: KeptReceipts
  readonly update: UpdateFacts | undefined
  readonly facts: Pick<Facts, 'accepted'>
}

/** Throws ReceiptError with every reason. */
export function judgeReceipt(
  sealed: Uint8Array,
  terms: RunTerms,
  soFar: RunSoFar,
  attested: (epoch: string) => AttestedEpoch | undefined,
): { readonly parsed: ParsedReceipt; readonly witnessed: boolean } {
  const parsed = parseReceipt(sealed)
  const { receipt } = parsed
  const epoch = attested(receipt.epoch)
  if (epoch !== undefined) requireSigned(parsed, epoch.receiptKey)
  const { count, last, endedEpochs } = soFar.receipts
  if (endedEpochs.has(receipt.epoch)) {
    const text = `round ${receipt.round}: epoch ${receipt.epoch} was over already`
    throw new ReceiptError([{ code: 'RECEIPT_EPOCH', text }])
  }
  checkReceipt(receipt, {
    ...terms,
    policyDigest: epoch?.policyDigest ?? last?.policyDigest ?? receipt.policyDigest,
    epoch: receipt.epoch,
    round: count,
    update: expectedUpdate(receipt, terms.party, soFar),
    modelBefore: last?.modelAfter ?? terms.initialModel,
    previous: last?.hash ?? null,
  })
  return { parsed, witnessed: epoch !== undefined }
}

/**
 * An update that was sent may be missing: it came too late, or the aggregator that took it died before the round was
 * committed. It may not be missing where the very epoch that signs said that it is in the sum of this round.
 */
function expectedUpdate(receipt: Receipt, party: string, { update, facts: { accepted } }: RunSoFar) {
  if (update === undefined) return null
  const own = { digest: update.digest, weight: update.rows, base: update.round }
  if (receipt.updates.some((each) => each.party === party)) return own
  const promised =
    accepted?.digest === update.digest && accepted.round === receipt.round && accepted.epoch === receipt.epoch
  return promised ? own : null
}
