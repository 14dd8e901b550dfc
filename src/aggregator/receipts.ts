/**
 * The receipts of one run: each is made from a round's result and names the one before it. A receipt is sealed first,
 * becomes durable with the round's commit, and only then counts (`add`): a round that is not committed leaves no trace
 * here, so that its place in the chain can be taken by another try.
 */
import { toHex } from '../crypto/index.ts'
import { parseReceipt, type Receipt, sealAndHash } from '../ledger/index.ts'

/** What is the same in every receipt of a run while one aggregator plays it. */
export type ReceiptFrame = Pick<Receipt, 'federation' | 'run' | 'jobDigest' | 'policyDigest' | 'epoch'>

/** Digests of states and models are 32 bytes. */
export interface ReceiptRound extends Pick<Receipt, 'round' | 'clip' | 'noise' | 'privacySpent'> {
  /** In any order; no party twice. */
  readonly updates: readonly {
    readonly party: string
    /** Hex. */
    readonly digest: string
    readonly rows: number
    /** The round whose model it answered. */
    readonly base: number
  }[]
  readonly modelBefore: Uint8Array
  readonly modelAfter: Uint8Array
  readonly stateAfter: Uint8Array
}

export interface SealedReceipt {
  readonly sealed: Uint8Array
  /** What the next one names. */
  readonly hash: string
}

export class Receipts {
  readonly #frame: ReceiptFrame
  readonly #sign: (message: Uint8Array) => Uint8Array
  #last: string | null

  /**
   * @param sign by the receipt key of the frame's epoch
   * @param last receipt of an earlier epoch. Throws ReceiptError RECEIPT_MALFORMED if it is none
   */
  constructor(frame: ReceiptFrame, sign: (message: Uint8Array) => Uint8Array, last?: Uint8Array) {
    this.#frame = frame
    this.#sign = sign
    this.#last = last === undefined ? null : parseReceipt(last).hash
  }

  /** Changes nothing. Throws ReceiptError RECEIPT_MALFORMED for what no round can have. */
  seal({ updates, modelBefore, modelAfter, stateAfter, ...round }: ReceiptRound): SealedReceipt {
    const receipt: Receipt = {
      ...this.#frame,
      ...round,
      updates: updates
        .map(({ party, digest, rows, base }) => ({ party, digest, weight: rows, base }))
        .sort((a, b) => (a.party < b.party ? -1 : 1)),
      modelBefore: toHex(modelBefore),
      modelAfter: toHex(modelAfter),
      stateAfter: toHex(stateAfter),
      previous: this.#last,
    }
    return sealAndHash(receipt, this.#sign)
  }

  /** That the round of this receipt is committed: the next one continues it. */
  add({ hash }: SealedReceipt): void {
    this.#last = hash
  }
}
