/**
 * Which starts of the aggregator this party attested since its own start, by what their accepted statements say: the
 * epoch and the key that signs its receipts. A connection is made and made again beneath a run; this is how the run gets
 * to know whose receipts to expect.
 */
import type { SessionContext } from '../../src/attestation/index.ts'

export type AttestedEpoch = Pick<SessionContext, 'epoch' | 'receiptKey' | 'policyDigest'>

export interface Attested {
  /** undefined for an epoch that this party never attested. */
  get(epoch: string): AttestedEpoch | undefined
  /** Of the newest connection that was accepted. */
  readonly newest: AttestedEpoch | undefined
}

/** Restarts of an aggregator within the life of one agent; older ones are kept with the runs that they served. */
const KEPT_EPOCHS = 1_024

export class AttestedEpochs implements Attested {
  readonly #epochs = new Map<string, AttestedEpoch>()
  #newest: AttestedEpoch | undefined

  get(epoch: string): AttestedEpoch | undefined {
    return this.#epochs.get(epoch)
  }

  get newest(): AttestedEpoch | undefined {
    return this.#newest
  }

  accept({ epoch, receiptKey, policyDigest }: SessionContext): void {
    this.#newest = { epoch, receiptKey, policyDigest }
    this.#epochs.delete(epoch)
    this.#epochs.set(epoch, this.#newest)
    const [oldest] = this.#epochs.keys()
    if (this.#epochs.size > KEPT_EPOCHS && oldest !== undefined) this.#epochs.delete(oldest)
  }
}
