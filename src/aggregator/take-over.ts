/**
 * What an epoch takes over of a run from those before it: the history from the log, the receipts, and the state of the
 * last committed round. The files are opened with a key that every party of the run has, so a party and the host together
 * can write them anew. What they cannot write is a receipt: the state has to be the one that the newest receipt names, and
 * the parties hold that receipt.
 */
import { sha256, toHex } from '../crypto/index.ts'
import { parseReceipt } from '../ledger/index.ts'
import { type GrowingHistory, parseRecord } from '../round/index.ts'
import type { Journal, RunStates } from './durable/index.ts'
import { AggregatorError } from './errors.ts'
import { createHistory, type ReceiptShelf } from './receipt-shelf.ts'

export interface TakenOver {
  readonly history: GrowingHistory
  readonly shelf: ReceiptShelf
  /** Undefined before the first commit. */
  readonly restore: Uint8Array | undefined
  readonly journal: Journal
}

/** Throws AGGREGATION_RUN_KEY, AGGREGATION_STATE_*, ROUND_LOG_INVALID. */
export async function takeOver(states: RunStates, runId: string, runKey: Uint8Array): Promise<TakenOver> {
  const { records, round, state, journal } = await states.unlock(runId, runKey)
  const { history, shelf } = createHistory()
  try {
    for (const record of records) history.apply(parseRecord(record))
    const restore = round === undefined ? undefined : await state(round)
    const found = restore && toHex(sha256(restore))
    const signed = shelf.last && parseReceipt(shelf.last).receipt.stateAfter
    if (found === history.stateDigest && found === signed) return { history, shelf, restore, journal }
    const names = `its log names ${history.stateDigest}, its receipt ${signed}`
    throw new AggregatorError(
      'AGGREGATION_STATE_DAMAGED',
      `the state of run ${runId} after round ${round} has digest ${found}; ${names}`,
    )
  } catch (error) {
    shelf[Symbol.dispose]()
    await journal.close()
    throw error
  }
}
