/** The ledger: a Merkle log, its signed checkpoints, the receipts of rounds, and the leaves that are entered. */
export {
  type Checkpoint,
  type CheckpointTrust,
  compareCheckpoints,
  encodeCheckpoint,
  openCheckpoint,
  type OpenedCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from './checkpoint.ts'
export { type Audit, type AuditedNote, type AuditedProof, type AuditFinding, auditCheckpoints } from './audit.ts'
export {
  type LedgerCode,
  LedgerError,
  ledgerErrors,
  type ReceiptCode,
  ReceiptError,
  receiptErrors,
  type ReceiptRefusal,
} from './errors.ts'
export { Fields, nameForm, parseCanonical, runForm } from './fields.ts'
export { encodeLeaf, type Leaf, parseLeaf } from './leaves.ts'
export { checkpointOf, claimedLogKey, logOrigin } from './log-key.ts'
export { emptyRoot, leafHash, nodeHash, type TreeHead, verifyConsistency, verifyInclusion } from './merkle.ts'
export { addSignature, openNote, type OpenedNote, signNote } from './note.ts'
export {
  createSigner,
  createVerifier,
  type NoteSigner,
  type NoteVerifier,
  parseSignerKey,
  parseVerifierKey,
  signerKey,
  verifierKey,
} from './note-keys.ts'
export {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  type NodeReader,
  nodesOfLeaves,
  proofOf,
  rangeNodes,
} from './proofs.ts'
export {
  MAXIMUM_RECEIPT_BYTES,
  openReceipt,
  type Receipt,
  receiptFormat,
  receiptHash,
  requireSigned,
  type ReceiptUpdate,
  type ParsedReceipt,
  parseReceipt,
  parseSignedReceipt,
  sealAndHash,
  sealReceipt,
  type SignedReceipt,
} from './receipt.ts'
export { checkReceipt, type ReceiptExpectation, verifyChain } from './receipt-check.ts'
export {
  type Appended,
  appendLeaves,
  emptyTree,
  readTreeState,
  type TreeNode,
  treeRoot,
  type TreeState,
} from './tree.ts'
