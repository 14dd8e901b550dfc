/**
 * The Merkle tree of RFC 6962 and RFC 9162 with SHA-256, from the side of who checks: the log sends a proof, the checker
 * has a root hash that it trusts (from a checkpoint) and learns whether a leaf is in the tree, or whether a larger tree
 * is the smaller one continued. Proofs are hostile; roots and sizes come from signed checkpoints.
 *
 * A proof does not bind the size: paths of trees of different sizes can have one shape. The checkpoint, which signs size
 * and root together, does.
 */
import { equalBytes, sha256, toHex } from '../crypto/index.ts'
import { LedgerError } from './errors.ts'

export const HASH_BYTES = 32
/** A tree below 2^53 leaves has 53 levels; a consistency proof has one hash more at most. */
const MOST_HASHES = 54

/** What a checkpoint says of a tree: the number of leaves and the root hash, 32 bytes. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** Root of the tree without leaves: the hash of nothing (RFC 9162, section 2.1.1). */
export const emptyRoot = (): Uint8Array => sha256()

/** RFC 9162, section 2.1.1: a leaf can never be taken for a node, nor a node for a leaf. */
export const leafHash = (leaf: Uint8Array): Uint8Array => sha256(Uint8Array.of(0), leaf)
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), left, right)

/** Throws LedgerError LEDGER_SIZE. @param what `tree size`, `leaf index` */
export function requireWhole(what: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  throw new LedgerError('LEDGER_SIZE', `${what} ${value}: expected a whole number from ${least} to ${most}`)
}

/**
 * That the leaf with this hash stands at `index` of the tree. RFC 9162, section 2.1.3.2.
 * Throws LedgerError LEDGER_SIZE, LEDGER_PROOF_MALFORMED, LEDGER_NOT_INCLUDED.
 */
export function verifyInclusion(leaf: Uint8Array, index: number, head: TreeHead, proof: readonly Uint8Array[]): void {
  requireWhole('tree size', head.size, 1)
  requireWhole('leaf index', index, 0, head.size - 1)
  requireHashes([leaf, head.root, ...bounded(proof)])
  const place = createPlace(index, head.size - 1)
  let hash = leaf
  let fits = true
  for (const each of proof) {
    fits &&= !place.atRoot()
    hash = place.isRight() ? nodeHash(each, hash) : nodeHash(hash, each)
    place.rise()
  }
  if (fits && place.atRoot() && equalBytes(hash, head.root)) return
  const root = toHex(head.root)
  throw new LedgerError(
    'LEDGER_NOT_INCLUDED',
    `leaf ${toHex(leaf)} is not at ${index} of ${head.size} under root ${root}`,
  )
}

/**
 * That the larger tree is the smaller one continued. RFC 9162, section 2.1.4.2, which is for 0 < first < second; beyond
 * it every tree continues the empty one and itself, both with an empty proof.
 * Throws LedgerError LEDGER_SIZE, LEDGER_PROOF_MALFORMED, LEDGER_INCONSISTENT.
 */
export function verifyConsistency(first: TreeHead, second: TreeHead, proof: readonly Uint8Array[]): void {
  requireWhole('size of the larger tree', second.size, 0)
  requireWhole('size of the smaller tree', first.size, 0, second.size)
  requireHashes([first.root, second.root, ...bounded(proof)])
  const consistent =
    first.size === 0 || first.size === second.size
      ? proof.length === 0 && equalBytes(first.root, first.size === 0 ? emptyRoot() : second.root)
      : leadsToBoth(first, second, proof)
  const emptyIsEmpty = second.size > 0 || equalBytes(second.root, emptyRoot())
  if (consistent && emptyIsEmpty) return
  const [from, to] = [first, second].map(({ size, root }) => `size ${size} root ${toHex(root)}`)
  throw new LedgerError('LEDGER_INCONSISTENT', `${to} does not continue ${from}`)
}

function leadsToBoth(first: TreeHead, second: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (proof.length === 0) return false
  const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...proof] : proof
  if (start === undefined) return false
  const place = createPlace(first.size - 1, second.size - 1)
  place.riseWhileOdd()
  let [old, young] = [start, start]
  for (const each of rest) {
    if (place.atRoot()) return false
    if (place.isRight()) {
      old = nodeHash(each, old)
      young = nodeHash(each, young)
    } else {
      young = nodeHash(young, each)
    }
    place.rise()
  }
  return place.atRoot() && equalBytes(old, first.root) && equalBytes(young, second.root)
}

/** `fn` and `sn` of RFC 9162: a node on the way up, and the last node of its level. Beyond 32 bits, so no shifts. */
function createPlace(node: number, last: number) {
  let fn = node
  let sn = last
  const up = () => {
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return {
    atRoot: () => sn === 0,
    isRight: () => fn % 2 === 1 || fn === sn,
    /** One step, and past the levels where the node has no sibling because it is the last of an incomplete level. */
    rise: () => {
      if (fn === sn) while (fn % 2 === 0 && fn !== 0) up()
      up()
    },
    riseWhileOdd: () => {
      while (fn % 2 === 1) up()
    },
  }
}

function isPowerOfTwo(size: number): boolean {
  let power = 1
  while (power < size) power *= 2
  return power === size
}

function bounded(proof: readonly Uint8Array[]): readonly Uint8Array[] {
  if (proof.length <= MOST_HASHES) return proof
  throw new LedgerError(
    'LEDGER_PROOF_MALFORMED',
    `the proof has ${proof.length} hashes, expected at most ${MOST_HASHES}`,
  )
}

function requireHashes(hashes: readonly Uint8Array[]): void {
  const wrong = hashes.find(({ length }) => length !== HASH_BYTES)
  if (wrong === undefined) return
  throw new LedgerError('LEDGER_PROOF_MALFORMED', `found a hash of ${wrong.length} bytes, expected ${HASH_BYTES}`)
}
