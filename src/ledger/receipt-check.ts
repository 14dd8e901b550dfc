/**
 * Whether a genuine receipt is the one that a party has a right to expect, and whether the receipts of a run are one
 * unbroken chain. The parties are the witnesses of the aggregator: each knows what it sent, what it was given and the
 * last receipt. Every difference is reported, with a code each.
 */
import { ReceiptError, type ReceiptRefusal } from './errors.ts'
import { type ParsedReceipt, parseReceipt, type Receipt, type ReceiptUpdate, requireSigned } from './receipt.ts'

/** What a party knows of a round without the receipt. */
export interface ReceiptExpectation {
  readonly federation: string
  readonly run: string
  readonly jobDigest: string
  readonly policyDigest: string
  /** Of the session in which the update was sent. */
  readonly epoch: string
  readonly round: number
  readonly party: string
  /** What the party sent and the aggregator took; null where it sent nothing in this round. */
  readonly update: Omit<ReceiptUpdate, 'party'> | null
  /** Whom the approved job names. */
  readonly parties: readonly string[]
  readonly minimumParties: number
  /** Digest of the model that the party was given. */
  readonly modelBefore: string
  /** `receiptHash` of the receipt before; null for the first of the run. */
  readonly previous: string | null
}

/** Throws ReceiptError with every reason. @param receipt as openReceipt returned it */
export function checkReceipt(receipt: Receipt, expected: ReceiptExpectation): void {
  refuse([
    ...judgeFrame(receipt, expected),
    ...differs('RECEIPT_EPOCH', 'epoch', receipt.epoch, expected.epoch),
    ...judgeContinuation(receipt, expected),
    ...judgeOwnUpdate(receipt, expected),
    ...judgeCount(receipt, expected),
  ])
}

/**
 * The receipts of a run from its first, in order; each signed by the receipt key of its epoch. A restarted aggregator is
 * a new epoch with a new key, and an epoch that is over never comes back.
 * Throws ReceiptError with every reason for the first receipt that does not fit.
 * @param receiptKeys epoch -> SubjectPublicKeyInfo (DER) in hexadecimal, from the attestation records
 */
export function verifyChain(sealed: readonly Uint8Array[], receiptKeys: ReadonlyMap<string, string>): Receipt[] {
  if (sealed.length === 0) refuse([{ code: 'RECEIPT_CHAIN_EMPTY', text: 'there is no receipt' }])
  const chain: Receipt[] = []
  const ended = new Set<string>()
  let before: ParsedReceipt | undefined
  for (const bytes of sealed) {
    const parsed = openOfEpoch(bytes, receiptKeys)
    const { receipt } = parsed
    if (before !== undefined && before.receipt.epoch !== receipt.epoch) ended.add(before.receipt.epoch)
    const text = `round ${receipt.round}: epoch ${receipt.epoch} was over already`
    refuse([
      ...(ended.has(receipt.epoch) ? [{ code: 'RECEIPT_EPOCH' as const, text }] : []),
      ...(before === undefined ? judgeFirst(receipt) : judgeNext(receipt, before)),
    ])
    chain.push(receipt)
    before = parsed
  }
  return chain
}

function openOfEpoch(bytes: Uint8Array, receiptKeys: ReadonlyMap<string, string>): ParsedReceipt {
  const parsed = parseReceipt(bytes)
  const { epoch, round } = parsed.receipt
  const key = receiptKeys.get(epoch)
  if (key === undefined) {
    const text = `round ${round}: no receipt key is known of epoch ${epoch}`
    throw new ReceiptError([{ code: 'RECEIPT_EPOCH', text }])
  }
  requireSigned(parsed, key)
  return parsed
}

/** A run begins with round 0, the statistics. */
const judgeFirst = ({ previous, round }: Receipt): ReceiptRefusal[] => [
  ...differs('RECEIPT_ROUND', 'round of the first receipt', round, 0),
  ...differs('RECEIPT_PREVIOUS', 'receipt before the first', previous ?? 'none', 'none'),
]

function judgeNext(receipt: Receipt, before: ParsedReceipt): ReceiptRefusal[] {
  const { modelAfter: modelBefore, round } = before.receipt
  const next = { round: round + 1, modelBefore, previous: before.hash }
  return [...judgeFrame(receipt, before.receipt), ...judgeContinuation(receipt, next)]
}

type Frame = Pick<Receipt, 'federation' | 'run' | 'jobDigest' | 'policyDigest'>

const judgeFrame = (receipt: Frame, expected: Frame): ReceiptRefusal[] => [
  ...differs('RECEIPT_FEDERATION', 'federation', receipt.federation, expected.federation),
  ...differs('RECEIPT_RUN', 'run', receipt.run, expected.run),
  ...differs('RECEIPT_JOB', 'job digest', receipt.jobDigest, expected.jobDigest),
  ...differs('RECEIPT_POLICY', 'policy digest', receipt.policyDigest, expected.policyDigest),
]

type Place = Pick<Receipt, 'round' | 'modelBefore' | 'previous'>

const judgeContinuation = (receipt: Place, expected: Place): ReceiptRefusal[] => [
  ...differs('RECEIPT_ROUND', 'round', receipt.round, expected.round),
  ...differs('RECEIPT_PREVIOUS', 'receipt before', receipt.previous ?? 'none', expected.previous ?? 'none'),
  ...differs('RECEIPT_MODEL', 'model before', receipt.modelBefore, expected.modelBefore),
]

function judgeOwnUpdate({ updates }: Receipt, { party, update }: ReceiptExpectation): ReceiptRefusal[] {
  const found = updates.find((each) => each.party === party)
  if (update === null) {
    const text = `an update ${found?.digest} in the name of ${party}, which sent none`
    return found === undefined ? [] : [{ code: 'RECEIPT_UPDATE_FOREIGN', text }]
  }
  if (found === undefined) {
    return [{ code: 'RECEIPT_UPDATE_MISSING', text: `no update of ${party}, which sent ${update.digest}` }]
  }
  return [
    ...differs('RECEIPT_UPDATE_DIGEST', `update of ${party}`, found.digest, update.digest),
    ...differs('RECEIPT_UPDATE_WEIGHT', `weight of ${party}`, found.weight, update.weight),
    ...differs('RECEIPT_UPDATE_BASE', `round that the update of ${party} answers`, found.base, update.base),
  ]
}

/** Only parties of the job count: any other name could have been made up to reach the minimum. */
function judgeCount({ updates }: Receipt, { parties, minimumParties }: ReceiptExpectation): ReceiptRefusal[] {
  const names = new Set(updates.map(({ party }) => party))
  const named = new Set(parties)
  const strangers = [...names].filter((party) => !named.has(party))
  const count = names.size - strangers.length
  const reasons: ReceiptRefusal[] = []
  if (strangers.length > 0) {
    reasons.push({ code: 'RECEIPT_STRANGER', text: `updates of ${strangers.join(', ')}, whom the job does not name` })
  }
  if (count < minimumParties) {
    reasons.push({
      code: 'RECEIPT_TOO_FEW',
      text: `updates of ${count} parties of the job, expected ${minimumParties}`,
    })
  }
  return reasons
}

function differs(
  code: ReceiptRefusal['code'],
  what: string,
  found: string | number,
  expected: string | number,
): ReceiptRefusal[] {
  return found === expected ? [] : [{ code, text: `${what} is ${found}, expected ${expected}` }]
}

function refuse([first, ...more]: readonly ReceiptRefusal[]): void {
  if (first !== undefined) throw new ReceiptError([first, ...more])
}
