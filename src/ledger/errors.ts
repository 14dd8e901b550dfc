/**
 * Two families. `LedgerError`: a log, a note or a checkpoint is not what it says it is. `ReceiptError`: a receipt is not
 * genuine, or not the one that a party has a right to expect; it carries every reason that was found.
 */
import { CodedError, type ErrorTable } from '../errors/index.ts'

const fork =
  'Keep both checkpoints: two signatures of one log on different histories are the proof. Stop using this coordinator until it is explained.'

export const ledgerErrors = {
  LEDGER_SIZE: {
    status: 'INVALID_ARGUMENT',
    cause: 'The size of a tree or the index of a leaf is no whole number, or lies outside of the tree in question.',
    next: 'Ask for a leaf below the size of the checkpoint, and for growth from a smaller size to a larger one.',
  },
  LEDGER_PROOF_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause: 'A proof holds a hash that has not 32 bytes, or more hashes than a tree of any size has levels.',
    next: 'Ask the coordinator for the proof again; if it stays so, what answers there is not an intact coordinator.',
  },
  LEDGER_NOT_INCLUDED: {
    status: 'DATA_LOSS',
    cause:
      'A leaf and its proof do not lead to the root hash of the checkpoint: the leaf is not in that log at that place.',
    next: 'Keep the leaf and the checkpoint, and ask the operator of the coordinator where the leaf went.',
  },
  LEDGER_INCONSISTENT: {
    status: 'DATA_LOSS',
    cause: 'The larger log is not the smaller one continued: something that was in it has been changed or removed.',
    next: fork,
  },
  LEDGER_FORKED: {
    status: 'DATA_LOSS',
    cause: 'Two checkpoints of one log have the same size and different root hashes: two histories are being shown.',
    next: fork,
  },
  LEDGER_ROLLED_BACK: {
    status: 'DATA_LOSS',
    cause:
      'The log shows fewer leaves than it had already: it was restored from an older copy, or an old answer was played again.',
    next: 'Ask for the newest checkpoint once more; if it is still smaller, have the operator restore the log to its full length.',
  },
  LEDGER_KEY_CHANGED: {
    status: 'PERMISSION_DENIED',
    cause: 'A log shows itself under another key than the one that was kept when it was first seen.',
    next: 'Ask the operator of the coordinator and the other parties which key is theirs. Remove log.key of the witness directory only if all of them agree on a new one.',
  },
  LEDGER_UNPROVEN: {
    status: 'UNAVAILABLE',
    cause: 'Nothing shows that two checkpoints of one log are of one history: the proof between them is missing.',
    next: 'Give --coordinator so that the proof can be asked for; a coordinator that never gives it is hiding something.',
  },
  LEDGER_STATE_INVALID: {
    status: 'DATA_LOSS',
    cause:
      'Stored hashes of the log are missing, have another length than 32 bytes, or do not fit the number of leaves.',
    next: 'Compute them again from the stored leaves, and compare the root hash with the newest checkpoint.',
  },
  LEDGER_NOTE_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A text is no signed note (c2sp.org/signed-note): lines, blank line, signature lines, Base64 or characters are wrong.',
    next: 'Fetch or copy the note again, as it is, with its blank line, its last line break and nothing after it.',
  },
  LEDGER_NOTE_KEY: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A key of a note is not of the form NAME+ID+KEY with an Ed25519 key, its ID does not fit it, or two keys cannot be told apart.',
    next: 'Copy the key again from where it was published; give each key once.',
  },
  LEDGER_NOTE_SIGNATURE: {
    status: 'UNAUTHENTICATED',
    cause: 'A signature that claims a known key was not made by that key over this text.',
    next: 'Do not use the text: it was changed after it was signed, or somebody signs in the name of another.',
  },
  LEDGER_NOTE_UNSIGNED: {
    status: 'UNAUTHENTICATED',
    cause: 'None of the known keys signed the note.',
    next: 'Check that the key of this log was installed, and that the note is of this log.',
  },
  LEDGER_CHECKPOINT_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause:
      'A note is no checkpoint (c2sp.org/tlog-checkpoint): origin, size, root hash or extension lines are not canonical.',
    next: 'Fetch the checkpoint again; if it stays so, what answers there is not an intact coordinator.',
  },
  LEDGER_CHECKPOINT_ORIGIN: {
    status: 'PERMISSION_DENIED',
    cause: 'The checkpoint is of another log.',
    next: 'Correct the address of the coordinator or the origin that is expected of its log.',
  },
  LEDGER_CHECKPOINT_LOG: {
    status: 'UNAUTHENTICATED',
    cause: 'The checkpoint is not signed by the key of its log, whoever else signed it.',
    next: 'Fetch the checkpoint from the coordinator, and compare the key of the log with the one that was published.',
  },
  LEDGER_CHECKPOINT_COSIGNATURES: {
    status: 'FAILED_PRECONDITION',
    cause: 'Fewer different keys of witnesses signed the checkpoint than are asked for.',
    next: 'Wait until enough parties have seen and signed it, or ask those that are missing.',
  },
  LEDGER_LEAF_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause: 'An entry of the log is not a leaf of a known kind in canonical form.',
    next: 'Check that the releases agree; an entry that no release wrote makes the log unfit as evidence.',
  },
} as const satisfies ErrorTable<string>

