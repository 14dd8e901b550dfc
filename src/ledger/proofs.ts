/**
 * Making the proofs that merkle.ts checks, out of the stored nodes of a log. A proof is a list of ranges of leaves, each
 * to be replaced by the hash over it, and each range is the union of a few complete nodes. So who keeps the log in a
 * database asks for the nodes of the ranges first, O(log n) of them or O(log^2 n) at worst, and makes the proof after.
 */
import { nodeHash, requireWhole } from './merkle.ts'
import { foldPeaks, requireHash, type TreeNode } from './tree.ts'

/** Leaves from `start` (included) to `end` (excluded). */
export interface LeafRange {
  readonly start: number
  readonly end: number
}

/** The hash of a complete node, 32 bytes; undefined where it is not stored. */
export type NodeReader = (node: TreeNode) => Uint8Array | undefined

/** PATH(index, D[size]) of RFC 9162, section 2.1.3.1, from the leaf upwards. Throws LedgerError LEDGER_SIZE. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  requireWhole('tree size', size, 1)
  requireWhole('leaf index', index, 0, size - 1)
  const path: LeafRange[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    if (index < middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
    }
  }
  return path.reverse()
}

/** PROOF(first, D[second]) of RFC 9162, section 2.1.4.1. Empty for first = 0 and first = second. Throws LEDGER_SIZE. */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  requireWhole('size of the larger tree', second, 0)
  requireWhole('size of the smaller tree', first, 0, second)
  if (first === 0) return []
  const path: LeafRange[] = []
  let [start, end] = [0, second]
  while (end !== first) {
    const middle = start + largestPowerBelow(end - start)
    if (first <= middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
    }
  }
  // Where the smaller tree is complete by itself, the checker has its hash already: it is the root.
  return [...(start === 0 ? [] : [{ start, end }]), ...path.reverse()]
}

/** The complete nodes that make up a range of a proof, from left to right. */
export function rangeNodes({ start, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = []
  for (let at = start; at < end; ) {
    let level = 0
    let width = 1
    while (at % (2 * width) === 0 && at + 2 * width <= end) {
      level += 1
      width *= 2
    }
    nodes.push({ level, index: at / width })
    at += width
  }
  return nodes
}

/** The proof that the ranges describe. Throws LedgerError LEDGER_STATE_INVALID where the reader lacks a node. */
export function proofOf(ranges: readonly LeafRange[], read: NodeReader): Uint8Array[] {
  const hash = (node: TreeNode) => requireHash(read(node), `level ${node.level}, index ${node.index}`)
  return ranges.map((range) => foldPeaks(rangeNodes(range).map(hash)))
}

/** Reads nodes of any level where only leaf hashes are stored; hashes 2^level leaves for a node. */
export function nodesOfLeaves(leaf: (index: number) => Uint8Array | undefined): NodeReader {
  const read = ({ level, index }: TreeNode): Uint8Array => {
    if (level === 0) return requireHash(leaf(index), `leaf ${index}`)
    const child = level - 1
    return nodeHash(read({ level: child, index: 2 * index }), read({ level: child, index: 2 * index + 1 }))
  }
  return read
}

/** k of RFC 9162: the largest power of two below `size`, which is at least 2. */
function largestPowerBelow(size: number): number {
  let power = 1
  while (2 * power < size) power *= 2
  return power
}
