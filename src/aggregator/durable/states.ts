/**
 * The state directory: one directory of sealed files for each run. The key of a run is made here, given to the parties,
 * and forgotten with the process; nobody can read the files, this program included, until a party brings it back.
 *
 *   owner                     the aggregator that uses the directory: 16 random bytes, hex
 *   lock-<random>             its socket
 *   runs/<run>/run.json       what the run is, plain
 *   runs/<run>/log-<n>-<epoch>        what happened, n from 0; one for each time the run was opened
 *   runs/<run>/state-<round>-<epoch>  what the next round starts from
 *   runs/<run>/<name>.draft           being written
 *
 * An epoch here is 16 random bytes of one opening of one run: nonces depend on it, so nobody else chooses it. Other names
 * are left alone. A run without run.json is one that was being made or removed: it is removed.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { toHex } from '../../crypto/index.ts'
import { RUN_KEY_BYTES } from '../../rpc/index.ts'
import { AggregatorError } from '../errors.ts'
import { createDisk, type Disk } from './disk.ts'
import { damaged, onDisk } from './failure.ts'
import {
  encodeHeader,
  isRunId,
  MAXIMUM_HEADER_BYTES,
  parseHeader,
  requireRunId,
  type RunHeader,
  type StoredHeader,
} from './header.ts'
import type { Journal } from './journal.ts'
import { beginRun, reopenRun, type OpenedRun } from './run-files.ts'
import { createSealing } from './sealing.ts'
import { readSmall, removeFiles, removeRun, writeSmall } from './small-files.ts'
import { isDraft } from './state-file.ts'

/** Running and ended ones, and some that wait for a party with the key. */
const MAXIMUM_RUNS = 256

/** A run that cannot be offered to the parties, and why. */
export interface DamagedRun {
  readonly runId: string
  readonly error: AggregatorError
}

export interface RunStates extends AsyncDisposable {
  /** Runs that are stored, the oldest first. */
  list(): readonly RunHeader[]
  /** Runs of which not even run.json can be read. */
  damaged(): readonly DamagedRun[]
  /** Durable when it resolves. Throws AGGREGATION_CONFLICT, _FULL, _RUN_ID, AGGREGATION_STATE_*. */
  create(header: RunHeader): Promise<{ readonly journal: Journal; readonly runKey: Uint8Array }>
  /** In the place of a run that is stored and whose key nobody has; as `create`. Throws AGGREGATION_STATE_*. */
  renew(header: RunHeader): ReturnType<RunStates['create']>
  /** Throws AGGREGATION_RUN_KEY, _UNKNOWN_RUN, AGGREGATION_STATE_*; a run is opened by one at a time (_STATE_BUSY). */
  unlock(runId: string, runKey: Uint8Array): Promise<OpenedRun>
  /** With all its files; closes its journal. A run that is not stored is none removed. */
  remove(runId: string): Promise<void>
}

/** Makes the directory where it is missing. Throws AGGREGATION_STATE_BUSY, _DISK, _DAMAGED. */
export async function openState(directory: string, disk: Disk = createDisk()): Promise<RunStates> {
  const runs = join(directory, 'runs')
  await onDisk('made', runs, () => disk.makeDirectory(runs))
  await onDisk('made durable', directory, () => disk.syncDirectory(directory))
  const release = await onDisk('locked', directory, () => disk.lock(directory))
  if (release === undefined) {
    throw new AggregatorError('AGGREGATION_STATE_BUSY', `another aggregator is using ${directory}`)
  }
  try {
    // Removing leftovers first: on a full disk they may be what leaves no room for the token.
    const states = new Directory({
      directory: runs,
      disk,
      release,
      requireOwned: () => requireToken(directory, disk, token),
    })
    await states.load()
    const token = await takeOver(directory, disk)
    return states
  } catch (error) {
    await release()
    throw error
  }
}

const OWNER_BYTES = 32

/** The newest aggregator has the directory; one that the lock did not see learns of it here. */
async function takeOver(directory: string, disk: Disk): Promise<Uint8Array> {
  const token = Buffer.from(toHex(randomBytes(16)))
  await writeSmall(disk, directory, 'owner', token)
  return token
}

async function requireToken(directory: string, disk: Disk, token: Uint8Array): Promise<void> {
  const found = await readSmall(disk, join(directory, 'owner'), OWNER_BYTES)
  if (Buffer.compare(found, token) === 0) return
  throw new AggregatorError('AGGREGATION_STATE_BUSY', `another aggregator has taken ${directory} over`)
}

interface DirectorySetting {
  /** That of the runs. */
  readonly directory: string
  readonly disk: Disk
  readonly release: () => Promise<void>
  readonly requireOwned: () => Promise<void>
}

class Directory implements RunStates {
  readonly #setting: DirectorySetting
  readonly #stored = new Map<string, StoredHeader>()
  readonly #damaged = new Map<string, AggregatorError>()
  /** Opened, or being opened (undefined). */
  readonly #open = new Map<string, Journal | undefined>()
  /** Under way: the directory is nobody else's before they are done. */
  readonly #removals = new Set<Promise<void>>()

  constructor(setting: DirectorySetting) {
    this.#setting = setting
  }

  async load(): Promise<void> {
    const { directory, disk } = this.#setting
    const names = (await onDisk('read', directory, () => disk.list(directory))).filter(isRunId)
    if (names.length > MAXIMUM_RUNS) throw damaged(directory, `it holds ${names.length} runs, at most ${MAXIMUM_RUNS}`)
    for (const runId of names.sort()) await this.#loadRun(runId)
  }

