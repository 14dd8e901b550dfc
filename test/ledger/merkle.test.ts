import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { sha256 } from '../../src/crypto/index.ts'
import { emptyRoot, leafHash, nodeHash, verifyConsistency, verifyInclusion } from '../../src/ledger/index.ts'
import { buildLog, flipped, hashOf, headOf, numbered } from './logs.ts'
import { ledgerRefusal } from './refusals.ts'
import { consistencies, inclusions, leaves, noLeaves, roots } from './vectors.ts'

const published = buildLog(leaves)
const log = buildLog(numbered(40))
const otherLog = buildLog(numbered(40, 'other'))

/** Every way to break a proof that keeps its hashes at 32 bytes; all must be refused with `refuse`. */
function broken(proof: readonly Uint8Array[], bit: number): (readonly Uint8Array[])[] {
  const stranger = sha256(Uint8Array.of(bit % 256))
  const changed = proof.map((_, which) => proof.map((each, at) => (at === which ? flipped(each, bit) : each)))
  const dropped = proof.map((_, which) => proof.filter((_, at) => at !== which))
  const added = [0, ...proof.map((_, at) => at + 1)].map((at) => proof.toSpliced(at, 0, proof[0] ?? stranger))
  const swapped = proof.length > 1 ? [proof.toReversed()] : []
  return [...changed, ...dropped, ...added, ...swapped, [stranger, ...proof], [...proof, stranger]]
}

describe('published vectors', () => {
  it('has the roots of the reference tests', () => {
    expect(emptyRoot()).toEqual(noLeaves)
    expect(published.heads.slice(1).map(({ root }) => root)).toEqual(roots)
  })

  it.each(inclusions)('proves leaf %i of %i', (index, size, proof) => {
    expect(published.inclusion(index, size)).toEqual(proof)
    verifyInclusion(hashOf(published, index), index, headOf(published, size), proof)
  })

  it.each(consistencies)('proves that %i grew to %i', (first, second, proof) => {
    expect(published.consistency(first, second)).toEqual(proof)
    verifyConsistency(headOf(published, first), headOf(published, second), proof)
  })
})

test('a leaf is hashed with 0 before it and a node with 1, so that neither is taken for the other', () => {
  const [left, right] = [leafHash(Uint8Array.of(7)), leafHash(Uint8Array.of(8))]
  expect(left).toEqual(sha256(Uint8Array.of(0, 7)))
  expect(nodeHash(left, right)).toEqual(sha256(Uint8Array.of(1, ...left, ...right)))
  expect(nodeHash(left, right)).not.toEqual(leafHash(Uint8Array.of(...left, ...right)))
})

describe('inclusion', () => {
  it('is proved for every leaf of every tree, and for no other place in it', () => {
    for (let size = 1; size <= 20; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = log.inclusion(index, size)
        expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
        verifyInclusion(hashOf(log, index), index, headOf(log, size), proof)
        for (let other = 0; other < size; other += 1) {
          if (other === index) continue
          const moved = () => verifyInclusion(hashOf(log, index), other, headOf(log, size), proof)
          ledgerRefusal(moved, 'LEDGER_NOT_INCLUDED')
        }
      }
    }
  })

  it('is refused for anything that was changed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(39), fc.nat(255), fc.nat(39), (size, at, bit, other) => {
        const index = at % size
        const head = headOf(log, size)
        const leaf = hashOf(log, index)
        const proof = log.inclusion(index, size)
        const refuse = (run: () => void) => ledgerRefusal(run, 'LEDGER_NOT_INCLUDED')
        for (const each of broken(proof, bit)) refuse(() => verifyInclusion(leaf, index, head, each))
        refuse(() => verifyInclusion(flipped(leaf, bit), index, head, proof))
        refuse(() => verifyInclusion(leaf, index, { size, root: flipped(head.root, bit) }, proof))
        refuse(() => verifyInclusion(leaf, index, headOf(otherLog, size), proof))
        const otherSize = index + 1 + (other % (40 - index))
        if (otherSize !== size) refuse(() => verifyInclusion(leaf, index, headOf(log, otherSize), proof))
      }),
    )
  })

  it('is refused where the size alone is changed to one whose paths have another shape', () => {
    const [leaf, proof, { root }] = [hashOf(log, 1), log.inclusion(1, 8), headOf(log, 8)]
    for (const size of [2, 3, 4, 9, 16, 2 ** 40]) {
      ledgerRefusal(() => verifyInclusion(leaf, 1, { size, root }, proof), 'LEDGER_NOT_INCLUDED')
    }
  })

  it('is refused where a path goes on above the root of the size', () => {
    // Leaf 5 of 8 turns right and left on the way, as leaf 1 of 4 does; the third step is one too many.
    const proof = log.inclusion(5, 8)
    const { root } = headOf(log, 8)
    ledgerRefusal(() => verifyInclusion(hashOf(log, 5), 1, { size: 4, root }, proof), 'LEDGER_NOT_INCLUDED')
  })

  it('is not asked for outside of the tree', () => {
    const { root } = headOf(log, 8)
    for (const [index, size] of [
      [8, 8],
      [-1, 8],
      [0.5, 8],
      [Number.NaN, 8],
      [0, 0],
      [0, 2 ** 53],
      [0, Number.NaN],
    ] as const) {
      ledgerRefusal(() => verifyInclusion(hashOf(log, 0), index, { size, root }, []), 'LEDGER_SIZE')
    }
  })
})