export type LedgerCode = keyof typeof ledgerErrors

export class LedgerError extends CodedError<LedgerCode> {
  constructor(code: LedgerCode, message: string, options?: ErrorOptions) {
    super(ledgerErrors, code, message, options)
  }
}

const stop =
  'Leave the run and keep the receipt: it is signed, so it proves what the aggregator stated. Ask its operator to explain.'
const mixed = 'Compare the ids of the run on both sides; a receipt of something else has no meaning here.'

export const receiptErrors = {
  RECEIPT_MALFORMED: {
    status: 'INVALID_ARGUMENT',
    cause: 'The bytes are no receipt in canonical form, or a receipt to be signed has a value that none may have.',
    next: 'Fetch the receipt again, and check that the releases agree.',
  },
  RECEIPT_KEY: {
    status: 'INVALID_ARGUMENT',
    cause: 'The key that receipts should be checked with is no Ed25519 public key (SubjectPublicKeyInfo).',
    next: 'Take the receipt key from the attestation record of the session.',
  },
  RECEIPT_SIGNATURE: {
    status: 'UNAUTHENTICATED',
    cause: 'The receipt was not signed by the attested receipt key, or was changed afterwards.',
    next: 'Do not count the round: take the receipt key from the attestation record, and the receipt from the aggregator itself.',
  },
  RECEIPT_FEDERATION: { status: 'PERMISSION_DENIED', cause: 'The receipt is of another federation.', next: mixed },
  RECEIPT_RUN: { status: 'PERMISSION_DENIED', cause: 'The receipt is of another run.', next: mixed },
  RECEIPT_JOB: {
    status: 'PERMISSION_DENIED',
    cause: 'The round was run under another job than the one that was approved.',
    next: stop,
  },
  RECEIPT_POLICY: {
    status: 'PERMISSION_DENIED',
    cause: 'The round was run under another attestation policy than the accepted one.',
    next: stop,
  },
  RECEIPT_EPOCH: {
    status: 'PERMISSION_DENIED',
    cause: 'The receipt is of another start of the aggregator than the attested one, or of one that was over already.',
    next: 'Attest the aggregator again. If it did not restart, two of them run under one name: leave the run.',
  },
  RECEIPT_ROUND: {
    status: 'FAILED_PRECONDITION',
    cause: 'The receipt is not of the round that follows: rounds were left out, repeated or rolled back.',
    next: stop,
  },
  RECEIPT_PREVIOUS: {
    status: 'FAILED_PRECONDITION',
    cause:
      'The receipt does not continue the chain: the receipt that it names as the one before is not the one that is known.',
    next: 'Keep both receipts: they show that the aggregator was rolled back or doubled. Leave the run.',
  },
  RECEIPT_MODEL: {
    status: 'FAILED_PRECONDITION',
    cause:
      'The round started from another model than the one this party was given, or than the round before ended with.',
    next: stop,
  },
  RECEIPT_UPDATE_MISSING: {
    status: 'FAILED_PRECONDITION',
    cause: 'An update was taken and is not among those that the sum was made of.',
    next: stop,
  },
  RECEIPT_UPDATE_DIGEST: {
    status: 'FAILED_PRECONDITION',
    cause: 'The sum was made with another update in the name of this party than the one it sent.',
    next: stop,
  },
  RECEIPT_UPDATE_WEIGHT: {
    status: 'FAILED_PRECONDITION',
    cause: 'The update of this party was summed with another weight than the number of rows it stated.',
    next: stop,
  },
  RECEIPT_UPDATE_BASE: {
    status: 'FAILED_PRECONDITION',
    cause: 'The update of this party was summed as the answer to the model of another round than the one it answered.',
    next: stop,
  },
  RECEIPT_UPDATE_FOREIGN: {
    status: 'FAILED_PRECONDITION',
    cause: 'The sum was made with an update in the name of this party, which sent none in this round.',
    next: 'Find out who has a certificate in the name of this party, revoke it, and leave the run.',
  },
  RECEIPT_STRANGER: {
    status: 'PERMISSION_DENIED',
    cause: 'The sum was made with an update of somebody whom the approved job does not name.',
    next: stop,
  },
  RECEIPT_TOO_FEW: {
    status: 'FAILED_PRECONDITION',
    cause: 'The sum was made of the updates of fewer parties of the job than the agreed minimum.',
    next: stop,
  },
  RECEIPT_CHAIN_EMPTY: {
    status: 'FAILED_PRECONDITION',
    cause: 'There is no receipt at all: nothing shows where the model comes from.',
    next: 'Fetch the receipts of the run from the coordinator or from a party that took part.',
  },
} as const satisfies ErrorTable<string>

export type ReceiptCode = keyof typeof receiptErrors

/** A code with what was found; several of them explain one refusal. */
export interface ReceiptRefusal {
  readonly code: ReceiptCode
  readonly text: string
}

export class ReceiptError extends CodedError<ReceiptCode> {
  /** Everything that was found; the first one is this error's own code. */
  readonly reasons: readonly ReceiptRefusal[]

  constructor(reasons: readonly [ReceiptRefusal, ...ReceiptRefusal[]], options?: ErrorOptions) {
    super(receiptErrors, reasons[0].code, reasons.map(({ text }) => text).join('; '), options)
    this.reasons = reasons
  }
}
