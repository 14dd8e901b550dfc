/** Small logs for tests: the state after every leaf, and every complete node, as a store would keep them. */
import {
  appendLeaves,
  consistencyRanges,
  emptyTree,
  inclusionRanges,
  leafHash,
  type NodeReader,
  proofOf,
  type TreeHead,
  treeRoot,
} from '../../src/ledger/index.ts'

interface Log {
  /** heads[n] is that of the first n leaves. */
  readonly heads: readonly TreeHead[]
  readonly hashes: readonly Uint8Array[]
  readonly read: NodeReader
  inclusion(index: number, size: number): Uint8Array[]
  consistency(first: number, second: number): Uint8Array[]
}

export function buildLog(leaves: readonly Uint8Array[]): Log {
  const hashes = leaves.map(leafHash)
  const nodes = new Map<string, Uint8Array>()
  let state = emptyTree
  const heads: TreeHead[] = [{ size: 0, root: treeRoot(state) }]
  for (const hash of hashes) {
    const appended = appendLeaves(state, [hash])
    state = appended.state
    for (const node of appended.nodes) nodes.set(`${node.level}/${node.index}`, node.hash)
    heads.push({ size: state.size, root: treeRoot(state) })
  }
  const read: NodeReader = ({ level, index }) => nodes.get(`${level}/${index}`)
  return {
    heads,
    hashes,
    read,
    inclusion: (index, size) => proofOf(inclusionRanges(index, size), read),
    consistency: (first, second) => proofOf(consistencyRanges(first, second), read),
  }
}

export const numbered = (count: number, label = 'leaf'): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => new TextEncoder().encode(`${label} ${at}`))

/** The head of the first `size` leaves; an error where the log is shorter. */
export function headOf(log: Log, size: number): TreeHead {
  const head = log.heads[size]
  if (head === undefined) throw new Error(`the log has no ${size} leaves`)
  return head
}

export function hashOf(log: Log, index: number): Uint8Array {
  const hash = log.hashes[index]
  if (hash === undefined) throw new Error(`the log has no leaf ${index}`)
  return hash
}

/** Another value of the same length: one bit is changed. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  const at = Math.floor(bit / 8) % bytes.length
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8))
  return copy
}