describe('consistency', () => {
  it('is proved for every growth', () => {
    for (let second = 0; second <= 40; second += 1) {
      for (let first = 0; first <= second; first += 1) {
        verifyConsistency(headOf(log, first), headOf(log, second), log.consistency(first, second))
      }
    }
  })

  it('is refused for anything that was changed', () => {
    const sizes = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), fc.nat(255), fc.nat(40))
    fc.assert(
      fc.property(sizes, ([a, b, bit, other]) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)]
        const [old, young] = [headOf(log, first), headOf(log, second)]
        const proof = log.consistency(first, second)
        const refuse = (run: () => void) => ledgerRefusal(run, 'LEDGER_INCONSISTENT')
        for (const each of broken(proof, bit)) refuse(() => verifyConsistency(old, young, each))
        refuse(() => verifyConsistency({ size: first, root: flipped(old.root, bit) }, young, proof))
        // The empty tree says nothing about the larger one: only its own root can be wrong.
        if (first === 0) return
        refuse(() => verifyConsistency(old, { size: second, root: flipped(young.root, bit) }, proof))
        refuse(() => verifyConsistency(headOf(otherLog, first), young, proof))
        refuse(() => verifyConsistency(old, headOf(otherLog, second), proof))
        if (other > 0 && other <= second && other !== first) {
          refuse(() => verifyConsistency(headOf(log, other), young, proof))
        }
        if (other >= first && other !== second) refuse(() => verifyConsistency(old, headOf(log, other), proof))
      }),
    )
  })

  it('is refused with an empty proof between two sizes, and with any proof where none is needed', () => {
    const [three, seven] = [headOf(log, 3), headOf(log, 7)]
    ledgerRefusal(() => verifyConsistency(three, seven, []), 'LEDGER_INCONSISTENT')
    ledgerRefusal(() => verifyConsistency(headOf(log, 4), seven, []), 'LEDGER_INCONSISTENT')
    ledgerRefusal(() => verifyConsistency(seven, seven, [seven.root]), 'LEDGER_INCONSISTENT')
    ledgerRefusal(() => verifyConsistency(headOf(log, 0), seven, [seven.root]), 'LEDGER_INCONSISTENT')
    const notEmpty = { size: 0, root: seven.root }
    ledgerRefusal(() => verifyConsistency(notEmpty, notEmpty, []), 'LEDGER_INCONSISTENT')
  })

  it('is refused where the path ends above or below the root of the size', () => {
    const [seven, eight, proof] = [headOf(log, 7), headOf(log, 8), log.consistency(7, 8)]
    const refuse = (first: number, second: number) => {
      const run = () => verifyConsistency({ ...seven, size: first }, { ...eight, size: second }, proof)
      ledgerRefusal(run, 'LEDGER_INCONSISTENT')
    }
    refuse(3, 4)
    refuse(7, 16)
  })

  it('is refused for no leaves under a root', () => {
    const wrong = { size: 0, root: headOf(log, 1).root }
    ledgerRefusal(() => verifyConsistency(headOf(log, 0), wrong, []), 'LEDGER_INCONSISTENT')
  })

  it('is only asked for from smaller to larger', () => {
    ledgerRefusal(() => verifyConsistency(headOf(log, 7), headOf(log, 3), []), 'LEDGER_SIZE')
    ledgerRefusal(() => verifyConsistency({ ...headOf(log, 7), size: 0.5 }, headOf(log, 8), []), 'LEDGER_SIZE')
  })
})

test('hashes of another length and endless proofs are refused before any work', () => {
  const [leaf, head] = [hashOf(log, 0), headOf(log, 8)]
  const proof = log.inclusion(0, 8)
  for (const run of [
    () => verifyInclusion(leaf, 0, head, [...proof.slice(1), new Uint8Array(31)]),
    () => verifyInclusion(leaf, 0, head, [...proof.slice(1), new Uint8Array(64)]),
    () => verifyInclusion(leaf.subarray(1), 0, head, proof),
    () => verifyInclusion(leaf, 0, { size: 8, root: new Uint8Array(0) }, proof),
    () => verifyInclusion(leaf, 0, head, new Array<Uint8Array>(100_000).fill(leaf)),
    () => verifyConsistency(headOf(log, 3), head, [new Uint8Array(33)]),
    () => verifyConsistency({ size: 3, root: new Uint8Array(0) }, head, log.consistency(3, 8)),
    () => verifyConsistency(headOf(log, 3), head, new Array<Uint8Array>(55).fill(leaf)),
  ]) {
    ledgerRefusal(run, 'LEDGER_PROOF_MALFORMED')
  }
})
