/**
 * The log of one run while it is written. `append` and `commit` resolve when what they were given cannot be lost any
 * more, and what resolved is found again in the order of the calls. Everything that is waiting while the disk is busy
 * goes out together: one write and one fsync for a group.
 *
 * A commit is the state of a round, durable under its name first, and then its record in the log. Until the record is
 * durable the commit before it is what counts, and nothing of the round may be released.
 *
 * After the first failure of the disk a journal takes nothing more (every call rejects with that failure): after a
 * failed write the end of the file is unknown, and after a failed fsync the system may say "durable" of bytes that it
 * has dropped. What had been promised before stays; what failed may be found later or not.
 */
import { join } from 'node:path'
import { MAXIMUM_RECORD_BYTES } from '../../round/index.ts'
import { AggregatorError } from '../errors.ts'
import type { Disk, DiskFile } from './disk.ts'
import { encodeEntry, type Entry } from './entries.ts'
import { diskFailure, onDisk, oversized } from './failure.ts'
import { FRAME_BYTES, MAXIMUM_GROUP_BYTES, MAXIMUM_LOG_BYTES, sealFrame } from './log-file.ts'
import type { FileSealing, RunSealing } from './sealing.ts'
import { type StatePlace, stateName, writeState } from './state-file.ts'

/** The newest, and the one before it in case that one cannot be read. */
export const KEPT_STATES = 2

export interface Commit {
  /** Larger than that of each commit before. */
  readonly round: number
  /** Must not change until the commit has resolved. */
  readonly state: Uint8Array
  readonly record: Uint8Array
}

export interface Journal extends AsyncDisposable {
  /** Resolves when the record is durable. Throws AGGREGATION_STATE_DISK, _SIZE, _BUSY. */
  append(record: Uint8Array): Promise<void>
  /** Resolves when state and record are durable; the same errors. */
  commit(commit: Commit): Promise<void>
  /** After what was called before; what failed there has been told there. */
  close(): Promise<void>
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly place: StatePlace | undefined
  ready: boolean
  readonly resolve: () => void
  readonly reject: (error: AggregatorError) => void
}

export interface JournalSetting {
  readonly disk: Disk
  readonly directory: string
  readonly epoch: string
  readonly name: string
  readonly sealing: RunSealing
  /** Open, with its opening in it, durable. */
  readonly file: DiskFile
  readonly size: number
  /** The newest committed ones, the oldest first. */
  readonly states: readonly StatePlace[]
  /** Throws AGGREGATION_STATE_BUSY when another aggregator has taken the directory over. */
  readonly requireOwned: () => Promise<void>
}

export class LogJournal implements Journal {
  readonly #setting: JournalSetting
  readonly #sealing: FileSealing
  readonly #waiting: Waiting[] = []
  #states: readonly StatePlace[]
  #lastRound: number
  #frames = 1
  #size: number
  #failure: AggregatorError | undefined
  #closed: Promise<void> | undefined
  #pumping: Promise<void> | undefined
  /** State files that are being written: none may be left behind a closed journal. */
  readonly #writing = new Set<Promise<void>>()

  constructor(setting: JournalSetting) {
    this.#setting = setting
    this.#sealing = setting.sealing.log(setting.name, setting.epoch)
    this.#states = setting.states
    this.#lastRound = setting.states.at(-1)?.round ?? -1
    this.#size = setting.size
  }

  async append(record: Uint8Array): Promise<void> {
    this.#requireOpen(record)
    await this.#enqueue({ kind: 'record', record }, undefined)
  }

  async commit({ round, state, record }: Commit): Promise<void> {
    this.#requireOpen(record)
    const { disk, directory, epoch, sealing, requireOwned } = this.#setting
    // A state's key depends on round and epoch: a round that came again would be sealed with the same nonces.
    if (!Number.isInteger(round) || round <= this.#lastRound || round >= 2 ** 32) {
      throw new AggregatorError('AGGREGATION_STATE_BUSY', `round ${round} was committed, or one after it`)
    }
    this.#lastRound = round
    const place = { directory, round, epoch }
    const durable = this.#enqueue({ kind: 'commit', round, record }, place)
    const writing = requireOwned()
      .then(() => writeState(disk, sealing, place, state))
      .then(
        () => {
          for (const waiting of this.#waiting) waiting.ready ||= waiting.place === place
          this.#pump()
        },
        (error: unknown) => this.#fail(diskFailure(error, 'written', join(directory, stateName(place)))),
      )
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
    await durable
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #finish(): Promise<void> {
    await Promise.all(this.#writing)
    while (this.#pumping !== undefined) await this.#pumping
    const { directory, name, file } = this.#setting
    try {
      await file.close()
    } catch (error) {
      if (!this.#failure) throw diskFailure(error, 'closed', join(directory, name))
    }
  }

  #requireOpen(record: Uint8Array): void {
    if (this.#failure) throw this.#failure
    if (this.#closed !== undefined)
      throw new AggregatorError('AGGREGATION_STATE_BUSY', `${this.#setting.directory} was closed`)
    if (record.length > MAXIMUM_RECORD_BYTES) throw oversized('a record', record.length, MAXIMUM_RECORD_BYTES)
  }

  #enqueue(entry: Entry, place: StatePlace | undefined): Promise<void> {
    const bytes = encodeEntry(entry)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, place, ready: place === undefined, resolve, reject })
      this.#pump()
    })
  }

  #pump(): void {
    this.#pumping ??= this.#writeGroups()
      .catch((error: unknown) => this.#fail(diskFailure(error, 'written', this.#setting.directory)))
      .finally(() => {
        this.#pumping = undefined
        if (this.#waiting[0]?.ready) this.#pump()
      })
  }

  async #writeGroups(): Promise<void> {
    // What is called in the same turn goes out together.
    await Promise.resolve()
    for (let group = this.#takeGroup(); group.length > 0; group = this.#takeGroup()) {
      try {
        await this.#writeGroup(group)
      } catch (error) {
        const { directory, name } = this.#setting
        this.#fail(diskFailure(error, 'written', join(directory, name)), group)
        return
      }
      for (const { resolve } of group) resolve()
      const committed = group.flatMap(({ place }) => (place === undefined ? [] : [place]))
      if (committed.length > 0) await this.#removeOlder([...this.#states, ...committed])
    }
  }

  /** In order, and none past a commit whose state is still being written. */
  #takeGroup(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes.length
      if (!waiting.ready || bytes > MAXIMUM_GROUP_BYTES) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { file, requireOwned } = this.#setting
    const plain = Buffer.concat(group.map(({ bytes }) => bytes))
    const size = this.#size + plain.length + FRAME_BYTES
    if (size > MAXIMUM_LOG_BYTES) throw oversized('the log of a run', size, MAXIMUM_LOG_BYTES)
    await requireOwned()
    const frame = sealFrame(this.#sealing, this.#frames, plain)
    this.#frames += 1
    this.#size = size
    await file.append(frame)
    await file.sync()
  }

  async #removeOlder(states: readonly StatePlace[]): Promise<void> {
    this.#states = states.slice(-KEPT_STATES)
    const { disk } = this.#setting
    for (const place of states.slice(0, -KEPT_STATES)) {
      const path = join(place.directory, stateName(place))
      await onDisk('removed', path, () => disk.remove(path))
    }
  }

  #fail(error: AggregatorError, group: readonly Waiting[] = []): void {
    this.#failure ??= error
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(this.#failure)
  }
}
