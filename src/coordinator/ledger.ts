/**
 * The coordinator's log towards everybody else: signed checkpoints with proofs that each continues the one before, proofs
 * that a leaf is in it, and the leaves. Nobody has to trust any of it: a log that is changed, rolled back or shown in two
 * versions is found out by the parties, who keep and compare the checkpoints.
 *
 * A size is signed once: when somebody asks for the first time since the log grew. A proof reads at most two nodes of
 * each level of the tree, so no request costs more than about a hundred rows.
 */
import {
  checkpointOf,
  compareCheckpoints,
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  LedgerError,
  logOrigin,
  type NoteSigner,
  openCheckpoint,
  proofOf,
  rangeNodes,
  signCheckpoint,
  treeRoot,
} from '../ledger/index.ts'
import { toHex } from '../crypto/index.ts'
import type { Store } from '../store/index.ts'
import { CoordinatorError } from './errors.ts'

/** Leaves of one request, and of one reading from the store: a receipt of 1,024 parties has 180 KB. */
const MOST_LEAVES = 1_000
const LEAVES_AT_ONCE = 16

export interface Ledger {
  /** The newest checkpoint; the proof leads to it from `size`, and is empty where there is nothing to lead from. */
  getCheckpoint(request: { readonly size: number }): Promise<{
    readonly checkpoint: Uint8Array
    readonly consistency: readonly Uint8Array[]
  }>
  /** Fails with LEDGER_LEAF_UNKNOWN. */
  proveInclusion(request: { readonly leafHash: Uint8Array; readonly size: number }): Promise<{
    readonly index: number
    readonly path: readonly Uint8Array[]
  }>
  /** Ends early where the log does. */
  readLeaves(request: { readonly from: number; readonly count: number }): AsyncIterable<Uint8Array>
  /**
   * That the log in the store is the one that this key signed, as far as it was signed. Throws CoordinatorError
   * LEDGER_OTHER_KEY, and LedgerError for a store that lost or changed what was signed.
   */
  verify(): Promise<void>
}

export function createLedger({ ledger }: Pick<Store, 'ledger'>, federation: string, signer: NoteSigner): Ledger {
  const log = signer.verifier
  const prove = async (ranges: readonly LeafRange[]) =>
    proofOf(ranges, await ledger.nodes(ranges.flatMap((range) => rangeNodes(range))))
  const headNow = async () => {
    const tree = await ledger.tree()
    return { size: tree.size, root: treeRoot(tree) }
  }

  const getCheckpoint: Ledger['getCheckpoint'] = async ({ size }) => {
    const head = await headNow()
    const newest = await ledger.newestCheckpoint()
    const checkpoint =
      newest?.size === head.size
        ? newest.note
        : await ledger.keepCheckpoint(head.size, signCheckpoint(checkpointOf(head, log), signer))
    // Who holds more than there is gets what there is: what that means is for him to say.
    return { checkpoint, consistency: size > head.size ? [] : await prove(consistencyRanges(size, head.size)) }
  }

  return {
    getCheckpoint,
    proveInclusion: async ({ leafHash, size }) => {
      const index = await ledger.indexOf(leafHash)
      if (index === undefined || index >= size) {
        const text = `leaf ${toHex(leafHash)} is not among the first ${size} of the log`
        throw new CoordinatorError('LEDGER_LEAF_UNKNOWN', text)
      }
      const { size: most } = await ledger.tree()
      if (size > most) throw new LedgerError('LEDGER_SIZE', `the log has ${most} leaves, asked for a tree of ${size}`)
      return { index, path: await prove(inclusionRanges(index, size)) }
    },
    readLeaves: async function* ({ from, count }) {
      const end = from + Math.min(count, MOST_LEAVES)
      for (let at = from; at < end; ) {
        const leaves = await ledger.leaves(at, Math.min(LEAVES_AT_ONCE, end - at))
        if (leaves.length === 0) return
        yield* leaves
        at += leaves.length
      }
    },
    verify: async () => {
      const newest = await ledger.newestCheckpoint()
      if (newest === undefined) return
      const signed = openOwn(newest.note, federation, signer)
      const head = checkpointOf(await headNow(), log)
      const ranges = signed.size > head.size ? [] : consistencyRanges(signed.size, head.size)
      compareCheckpoints(signed, head, await prove(ranges))
    },
  }
}

function openOwn(note: Uint8Array, federation: string, { verifier }: NoteSigner) {
  try {
    return openCheckpoint(note, { origin: logOrigin(federation), log: verifier, witnesses: [], threshold: 0 })
  } catch (cause) {
    if (!(cause instanceof LedgerError) || cause.code !== 'LEDGER_NOTE_UNSIGNED') throw cause
    const text = `the newest checkpoint in the store is not signed by ${verifier.name}+${verifier.id}`
    throw new CoordinatorError('LEDGER_OTHER_KEY', text, { cause })
  }
}
