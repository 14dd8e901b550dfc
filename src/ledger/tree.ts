/**
 * The tree from the side of who keeps the log. Appending needs the roots of the complete subtrees only, at most 53
 * hashes for a log of any length; each append also says which nodes became complete, for the store to keep.
 *
 * A node stands at (level, index): level 0 are the leaves, and a node covers the 2^level leaves from index x 2^level.
 * Only complete nodes are kept, because they never change.
 */
import { LedgerError } from './errors.ts'
import { emptyRoot, HASH_BYTES, nodeHash, requireWhole } from './merkle.ts'

export interface TreeNode {
  readonly level: number
  readonly index: number
}

/** All that appending needs: an immutable value, to be stored beside the log. */
export interface TreeState {
  readonly size: number
  /** Roots of the complete subtrees that the tree consists of, the largest and oldest first; 32 bytes each. */
  readonly peaks: readonly Uint8Array[]
}

export interface Appended {
  readonly state: TreeState
  /** Nodes that are complete now, leaves included, in the order in which they became so. */
  readonly nodes: readonly (TreeNode & { readonly hash: Uint8Array })[]
}

export const emptyTree: TreeState = { size: 0, peaks: [] }

/** From storage. Throws LedgerError LEDGER_SIZE or LEDGER_STATE_INVALID. */
export function readTreeState(size: number, peaks: readonly Uint8Array[]): TreeState {
  requireWhole('tree size', size, 0)
  let expected = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) expected += rest % 2
  if (peaks.length !== expected || peaks.some(({ length }) => length !== HASH_BYTES)) {
    const text = `a tree of ${size} leaves with ${peaks.length} stored hashes, expected ${expected} of ${HASH_BYTES} bytes`
    throw new LedgerError('LEDGER_STATE_INVALID', text)
  }
  return { size, peaks: [...peaks] }
}

/** @param leaves leaf hashes, 32 bytes each. Throws LedgerError LEDGER_SIZE or LEDGER_STATE_INVALID. */
export function appendLeaves(state: TreeState, leaves: readonly Uint8Array[]): Appended {
  requireWhole('tree size', state.size + leaves.length, state.size)
  const peaks = [...state.peaks]
  const nodes: Appended['nodes'][number][] = []
  for (const [at, leaf] of leaves.entries()) {
    let node = { level: 0, index: state.size + at, hash: requireHash(leaf, 'leaf') }
    nodes.push(node)
    // The node is a right child exactly when its index is odd, and then its sibling is the last peak.
    for (; node.index % 2 === 1; nodes.push(node)) {
      const sibling = requireHash(peaks.pop(), 'peak')
      node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(sibling, node.hash) }
    }
    peaks.push(node.hash)
  }
  return { state: { size: state.size + leaves.length, peaks }, nodes }
}

/** The root hash, 32 bytes (RFC 9162, section 2.1.1). */
export function treeRoot({ peaks }: TreeState): Uint8Array {
  return peaks.length === 0 ? emptyRoot() : foldPeaks(peaks)
}

/** The hash over complete subtrees that stand side by side, the largest first. */
export function foldPeaks(peaks: readonly Uint8Array[]): Uint8Array {
  return peaks.reduceRight((right, left) => nodeHash(left, right))
}

export function requireHash(hash: Uint8Array | undefined, what: string): Uint8Array {
  if (hash?.length === HASH_BYTES) return hash
  const found = hash === undefined ? 'is missing' : `has ${hash.length} bytes, expected ${HASH_BYTES}`
  throw new LedgerError('LEDGER_STATE_INVALID', `a stored hash (${what}) ${found}`)
}
