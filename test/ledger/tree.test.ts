import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { sha256, toHex } from '../../src/crypto/index.ts'
import {
  type Appended,
  appendLeaves,
  consistencyRanges,
  emptyTree,
  inclusionRanges,
  leafHash,
  nodeHash,
  nodesOfLeaves,
  proofOf,
  rangeNodes,
  readTreeState,
  treeRoot,
  type TreeState,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/index.ts'
import { buildLog, hashOf, headOf, numbered } from './logs.ts'
import { ledgerRefusal } from './refusals.ts'

/** MTH of RFC 9162, section 2.1.1, as it is written there. */
function merkleTreeHash(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes
  if (only === undefined) return sha256()
  if (hashes.length === 1) return only
  let k = 1
  while (2 * k < hashes.length) k *= 2
  return nodeHash(merkleTreeHash(hashes.slice(0, k)), merkleTreeHash(hashes.slice(k)))
}

const log = buildLog(numbered(70))

test('appending gives the tree hash of RFC 9162, whatever the batches', () => {
  const hex = ({ state, nodes }: Appended) => ({
    size: state.size,
    peaks: state.peaks.map(toHex),
    nodes: nodes.map(({ level, index, hash }) => `${level}/${index} ${toHex(hash)}`),
  })
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 4 }), (batches) => {
      const hashes = numbered(batches.reduce((sum, size) => sum + size, 0)).map(leafHash)
      const inBatches = batches.reduce<Appended>(
        ({ state, nodes }, size) => {
          const next = appendLeaves(state, hashes.slice(state.size, state.size + size))
          return { state: next.state, nodes: [...nodes, ...next.nodes] }
        },
        { state: emptyTree, nodes: [] },
      )
      const { state } = inBatches
      expect(toHex(treeRoot(state))).toBe(toHex(merkleTreeHash(hashes)))
      expect(hex(inBatches)).toEqual(hex(appendLeaves(emptyTree, hashes)))
      expect(readTreeState(state.size, state.peaks)).toEqual(state)
    }),
  )
})

test('a state is a value: appending leaves the one before as it was', () => {
  const before = appendLeaves(emptyTree, log.hashes.slice(0, 3)).state
  appendLeaves(before, log.hashes.slice(3))
  expect(treeRoot(before)).toEqual(headOf(log, 3).root)
  expect(emptyTree).toEqual({ size: 0, peaks: [] })
})

test('every node is told once, when it becomes complete', () => {
  const { nodes } = appendLeaves(emptyTree, log.hashes)
  const complete = [0, 1, 2, 3, 4, 5, 6].flatMap((level) =>
    Array.from({ length: Math.floor(70 / 2 ** level) }, (_, index) => `${level}/${index}`),
  )
  expect(nodes.map(({ level, index }) => `${level}/${index}`).sort()).toEqual(complete.sort())
  const read = nodesOfLeaves((index) => log.hashes[index])
  for (const node of nodes) expect(read(node)).toEqual(node.hash)
})

test('proofs from stored nodes and from leaf hashes alone are the same', () => {
  const read = nodesOfLeaves((index) => log.hashes[index])
  for (let size = 1; size <= 70; size += 1) {
    const at = 37 % size
    expect(proofOf(inclusionRanges(at, size), read)).toEqual(log.inclusion(at, size))
    expect(proofOf(consistencyRanges(at, size), read)).toEqual(log.consistency(at, size))
  }
})

describe('a log of 2^52 + 5 leaves', () => {
  // Every leaf is the same, so a complete node is known by its level alone.
  const leaf = leafHash(Uint8Array.of(1))
  const levels = [leaf]
  for (let level = 1; level <= 52; level += 1)
    levels.push(nodeHash(levels[level - 1] ?? leaf, levels[level - 1] ?? leaf))
  const size = 2 ** 52 + 5
  const peaksOf = (count: number): TreeState => {
    const peaks = rangeNodes({ start: 0, end: count }).map(({ level }) => levels[level] ?? leaf)
    return readTreeState(count, peaks)
  }
  const read = ({ level }: { level: number }) => levels[level]

  it('is appended to, and proved with few hashes', () => {
    const state = peaksOf(size)
    const grown = appendLeaves(state, [leaf, leaf, leaf]).state
    expect(grown.peaks.length).toBe(2)
    expect(treeRoot(grown)).toEqual(treeRoot(peaksOf(size + 3)))
    for (const index of [0, 2 ** 40 + 3, 2 ** 52 - 1, 2 ** 52, size - 1]) {
      const proof = proofOf(inclusionRanges(index, size), read)
      expect(proof.length).toBeLessThanOrEqual(53)
      verifyInclusion(leaf, index, { size, root: treeRoot(state) }, proof)
    }
    for (const first of [1, 2 ** 40 - 1, 2 ** 52 - 1, 2 ** 52, size - 1]) {
      const ranges = consistencyRanges(first, size)
      expect(ranges.flatMap(rangeNodes).length).toBeLessThan(60)
      const old = { size: first, root: treeRoot(peaksOf(first)) }
      verifyConsistency(old, { size, root: treeRoot(state) }, proofOf(ranges, read))
    }
  })
})

describe('storage that is not what it was', () => {
  const { state } = appendLeaves(emptyTree, log.hashes.slice(0, 7))

  it.each<[string, () => unknown]>([
    ['peaks of another size', () => readTreeState(8, state.peaks)],
    ['a peak too few', () => readTreeState(7, state.peaks.slice(1))],
    [
      'a short peak',
      () =>
        readTreeState(
          7,
          state.peaks.map((each) => each.subarray(1)),
        ),
    ],
    ['a peak that is gone', () => appendLeaves({ size: 7, peaks: [] }, [hashOf(log, 7)])],
    ['a leaf that is no hash', () => appendLeaves(state, [Uint8Array.of(1)])],
    ['a node that is gone', () => proofOf(inclusionRanges(0, 8), () => undefined)],
    ['a short node', () => proofOf(consistencyRanges(3, 8), () => new Uint8Array(20))],
    [
      'a leaf that is gone',
      () =>
        proofOf(
          inclusionRanges(0, 8),
          nodesOfLeaves(() => undefined),
        ),
    ],
  ])('is refused: %s', (_, run) => {
    ledgerRefusal(run, 'LEDGER_STATE_INVALID')
  })

  it.each<[string, () => unknown]>([
    ['negative size', () => readTreeState(-1, [])],
    ['no whole number', () => readTreeState(1.5, [])],
    ['beyond 2^53', () => appendLeaves({ size: Number.MAX_SAFE_INTEGER, peaks: [] }, [hashOf(log, 0)])],
    ['a proof outside of the tree', () => inclusionRanges(8, 8)],
    ['growth backwards', () => consistencyRanges(9, 8)],
  ])('sizes: %s', (_, run) => {
    ledgerRefusal(run, 'LEDGER_SIZE')
  })
})
