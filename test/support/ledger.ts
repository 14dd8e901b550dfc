/** Logs of coordinators in tests: keys, and logs that sign what a test wants them to. */
import { generateKeyPairSync } from 'node:crypto'
import {
  appendLeaves,
  checkpointOf,
  consistencyRanges,
  createSigner,
  emptyTree,
  inclusionRanges,
  leafHash,
  logOrigin,
  type NoteSigner,
  proofOf,
  signCheckpoint,
  treeRoot,
} from '../../src/ledger/index.ts'
import { type LedgerApi, RemoteError } from '../../src/rpc/index.ts'

export const createLedgerKey = (federation: string): NoteSigner =>
  createSigner(logOrigin(federation), generateKeyPairSync('ed25519').privateKey)

/** Genuine answers about these leaves, signed by this key, as the coordinator gives them. */
export function createSignedLog(signer: NoteSigner, leaves: readonly Uint8Array[]) {
  const { state, nodes } = appendLeaves(emptyTree, leaves.map(leafHash))
  const known = new Map(nodes.map(({ level, index, hash }) => [`${level}/${index}`, hash]))
  const read = ({ level, index }: { level: number; index: number }) => known.get(`${level}/${index}`)
  const head = { size: state.size, root: treeRoot(state) }
  const checkpoint = signCheckpoint(checkpointOf(head, signer.verifier), signer)
  const api: LedgerApi<unknown> = {
    getCheckpoint: async ({ size }) => ({
      checkpoint,
      consistency: size > head.size ? [] : proofOf(consistencyRanges(size, head.size), read),
    }),
    proveInclusion: async ({ leafHash: wanted, size }) => {
      const index = leaves.findIndex((leaf) => Buffer.from(leafHash(leaf)).equals(wanted))
      if (index >= 0 && index < size) return { index, path: proofOf(inclusionRanges(index, size), read) }
      throw new RemoteError('LEDGER_LEAF_UNKNOWN', 'NOT_FOUND', 'there is no such leaf')
    },
  }
  return { head, checkpoint, ...api }
}
