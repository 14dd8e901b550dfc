/**
 * Updates that are too many for memory: a rule reads them by blocks of coordinates, as numbers in one unit and not
 * scaled by rows, so that each party has one vote. A claimed number of rows is what an attacker would raise.
 */

/** Coordinates read at once; of 1,024 updates they are 32 MiB. */
export const ROBUST_BLOCK = 4096

export interface UpdateBlocks {
  /** How many; in an order that does not depend on when they came. */
  readonly updates: number
  /** Coordinates of each. */
  readonly size: number
  /** Reads into.length values of one update from `from` on, a multiple of ROBUST_BLOCK. */
  read(update: number, from: number, into: Float64Array): void
}

/** All updates, one block after the other: block[u * length + i] is coordinate from + i of update u. */
export function eachBlock(blocks: UpdateBlocks, visit: (block: Float64Array, from: number, length: number) => void) {
  for (let from = 0; from < blocks.size; from += ROBUST_BLOCK) {
    const length = Math.min(ROBUST_BLOCK, blocks.size - from)
    const block = new Float64Array(blocks.updates * length)
    for (let update = 0; update < blocks.updates; update += 1) {
      blocks.read(update, from, block.subarray(update * length, (update + 1) * length))
    }
    visit(block, from, length)
  }
}
