/**
 * What a party keeps of one run, in a directory of its own:
 *
 *   run.json   rows, the run key, the aggregator's epochs that were attested, why the run was left (facts.ts)
 *   receipts   every checked receipt, in order (receipt-file.ts)
 *   update     the one update that no receipt has shown yet (update-file.ts)
 *   next       training state that becomes current with that update; `vectors` is the current one (vectors.ts)
 *   evidence   what was refused, where the run was left because of it
 *
 * Each change is durable when its promise resolves. After a crash between any two of them, opening the directory again
 * ends in the state before or after the change: an update that a kept receipt shows is settled then, and a `next` without
 * its update is no more than an unfinished attempt.
 *
 * What may go wrong: STATE_UNWRITABLE and STATE_TOO_MANY (nothing has changed then), STATE_UNREADABLE, STATE_DAMAGED.
 */
import { fromHex, toHex } from '../../src/crypto/index.ts'
import type { ParsedReceipt, Receipt } from '../../src/ledger/index.ts'
import type { Disk } from './disk.ts'
import { StateError } from './errors.ts'
import { type Facts, newFacts, readFacts, writeFacts } from './facts.ts'
import { damaged } from './framed.ts'
import { type KeptReceipts, ReceiptFile } from './receipt-file.ts'
import { sha256InSlices } from './slices.ts'
import { readUpdate, removeUpdate, type UpdateFacts, writeUpdate } from './update-file.ts'
import { readVectors, type Vectors, writeVectors } from './vectors.ts'

export interface RunIdentity {
  /** 16 bytes, lower-case hex. */
  readonly run: string
  /** SHA-256 in hex. */
  readonly jobDigest: string
  readonly rows: number
  readonly party: string
}

type NewUpdate = Omit<UpdateFacts, 'digest' | 'length'>
type Changes = Partial<Omit<Facts, 'format' | 'run' | 'jobDigest'>>

export class RunState {
  readonly #disk: Disk
  readonly #directory: string
  readonly #party: string
  readonly #receipts: ReceiptFile
  #facts: Facts
  #update: UpdateFacts | undefined
  /** Changes come from the work on a task, from receipts and from the ledger: one after the other. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(disk: Disk, directory: string, party: string, facts: Facts, receipts: ReceiptFile) {
    this.#disk = disk
    this.#directory = directory
    this.#party = party
    this.#facts = facts
    this.#receipts = receipts
  }

  /** As a crash or the last agent left it; a new one where there is none. */
  static async open(disk: Disk, directory: string, identity: RunIdentity): Promise<RunState> {
    const { run, jobDigest, rows, party } = identity
    const known = await readFacts(disk, directory)
    if (known && (known.run !== run || known.jobDigest !== jobDigest)) {
      throw damaged(directory, `it is of run ${known.run} with job ${known.jobDigest}`)
    }
    const facts = known ?? newFacts(run, jobDigest, rows)
    if (known === undefined) {
      await disk.makeDirectory(directory)
      await writeFacts(disk, directory, facts)
    }
    const update = (await readUpdate(disk, directory))?.facts
    let counted = false
    const receipts = await ReceiptFile.open(disk, directory, (receipt) => {
      counted ||= update !== undefined && shows(receipt, party, update.digest)
    })
    const state = new RunState(disk, directory, party, facts, receipts)
    state.#update = update
    if (counted) await state.#settle()
    return state
  }

  /** Directory of what was refused. */
  get evidence(): string {
    return `${this.#directory}/evidence`
  }

  get facts(): Facts {
    return this.#facts
  }

  get receipts(): KeptReceipts {
    return this.#receipts.kept
  }

  /** The update that no receipt has shown yet. */
  get update(): UpdateFacts | undefined {
    return this.#update
  }

  readReceipts(from: number): Promise<Uint8Array[]> {
    return this.#receipts.read(from)
  }