  async #loadRun(runId: string): Promise<void> {
    const { disk } = this.#setting
    const directory = this.#pathOf(runId)
    const path = join(directory, 'run.json')
    const names = await onDisk('read', directory, () => disk.list(directory))
    if (!names.includes('run.json')) return removeRun(disk, directory, names)
    await removeFiles(disk, directory, names.filter(isDraft))
    try {
      this.#stored.set(runId, parseHeader(await readSmall(disk, path, MAXIMUM_HEADER_BYTES), runId, path))
    } catch (error) {
      if (!(error instanceof AggregatorError) || error.code === 'AGGREGATION_STATE_DISK') throw error
      this.#damaged.set(runId, error)
    }
  }

  list(): readonly RunHeader[] {
    const headers = [...this.#stored.values()].map(({ header }) => header)
    return headers.sort((a, b) => a.created - b.created || (a.runId < b.runId ? -1 : 1))
  }

  damaged(): readonly DamagedRun[] {
    return [...this.#damaged].map(([runId, error]) => ({ runId, error }))
  }

  async create(header: RunHeader): Promise<{ journal: Journal; runKey: Uint8Array }> {
    const { runId } = header
    requireRunId(runId)
    if (this.#stored.has(runId) || this.#damaged.has(runId) || this.#open.has(runId)) {
      throw new AggregatorError('AGGREGATION_CONFLICT', `run ${runId} is in the state directory already`)
    }
    // Those that are being made count too.
    const unstored = [...this.#open.keys()].filter((each) => !this.#stored.has(each)).length
    if (this.#stored.size + this.#damaged.size + unstored >= MAXIMUM_RUNS) {
      throw new AggregatorError('AGGREGATION_FULL', `the state directory holds ${MAXIMUM_RUNS} runs already`)
    }
    return this.renew(header)
  }

  async renew(header: RunHeader): Promise<{ journal: Journal; runKey: Uint8Array }> {
    const { runId } = header
    const runKey = new Uint8Array(randomBytes(RUN_KEY_BYTES))
    const sealing = createSealing(runId, runKey)
    const stored = encodeHeader(header, sealing.check)
    const journal = await this.#opening(runId, async () => {
      const { disk, directory, requireOwned } = this.#setting
      await requireOwned()
      const place = { disk, runs: directory, directory: this.#pathOf(runId), sealing, requireOwned }
      return { journal: await beginRun(place, stored) }
    })
    this.#stored.set(runId, stored)
    return { ...journal, runKey }
  }

  async unlock(runId: string, runKey: Uint8Array): Promise<OpenedRun> {
    const stored = this.#stored.get(runId)
    if (stored === undefined) {
      const damage = this.#damaged.get(runId)
      throw damage ?? new AggregatorError('AGGREGATION_UNKNOWN_RUN', `run ${runId} is not in the state directory`)
    }
    const sealing = runKey.length === RUN_KEY_BYTES ? createSealing(runId, runKey) : undefined
    if (sealing === undefined || !timingSafeEqual(Buffer.from(sealing.check), Buffer.from(stored.keyCheck))) {
      throw new AggregatorError('AGGREGATION_RUN_KEY', `the key that was given for run ${runId} is another one`)
    }
    return this.#opening(runId, async () => {
      const { disk, directory, requireOwned } = this.#setting
      await requireOwned()
      return reopenRun({ disk, runs: directory, directory: this.#pathOf(runId), sealing, requireOwned }, stored)
    })
  }

  async #opening<T extends { readonly journal: Journal }>(runId: string, open: () => Promise<T>): Promise<T> {
    if (this.#open.has(runId)) throw new AggregatorError('AGGREGATION_STATE_BUSY', `run ${runId} is open already`)
    this.#open.set(runId, undefined)
    try {
      const opened = await open()
      const { journal } = opened
      const forget = () => {
        if (this.#open.get(runId) === watched) this.#open.delete(runId)
      }
      const watched: Journal = {
        append: (record) => journal.append(record),
        commit: (commit) => journal.commit(commit),
        close: () => journal.close().finally(forget),
        [Symbol.asyncDispose]: () => watched.close(),
      }
      this.#open.set(runId, watched)
      return { ...opened, journal: watched }
    } catch (error) {
      this.#open.delete(runId)
      throw error
    }
  }

  async remove(runId: string): Promise<void> {
    const removal = this.#remove(runId)
    this.#removals.add(removal)
    try {
      await removal
    } finally {
      this.#removals.delete(removal)
    }
  }

  async #remove(runId: string): Promise<void> {
    const { disk, directory, requireOwned } = this.#setting
    if (!this.#stored.has(runId) && !this.#damaged.has(runId)) return
    if (this.#open.has(runId)) await this.#open.get(runId)?.close()
    if (this.#open.has(runId)) throw new AggregatorError('AGGREGATION_STATE_BUSY', `run ${runId} is being opened`)
    await requireOwned()
    const path = this.#pathOf(runId)
    await removeRun(disk, path, await onDisk('read', path, () => disk.list(path)))
    this.#stored.delete(runId)
    this.#damaged.delete(runId)
    await onDisk('made durable', directory, () => disk.syncDirectory(directory))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await Promise.all([...this.#open.values()].map((journal) => journal?.close()))
      await Promise.allSettled(this.#removals)
    } finally {
      await this.#setting.release()
    }
  }

  #pathOf(runId: string): string {
    return join(this.#setting.directory, runId)
  }
}
