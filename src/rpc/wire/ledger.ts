/** Messages of proto/coffer/v1/coordinator.proto about the ledger: checkpoints, proofs and leaves. */
import type { GetCheckpointRequest__Output } from '../../gen/coffer/v1/GetCheckpointRequest.ts'
import type { InclusionProof__Output } from '../../gen/coffer/v1/InclusionProof.ts'
import type { LedgerCheckpoint__Output } from '../../gen/coffer/v1/LedgerCheckpoint.ts'
import type { LedgerLeaf__Output } from '../../gen/coffer/v1/LedgerLeaf.ts'
import type { ProveInclusionRequest__Output } from '../../gen/coffer/v1/ProveInclusionRequest.ts'
import type { ReadLeavesRequest__Output } from '../../gen/coffer/v1/ReadLeavesRequest.ts'
import * as limit from '../limits.ts'
import { mapped, record } from './field.ts'
import { message } from './message.ts'
import { bytes, digest, integer, list } from './values.ts'

const size = integer(0)
const proof = list(digest, limit.MAXIMUM_PROOF)

export const getCheckpointRequest = message(
  'GetCheckpointRequest',
  record<{ size: number }, GetCheckpointRequest__Output>({ size }),
)
export const ledgerCheckpoint = message(
  'LedgerCheckpoint',
  record<{ checkpoint: Uint8Array; consistency: readonly Uint8Array[] }, LedgerCheckpoint__Output>({
    checkpoint: bytes(1, limit.MAXIMUM_CHECKPOINT_BYTES),
    consistency: proof,
  }),
)
export const proveInclusionRequest = message(
  'ProveInclusionRequest',
  record<{ leafHash: Uint8Array; size: number }, ProveInclusionRequest__Output>({ leafHash: digest, size: integer(1) }),
)
export const inclusionProof = message(
  'InclusionProof',
  record<{ index: number; path: readonly Uint8Array[] }, InclusionProof__Output>({ index: size, path: proof }),
)
export const readLeavesRequest = message(
  'ReadLeavesRequest',
  record<{ from: number; count: number }, ReadLeavesRequest__Output>({
    from: size,
    count: integer(1, limit.MAXIMUM_LEAVES),
  }),
)
export const ledgerLeaf = message(
  'LedgerLeaf',
  mapped(
    record<{ leaf: Uint8Array }, LedgerLeaf__Output>({ leaf: bytes(1, limit.MAXIMUM_LEAF_BYTES) }),
    ({ leaf }) => leaf,
    (leaf: Uint8Array) => ({ leaf }),
  ),
)