  /** Of the kept update. */
  async readUpdateBytes(): Promise<Uint8Array> {
    const kept = await readUpdate(this.#disk, this.#directory)
    if (kept && kept.facts.digest === this.#update?.digest) return kept.bytes
    throw damaged(`${this.#directory}/update`, 'it was taken away or replaced')
  }

  /** Of the newest update that was counted; empty before. */
  async readVectors(): Promise<Vectors> {
    return (await readVectors(this.#disk, this.#directory, 'vectors'))?.vectors ?? {}
  }

  keep(changes: Changes): Promise<void> {
    return this.#inTurn(() => this.#keep(changes))
  }

  /**
   * In the place of the one before, which is over without having been counted.
   * @param next the training state that goes with it; undefined where there is none
   */
  keepUpdate(made: NewUpdate, bytes: Uint8Array, next: Vectors | undefined): Promise<UpdateFacts> {
    return this.#inTurn(async () => {
      const before = this.#update
      if (before && before.round >= made.round) {
        // Two updates of one round would let a host choose between them.
        const text = `round ${before.round} has an update already, another came of round ${made.round}`
        throw new StateError('STATE_DAMAGED', text)
      }
      const facts = { ...made, digest: toHex(await sha256InSlices(bytes)), length: bytes.length }
      if (before) await this.#drop()
      if (next) await writeVectors(this.#disk, this.#directory, 'next', next, facts.digest)
      await writeUpdate(this.#disk, this.#directory, facts, bytes)
      this.#update = facts
      return facts
    })
  }

  /** Keeps a receipt that was checked; where it shows the kept update, that one is settled. */
  keepReceipt(parsed: ParsedReceipt): Promise<void> {
    return this.#inTurn(async () => {
      await this.#receipts.append(parsed)
      const { receipt } = parsed
      if (this.#update && shows(receipt, this.#party, this.#update.digest)) await this.#settle()
    })
  }

  /** The run is left for good: why, and what shows it. */
  leave(code: string, text: string, evidence: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#keep({ left: { code, text: text.slice(0, 4_000) } })
      await this.#disk.makeDirectory(this.evidence)
      for (const [i, bytes] of evidence.entries()) await this.#disk.write(this.evidence, `${i}-${code}`, [bytes])
      await this.#drop()
    })
  }

  /** The run has ended and its last receipt was checked: receipts and facts stay. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      this.#facts = await endRun(this.#disk, this.#directory, this.#facts)
      this.#update = undefined
    })
  }

  async #keep(changes: Changes): Promise<void> {
    const facts = { ...this.#facts, ...changes }
    await writeFacts(this.#disk, this.#directory, facts)
    this.#facts = facts
  }

  /** The kept update is over without having been counted, and so is what belongs to it. */
  async #drop(): Promise<void> {
    await dropUpdate(this.#disk, this.#directory)
    this.#update = undefined
  }

  /** Its update was counted: what belongs to it is current from now on. */
  async #settle(): Promise<void> {
    const next = await readVectors(this.#disk, this.#directory, 'next')
    if (next?.update === this.#update?.digest) await this.#disk.rename(this.#directory, 'next', 'vectors')
    await removeUpdate(this.#disk, this.#directory)
    this.#update = undefined
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const next = this.#last.then(change, change)
    this.#last = next
    return next
  }
}

async function dropUpdate(disk: Disk, directory: string): Promise<void> {
  await removeUpdate(disk, directory)
  await disk.remove(directory, 'next')
}

/** Of a run that nobody has open, or its own last change: receipts need not be looked at to be kept. */
export async function endRun(disk: Disk, directory: string, facts: Facts): Promise<Facts> {
  await dropUpdate(disk, directory)
  await disk.remove(directory, 'vectors')
  const ended = { ...facts, ended: true, runKey: '' }
  await writeFacts(disk, directory, ended)
  return ended
}

const shows = ({ updates }: Receipt, party: string, digest: string): boolean =>
  updates.some((each) => each.party === party && each.digest === digest)

/** The run key as it travels. */
export const runKeyBytes = ({ runKey }: Facts): Uint8Array => fromHex(runKey)
