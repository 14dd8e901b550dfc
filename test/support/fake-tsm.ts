/**
 * configfs-tsm as the kernel has it: entries made by mkdir with files of their own, a write that is committed when it is
 * closed and never reports an error, a generation that counts writes, a report that is made at the first read after a
 * write and kept until the next, one report at a time for the whole machine, EINVAL for a TDX request of another size,
 * and rmdir as the only way to remove an entry. Faults are planned per operation, one a call, in order.
 */
import { createFakeDevices, type FakeDevices, type FakeFile, systemError } from './fake-devices.ts'

export type Operation = 'mkdir' | 'provider' | 'inblob' | 'outblob' | 'auxblob' | 'generation' | 'rmdir'

export type Fault =
  /** A system error by name; of a write it is swallowed, and the write is lost. */
  | { readonly error: string }
  /** Another program writes this to the entry just before (`before`) or just after the operation. */
  | { readonly otherWrites: Uint8Array; readonly when: 'before' | 'after' }
  /** Another program removes the entry just before. */
  | 'removed'
  /** The driver gives the first bytes of the report only, and calls it success. */
  | { readonly cut: number }
  /** The driver gives the report of other data, as if it had one left over, without a trace in `generation`. */
  | { readonly staleOver: Uint8Array }
  | { readonly replaceBy: Uint8Array }
  /** The call hangs until the promise settles. */
  | { readonly until: Promise<void> }

export interface FakeTsmOptions {
  /** `undefined`: no driver is loaded, so that no entry can be made. */
  readonly provider: string | undefined
  readonly report: (reportData: Uint8Array) => Uint8Array
  readonly auxblob?: Uint8Array
}

export interface FakeTsm {
  readonly devices: FakeDevices
  readonly entries: ReadonlyMap<string, unknown>
  /** Every name that was ever made. */
  readonly names: readonly string[]
  /** How many calls of each operation there were. */
  calls(operation: Operation): number
  /** Highest number of reports in the making at once. */
  readonly mostAtOnce: () => number
  plan(operation: Operation, ...faults: (Fault | undefined)[]): void
}

interface Entry {
  inblob: Uint8Array
  written: number
  read: number
  outblob: Uint8Array | undefined
}

const directory = '/sys/kernel/config/tsm/report'

export function createFakeTsm({ provider, report, auxblob = new Uint8Array(0) }: FakeTsmOptions): FakeTsm {
  const devices = createFakeDevices({ '/sys/kernel/config': 'directory', [directory]: 'directory' })
  const entries = new Map<string, Entry>()
  const names: string[] = []
  const planned = new Map<Operation, (Fault | undefined)[]>()
  const counts = new Map<Operation, number>()
  let making = 0
  let most = 0

  const commit = (entry: Entry, bytes: Uint8Array): void => {
    entry.written += 1
    entry.inblob = bytes
  }

  /** What goes wrong at this call; a fault that is over before the operation has happened when this returns. */
  const begin = async (operation: Operation, entry: Entry | undefined, path: string): Promise<Fault | undefined> => {
    counts.set(operation, (counts.get(operation) ?? 0) + 1)
    const fault = planned.get(operation)?.shift()
    if (fault === undefined) return undefined
    if (fault === 'removed') {
      drop(path)
      throw systemError('ENOENT')
    }
    if ('until' in fault) await fault.until
    if ('otherWrites' in fault && fault.when === 'before' && entry !== undefined) commit(entry, fault.otherWrites)
    if ('error' in fault) throw systemError(fault.error)
    return fault
  }
  const end = (fault: Fault | undefined, entry: Entry): void => {
    if (typeof fault === 'object' && 'otherWrites' in fault && fault.when === 'after') commit(entry, fault.otherWrites)
  }

  const drop = (path: string): void => {
    entries.delete(path)
    for (const name of devices.nodes.keys())
      if (name.startsWith(`${path}/`) || name === path) devices.nodes.delete(name)
  }

  const bytesOf = async (operation: Operation, path: string, entry: Entry, get: () => Uint8Array) => {
    const fault = await begin(operation, entry, path)
    const bytes = changed(get(), fault)
    end(fault, entry)
    return bytes
  }
  const changed = (bytes: Uint8Array, fault: Fault | undefined): Uint8Array => {
    if (typeof fault !== 'object') return bytes
    if ('cut' in fault) return bytes.subarray(0, fault.cut)
    if ('staleOver' in fault) return report(fault.staleOver)
    return 'replaceBy' in fault ? fault.replaceBy : bytes
  }

  const makeReport = (entry: Entry): Uint8Array => {
    if (entry.inblob.length === 0 || (provider === 'tdx_guest' && entry.inblob.length !== 64))
      throw systemError('EINVAL')
    if (entry.outblob === undefined || entry.read !== entry.written) {
      entry.outblob = report(entry.inblob)
      entry.read = entry.written
    }
    return entry.outblob
  }

  /** The driver commits in close(), whose result nobody sees; only an entry that is gone cannot be opened. */
  const writeInblob = async (path: string, entry: Entry, bytes: Uint8Array): Promise<void> => {
    try {
      const fault = await begin('inblob', entry, path)
      commit(entry, bytes)
      end(fault, entry)
    } catch (error) {
      if (!entries.has(path)) throw error
    }
  }
  const readOutblob = async (path: string, entry: Entry): Promise<Uint8Array> => {
    making += 1
    most = Math.max(most, making)
    try {
      return await bytesOf('outblob', path, entry, () => makeReport(entry))
    } finally {
      making -= 1
    }
  }
  const filesOf = (path: string, entry: Entry): Record<string, FakeFile> => ({
    provider: { read: () => bytesOf('provider', path, entry, () => Buffer.from(`${provider}\n`)) },
    generation: { read: () => bytesOf('generation', path, entry, () => Buffer.from(`${entry.written}\n`)) },
    inblob: { write: (bytes) => writeInblob(path, entry, bytes) },
    outblob: { read: () => readOutblob(path, entry) },
    ...(provider === 'sev_guest' && { auxblob: { read: () => bytesOf('auxblob', path, entry, () => auxblob) } }),
  })

  devices.mkdir = async (path) => {
    await begin('mkdir', undefined, path)
    if (!path.startsWith(`${directory}/`)) throw systemError('ENOENT')
    if (provider === undefined) throw systemError('ENXIO')
    if (entries.has(path)) throw systemError('EEXIST')
    const entry = { inblob: new Uint8Array(0), written: 0, read: 0, outblob: undefined }
    entries.set(path, entry)
    names.push(path)
    devices.nodes.set(path, 'directory')
    for (const [name, file] of Object.entries(filesOf(path, entry))) devices.nodes.set(`${path}/${name}`, file)
  }
  devices.rmdir = async (path) => {
    await begin('rmdir', undefined, path)
    if (!entries.has(path)) throw systemError(devices.nodes.has(path) ? 'EPERM' : 'ENOENT')
    drop(path)
  }
  return {
    devices,
    entries,
    names,
    calls: (operation) => counts.get(operation) ?? 0,
    mostAtOnce: () => most,
    plan: (operation, ...faults) => void planned.set(operation, [...(planned.get(operation) ?? []), ...faults]),
  }
}
