/**
 * What a party holds of the log at this moment: the pinned key, the newest checkpoint, and what convicts the log if
 * something does. Everything is on the disk before it counts.
 */
import { toHex } from '../../src/crypto/index.ts'
import {
  claimedLogKey,
  compareCheckpoints,
  LedgerError,
  type NoteVerifier,
  openCheckpoint,
  type OpenedCheckpoint,
  parseVerifierKey,
  verifierKey,
} from '../../src/ledger/index.ts'
import type { Log } from '../../src/rpc/index.ts'
import {
  forgetOldest,
  isLasting,
  keepEvidence,
  keepKey,
  keepNote,
  listKept,
  readEvidence,
  readKey,
  readNote,
} from './files.ts'

export interface Seen {
  readonly note: Uint8Array
  readonly checkpoint: OpenedCheckpoint
}

export class Keeper {
  readonly #directory: string
  readonly #origin: string
  readonly #log: Log
  #key: NoteVerifier | undefined
  newest: Seen | undefined
  /** What a log with two histories was convicted of. */
  conviction: LedgerError | undefined

  constructor(directory: string, origin: string, log: Log) {
    this.#directory = directory
    this.#origin = origin
    this.#log = log
  }

  /** Reads what was kept. Throws WitnessError WITNESS_DAMAGED, LedgerError for a kept checkpoint that is none of this log. */
  async load(): Promise<void> {
    const directory = this.#directory
    const [found] = (await readEvidence(directory)).filter(({ code }) => isLasting(code))
    if (found) this.conviction = new LedgerError(found.code, `${found.message} (evidence: ${found.file})`)
    const key = await readKey(directory)
    if (key === undefined) return
    this.#key = parseVerifierKey(key)
    const last = (await listKept(directory)).notes.at(-1)
    this.newest = last && (await this.kept(last.size))
    await forgetOldest(directory)
  }

  /** The checkpoint of this size, if it was kept. */
  async kept(size: number): Promise<Seen | undefined> {
    const note = this.#key && (await readNote(this.#directory, size))
    return note && this.#key && this.#opened(note, this.#key)
  }

  /**
   * Opens a checkpoint, whoever gave it. Before a key is pinned only the coordinator may give one: `first`. Throws
   * LedgerError, with LEDGER_KEY_CHANGED for one that is signed by the key it names, and that is not the pinned one.
   */
  async open(note: Uint8Array, first = false): Promise<Seen> {
    const key = this.#key ?? claimedLogKey(note)
    try {
      const seen = this.#opened(note, key)
      if (this.#key === undefined && first) await this.#pin(key)
      return seen
    } catch (cause) {
      if (!(cause instanceof LedgerError) || cause.code !== 'LEDGER_NOTE_UNSIGNED') throw cause
      const other = claimedLogKey(note)
      this.#opened(note, other)
      const text = `the log ${this.#origin} is shown under key ${verifierKey(other)}, expected ${verifierKey(key)}`
      throw await this.#convict(new LedgerError('LEDGER_KEY_CHANGED', text, { cause }), [note], [])
    }
  }

  /** That `newer` continues `older`; keeps both as evidence if not, under `code` or the code of what differs. */
  async judge(older: Seen, newer: Seen, proof: readonly Uint8Array[], code?: 'LEDGER_FORKED'): Promise<void> {
    try {
      compareCheckpoints(older.checkpoint, newer.checkpoint, proof)
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause
      const error = code ? new LedgerError(code, cause.message, { cause }) : cause
      throw await this.#convict(error, [older.note, newer.note], proof)
    }
  }

  /** Takes the coordinator's newest, with the proof from the one that was the newest so far. */
  async take(seen: Seen, proof: readonly Uint8Array[]): Promise<Seen> {
    const larger = seen.checkpoint.size
    if (this.newest === undefined) {
      await keepNote(this.#directory, larger, seen.note)
    } else {
      await this.judge(this.newest, seen, proof)
      const smaller = this.newest.checkpoint.size
      if (larger > smaller) await keepNote(this.#directory, larger, seen.note, { smaller, larger, proof })
    }
    this.newest = seen
    return seen
  }

  /** Keeps what another party saw, with the proof that leads from it to a checkpoint that is kept. */
  async keepOther({ note, checkpoint: { size } }: Seen, larger: number, proof: readonly Uint8Array[]): Promise<void> {
    await keepNote(this.#directory, size, note, { smaller: size, larger, proof })
  }

  #opened(note: Uint8Array, log: NoteVerifier): Seen {
    return { note, checkpoint: openCheckpoint(note, { origin: this.#origin, log, witnesses: [], threshold: 0 }) }
  }

  async #pin(key: NoteVerifier): Promise<void> {
    const text = verifierKey(key)
    await keepKey(this.#directory, text)
    this.#key = key
    this.#log.info({ key: text }, "the key of the coordinator's log is kept; no other one will be accepted")
  }

  async #convict(error: LedgerError, notes: readonly Uint8Array[], proof: readonly Uint8Array[]): Promise<LedgerError> {
    const { code, message } = error
    const texts = notes.map((note) => Buffer.from(note).toString('utf8'))
    const evidence = await keepEvidence(this.#directory, { code, message, notes: texts, proof: proof.map(toHex) })
    this.#log.error({ code, evidence, error: message }, "the coordinator's log cannot be trusted")
    if (isLasting(code)) this.conviction = error
    return error
  }
}
