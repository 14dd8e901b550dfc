/**
 * What makes a party leave a run for good: a receipt, a task or a ledger that cannot be what an honest aggregator or
 * coordinator shows. It is not tried again, as errors of connections are; the bytes that show it are kept.
 */
import type { CodedError } from '../../src/errors/index.ts'

export class Distrust extends Error {
  readonly error: CodedError
  /** What was refused first, then what it contradicts. */
  readonly evidence: readonly Uint8Array[]

  constructor(error: CodedError, evidence: readonly (Uint8Array | undefined)[] = []) {
    super(error.message, { cause: error })
    this.error = error
    this.evidence = evidence.filter((each) => each !== undefined)
  }
}
