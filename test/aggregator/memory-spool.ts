/** A spool without a file. */
import type { Spool } from '../../src/aggregator/engine/spool.ts'
import { ROBUST_BLOCK } from '../../src/learning/index.ts'

const BLOCK_BYTES = 4 * ROBUST_BLOCK

export function createMemorySpool(): Spool {
  const records: Uint8Array[] = []
  return {
    append: (record) => records.push(record.slice()) - 1,
    read: (record, block, into) =>
      into.set(records[record]?.subarray(block * BLOCK_BYTES, block * BLOCK_BYTES + into.length) ?? []),
    close: () => void records.splice(0),
  }
}
