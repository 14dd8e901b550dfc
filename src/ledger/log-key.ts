/**
 * The key of a log, as its checkpoints name it: in an extension line `key NAME+ID+KEY`. A signature tells which key made
 * it only to who has the key; with this line a party that comes new learns it from the first checkpoint it is given by
 * the coordinator it dialled, keeps it, and takes no other one later. The line proves nothing by itself: anybody can
 * write a checkpoint and name a key of his own.
 */
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { LedgerError } from './errors.ts'
import type { TreeHead } from './merkle.ts'
import { noteText } from './note.ts'
import { type NoteVerifier, parseVerifierKey, verifierKey } from './note-keys.ts'

const LABEL = 'key '

/** The name of a federation's log, which is the name of its key as well. */
export const logOrigin = (federation: string): string => `coffer/${federation}`

/** The checkpoint of a log whose key has the log's name. */
export const checkpointOf = ({ size, root }: TreeHead, log: NoteVerifier): Checkpoint => ({
  origin: log.name,
  size,
  root,
  extensions: [`${LABEL}${verifierKey(log)}`],
})

/**
 * The key that a note names as that of its log; whether the note is signed by it is for openCheckpoint to say.
 * Throws LedgerError LEDGER_NOTE_MALFORMED, LEDGER_CHECKPOINT_MALFORMED, LEDGER_NOTE_KEY.
 */
export function claimedLogKey(note: Uint8Array): NoteVerifier {
  const { extensions } = parseCheckpoint(noteText(note))
  const [line, ...more] = extensions.filter((each) => each.startsWith(LABEL))
  if (line !== undefined && more.length === 0) return parseVerifierKey(line.slice(LABEL.length))
  const text = `the checkpoint names ${more.length === 0 ? 'no key' : 'several keys'} of its log, expected one`
  throw new LedgerError('LEDGER_NOTE_KEY', text)
}
