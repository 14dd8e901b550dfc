/**
 * Checkpoints (c2sp.org/tlog-checkpoint): the signed note in which a log commits to its size and root hash. The log
 * signs first; parties that have checked it against what they saw before add their signatures, so that a log that shows
 * two parties different histories needs a quorum of them to go along.
 *
 * What a checkpoint is worth lies in keeping it: compareCheckpoints tells a fork, a rollback and a rewritten history
 * from two of them.
 */
import { equalBytes, toHex } from '../crypto/index.ts'
import { LedgerError } from './errors.ts'
import { emptyRoot, HASH_BYTES, type TreeHead, verifyConsistency } from './merkle.ts'
import { openNote, signNote } from './note.ts'
import { base64Bytes, type NoteSigner, type NoteVerifier } from './note-keys.ts'

export interface Checkpoint extends TreeHead {
  /** Which log this is, in one line. */
  readonly origin: string
  /** Lines without a meaning here; log-key.ts writes and reads one of them. */
  readonly extensions: readonly string[]
}

export interface CheckpointTrust {
  readonly origin: string
  readonly log: NoteVerifier
  readonly witnesses: readonly NoteVerifier[]
  /** How many different keys of witnesses have to have signed; the key of the log is none. */
  readonly threshold: number
}

/** The checkpoint and the witnesses who signed it. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly cosigners: readonly NoteVerifier[]
}

/** Throws LedgerError LEDGER_CHECKPOINT_MALFORMED for values that no checkpoint can have. */
export function encodeCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const text = `${[origin, size, Buffer.from(root).toString('base64'), ...extensions].join('\n')}\n`
  parseCheckpoint(text)
  return text
}

/** @param text of a note, with its last line break. Throws LedgerError LEDGER_CHECKPOINT_MALFORMED. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  if (lines.pop() !== '') throw malformed('the last line has no line break')
  const [origin = '', sizeLine = '', rootLine = '', ...extensions] = lines
  if (lines.length < 3 || lines.includes('')) throw malformed('expected three lines at least, none of them empty')
  const size = /^(?:0|[1-9][0-9]{0,15})$/.test(sizeLine) ? Number(sizeLine) : Number.NaN
  if (!Number.isSafeInteger(size)) throw malformed('the size is no whole number below 2^53 in decimal')
  const root = base64Bytes(rootLine)
  if (root?.length !== HASH_BYTES) throw malformed(`the root hash is not Base64 of ${HASH_BYTES} bytes`)
  if (size === 0 && !equalBytes(root, emptyRoot())) throw malformed('the root hash of no leaves is another one')
  return { origin, size, root, extensions }
}

/** Throws LedgerError LEDGER_CHECKPOINT_MALFORMED or LEDGER_NOTE_MALFORMED. A witness adds its own by addSignature. */
export function signCheckpoint(checkpoint: Checkpoint, log: NoteSigner): Uint8Array {
  return signNote(encodeCheckpoint(checkpoint), [log])
}

/**
 * Reads and verifies. Throws LedgerError as openNote does, and LEDGER_CHECKPOINT_MALFORMED, LEDGER_CHECKPOINT_ORIGIN,
 * LEDGER_CHECKPOINT_LOG, LEDGER_CHECKPOINT_COSIGNATURES.
 */
export function openCheckpoint(bytes: Uint8Array, trust: CheckpointTrust): OpenedCheckpoint {
  const { text, signers } = openNote(bytes, [trust.log, ...trust.witnesses])
  const checkpoint = parseCheckpoint(text)
  requireOrigin(checkpoint.origin, trust.origin)
  if (!signers.includes(trust.log)) {
    const found = signers.map(({ name }) => name).join(', ')
    throw new LedgerError('LEDGER_CHECKPOINT_LOG', `signed by ${found}, and not by the log ${trust.log.name}`)
  }
  const cosigners = signers.filter(({ publicKey }) => publicKey !== trust.log.publicKey)
  const count = new Set(cosigners.map(({ publicKey }) => publicKey)).size
  if (count >= trust.threshold) return { ...checkpoint, cosigners }
  const found = `size ${checkpoint.size} is signed by ${count} keys of witnesses, expected ${trust.threshold}`
  throw new LedgerError('LEDGER_CHECKPOINT_COSIGNATURES', found)
}

/**
 * That the newer checkpoint continues the older one, both opened. Throws LedgerError LEDGER_CHECKPOINT_ORIGIN,
 * LEDGER_FORKED, LEDGER_ROLLED_BACK, LEDGER_INCONSISTENT, LEDGER_PROOF_MALFORMED.
 * @param proof of consistency from the older size to the newer; empty where the sizes are equal or the older is 0
 */
export function compareCheckpoints(older: Checkpoint, newer: Checkpoint, proof: readonly Uint8Array[]): void {
  requireOrigin(newer.origin, older.origin)
  if (newer.size < older.size) {
    const text = `the log ${older.origin} had ${older.size} leaves and shows ${newer.size} now`
    throw new LedgerError('LEDGER_ROLLED_BACK', text)
  }
  if (newer.size === older.size && !equalBytes(newer.root, older.root)) {
    const text = `the log ${older.origin} of ${older.size} leaves has root ${toHex(older.root)} and root ${toHex(newer.root)}`
    throw new LedgerError('LEDGER_FORKED', text)
  }
  verifyConsistency(older, newer, proof)
}

function requireOrigin(found: string, expected: string): void {
  if (found === expected) return
  const text = `it is of ${JSON.stringify(found.slice(0, 100))}, expected ${expected}`
  throw new LedgerError('LEDGER_CHECKPOINT_ORIGIN', text)
}

const malformed = (message: string): LedgerError =>
  new LedgerError('LEDGER_CHECKPOINT_MALFORMED', `checkpoint: ${message}`)
