/**
 * The files of one run: begun with its first log, or found again after a restart. What is found is made durable before
 * anything rests on it, leftovers of what never counted are removed, and a new log continues from there.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { sha256, toHex } from '../../crypto/index.ts'
import type { Disk, DiskFile } from './disk.ts'
import type { Entry } from './entries.ts'
import { damaged, onDisk } from './failure.ts'
import type { StoredHeader } from './header.ts'
import { type Journal, KEPT_STATES, LogJournal } from './journal.ts'
import { readLog, rewriteLog, sealFrame } from './log-file.ts'
import type { RunSealing } from './sealing.ts'
import { removeFiles, writeSmall } from './small-files.ts'
import { isDraft, readState, type StatePlace, stateName } from './state-file.ts'

export interface RunPlace {
  readonly disk: Disk
  /** That of all runs. */
  readonly runs: string
  /** The run's own, in it. */
  readonly directory: string
  readonly sealing: RunSealing
  readonly requireOwned: () => Promise<void>
}

export interface OpenedRun {
  /** Everything that was appended or committed, in order. */
  readonly records: readonly Uint8Array[]
  /** The newest committed round; undefined before the first. */
  readonly round: number | undefined
  /** Of one of the two newest committed rounds, in shared memory. Throws AGGREGATION_STATE_DISK, _DAMAGED. */
  readonly state: (round: number) => Promise<Uint8Array>
  readonly journal: Journal
}

interface LogName {
  readonly name: string
  readonly number: number
  readonly epoch: string
}

/**
 * run.json gets its name last: where it is, there is a log. One that is there already, of a run that begins anew, stays
 * until then: whenever this is cut short there is a run, and nobody has its key.
 */
export async function beginRun(place: RunPlace, stored: StoredHeader): Promise<Journal> {
  const { disk, runs, directory } = place
  await onDisk('made', directory, async () => {
    await disk.makeDirectory(directory)
    await disk.syncDirectory(runs)
  })
  // A try that failed may have left files.
  const names = await onDisk('read', directory, () => disk.list(directory))
  const leftovers = names.filter((name) => name !== 'run.json')
  await removeFiles(disk, directory, leftovers)
  const begun = await beginLog(place, 0, sha256(stored.bytes))
  try {
    await writeSmall(disk, directory, 'run.json', stored.bytes)
  } catch (error) {
    await begun.file.close()
    throw error
  }
  return new LogJournal({ ...place, ...begun, states: [] })
}

/** Durable, with its opening, when it resolves. */
async function beginLog(
  { disk, directory, sealing }: RunPlace,
  number: number,
  link: Uint8Array,
): Promise<{ file: DiskFile; name: string; epoch: string; size: number }> {
  const epoch = toHex(randomBytes(16))
  const name = `log-${number}-${epoch}`
  const path = join(directory, name)
  const opening = sealFrame(sealing.log(name, epoch), 0, link)
  return onDisk('written', path, async () => {
    const file = await disk.create(path)
    try {
      await file.append(opening)
      await file.sync()
      await disk.syncDirectory(directory)
    } catch (error) {
      await file.close()
      throw error
    }
    return { file, name, epoch, size: opening.length }
  })
}

export async function reopenRun(place: RunPlace, stored: StoredHeader): Promise<OpenedRun> {
  const { disk, directory } = place
  const names = await onDisk('read', directory, () => disk.list(directory))
  const logs = orderLogs(names, directory)
  const found = await readLogs(place, logs, sha256(stored.bytes))
  const states = found.states.slice(-KEPT_STATES)
  const missing = states.find((state) => !names.includes(stateName(state)))
  if (missing) throw damaged(join(directory, stateName(missing)), 'it is missing')
  await removeLeftovers(place, names, new Set(states.map(stateName)))
  const begun = await beginLog(place, found.next, found.link)
  return {
    records: found.entries.map(({ record }) => record),
    round: states.at(-1)?.round,
    state: async (round) => {
      const state = states.find((each) => each.round === round)
      if (state) return readState(disk, place.sealing, state)
      throw damaged(directory, `round ${round} is none of the newest that were committed`)
    },
    journal: new LogJournal({ ...place, ...begun, states }),
  }
}

function orderLogs(names: readonly string[], directory: string): LogName[] {
  const logs = names.flatMap((name) => {
    const [, number, epoch] = /^log-(0|[1-9][0-9]{0,5})-([0-9a-f]{32})$/.exec(name) ?? []
    return epoch === undefined ? [] : [{ name, number: Number(number), epoch }]
  })
  logs.sort((a, b) => a.number - b.number)
  const wrong = logs.findIndex(({ number }, at) => number !== at)
  if (logs.length === 0 || wrong >= 0) {
    throw damaged(directory, `log ${Math.max(wrong, 0)} is missing, or two logs have one number`)
  }
  return logs
}

interface FoundLogs {
  readonly entries: readonly Entry[]
  readonly states: readonly StatePlace[]
  readonly link: Uint8Array
  /** Number of the log that continues. */
  readonly next: number
}

async function readLogs(place: RunPlace, logs: readonly LogName[], first: Uint8Array): Promise<FoundLogs> {
  const { disk, directory, sealing } = place
  const entries: Entry[] = []
  const states: StatePlace[] = []
  let link = first
  for (const { name, number, epoch } of logs) {
    const log = { disk, directory, name, sealing: sealing.log(name, epoch) }
    const newest = number === logs.length - 1
    const found = await readLog(log, link, newest)
    if (found.end === 0) {
      // The opening of the first log is durable before run.json has its name.
      if (number === 0) throw damaged(join(directory, name), 'it does not begin as a log does')
      await onDisk('removed', join(directory, name), () => disk.remove(join(directory, name)))
      await onDisk('made durable', directory, () => disk.syncDirectory(directory))
      return { entries, states, link, next: number }
    }
    for (const entry of found.entries) {
      entries.push(entry)
      if (entry.kind === 'commit') states.push({ directory, round: entry.round, epoch })
    }
    link = found.link
    if (newest) await rewriteLog(log, found.end)
  }
  return { entries, states, link, next: logs.length }
}

/** Drafts, states that were never committed, and old ones. */
async function removeLeftovers(place: RunPlace, names: readonly string[], kept: ReadonlySet<string>): Promise<void> {
  const { disk, directory } = place
  const leftovers = names.filter((name) => isDraft(name) || (name.startsWith('state-') && !kept.has(name)))
  for (const name of leftovers) {
    const path = join(directory, name)
    await onDisk('removed', path, () => disk.remove(path))
  }
}
