/**
 * A disk in memory that forgets like a real one. What was written is seen at once by whoever reads (the page cache); what
 * survives a power loss is what was synced, plus any part of the rest: of a file any prefix of what was added, with
 * pages of zeros in it, and of a directory any of the changes since it was synced. A failed sync drops what it should
 * have written, though it stays to be read, and later syncs say that all is well, as Linux does.
 */
import { basename, dirname } from 'node:path'
import type { Random } from '../../../src/crypto/index.ts'
import type { Disk, DiskFile, DiskReader } from '../../../src/aggregator/durable/disk.ts'

interface Inode {
  bytes: Buffer
  durable: Buffer
  /** Where a failed sync left a gap that no later one fills. */
  dropped: number | undefined
}

interface Directory {
  readonly names: Map<string, Inode>
  readonly durable: Map<string, Inode>
  pending: ((names: Map<string, Inode>) => void)[]
}

type Operation =
  | 'create'
  | 'append'
  | 'sync'
  | 'read'
  | 'rename'
  | 'remove'
  | 'list'
  | 'syncDirectory'
  | 'makeDirectory'

/** Decides about each operation: undefined lets it pass, otherwise the error; an append keeps `bytes` of its own. */
export type Fault = (
  operation: Operation,
  path: string,
) => { readonly code: string; readonly bytes?: number } | undefined

const PAGE_BYTES = 64

export class ModelDisk implements Disk {
  readonly #directories = new Map<string, Directory>()
  #locked: symbol | undefined
  /** How many operations there were. */
  steps = 0
  fault: Fault = () => undefined

  /** All that was not durable is lost, or a part of it. */
  powerLoss(random: Random): void {
    this.#locked = undefined
    const inodes = new Set<Inode>()
    for (const directory of this.#directories.values()) {
      for (const change of directory.pending) if (random.below(2) === 0) change(directory.durable)
      directory.pending = []
      directory.names.clear()
      for (const [name, inode] of directory.durable) {
        directory.names.set(name, inode)
        inodes.add(inode)
      }
    }
    for (const inode of inodes) loseBytes(inode, random)
  }

  /** The process ends; the page cache stays. */
  kill(): void {
    this.#locked = undefined
  }

  /** As a reader sees it. */
  bytesOf(path: string): Buffer {
    return this.#inode(path).bytes
  }

  names(path: string): string[] {
    return [...this.#directory(path).names.keys()].sort()
  }

  change(path: string, change: (bytes: Buffer) => Buffer): void {
    const inode = this.#inode(path)
    inode.bytes = change(Buffer.from(inode.bytes))
    inode.durable = Buffer.from(inode.bytes)
  }

  removeNow(path: string): void {
    const directory = this.#directory(dirname(path))
    directory.names.delete(basename(path))
    directory.durable.delete(basename(path))
  }

  copyNow(from: string, to: string): void {
    const bytes = Buffer.from(this.bytesOf(from))
    const directory = this.#directory(dirname(to))
    const inode = { bytes, durable: Buffer.from(bytes), dropped: undefined }
    directory.names.set(basename(to), inode)
    directory.durable.set(basename(to), inode)
  }

  async list(directory: string): Promise<string[]> {
    this.#pass('list', directory)
    const below = [...this.#directories.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => basename(path))
    return [...this.#directory(directory).names.keys(), ...below]
  }

  /** Directories are durable at once: losing one loses a run that was not promised, which losing run.json tests. */
  async makeDirectory(path: string): Promise<void> {
    this.#pass('makeDirectory', path)
    for (let at = path; !this.#directories.has(at); at = dirname(at)) {
      this.#directories.set(at, { names: new Map(), durable: new Map(), pending: [] })
    }
  }

  async removeDirectory(path: string): Promise<void> {
    this.#pass('remove', path)
    if (this.#directory(path).names.size > 0) throw failure('ENOTEMPTY', path)
    this.#directories.delete(path)
  }

  async create(path: string): Promise<DiskFile> {
    this.#pass('create', path)
    const directory = this.#directory(dirname(path))
    if (directory.names.has(basename(path))) throw failure('EEXIST', path)
    const inode: Inode = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0), dropped: undefined }
    this.#change(directory, (names) => names.set(basename(path), inode))
    return {
      append: async (bytes) => {
        const fault = this.#judge('append', path)
        const kept = fault === undefined ? bytes : bytes.subarray(0, fault.bytes ?? 0)
        inode.bytes = Buffer.concat([inode.bytes, kept])
        if (fault !== undefined) throw failure(fault.code, path)
      },
      sync: async () => {
        const fault = this.#judge('sync', path)
        if (fault !== undefined) {
          inode.dropped ??= inode.durable.length
          throw failure(fault.code, path)
        }
        inode.durable = Buffer.from(inode.bytes.subarray(0, inode.dropped ?? inode.bytes.length))
      },
      close: () => Promise.resolve(),
    }
  }

  async read(path: string): Promise<DiskReader> {
    this.#pass('read', path)
    const { bytes } = this.#inode(path)
    return {
      size: bytes.length,
      read: async (offset, length) => {
        this.#pass('read', path)
        if (offset + length > bytes.length) throw failure('EIO', path)
        return new Uint8Array(bytes.subarray(offset, offset + length))
      },
      close: () => Promise.resolve(),
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#pass('rename', to)
    const inode = this.#inode(from)
    this.#change(this.#directory(dirname(to)), (names) => {
      names.delete(basename(from))
      names.set(basename(to), inode)
    })
  }

  async remove(path: string): Promise<void> {
    this.#pass('remove', path)
    this.#change(this.#directory(dirname(path)), (names) => names.delete(basename(path)))
  }

  async syncDirectory(path: string): Promise<void> {
    this.#pass('syncDirectory', path)
    const directory = this.#directory(path)
    for (const change of directory.pending) change(directory.durable)
    directory.pending = []
  }

  async lock(): Promise<(() => Promise<void>) | undefined> {
    if (this.#locked !== undefined) return undefined
    const own = Symbol('lock')
    this.#locked = own
    return async () => {
      if (this.#locked === own) this.#locked = undefined
    }
  }

  #judge(operation: Operation, path: string) {
    this.steps += 1
    return this.fault(operation, path)
  }

  #pass(operation: Operation, path: string): void {
    const fault = this.#judge(operation, path)
    if (fault !== undefined) throw failure(fault.code, path)
  }

  #change(directory: Directory, change: (names: Map<string, Inode>) => void): void {
    change(directory.names)
    directory.pending.push(change)
  }

  #directory(path: string): Directory {
    const found = this.#directories.get(path)
    if (found === undefined) throw failure('ENOENT', path)
    return found
  }

  #inode(path: string): Inode {
    const found = this.#directory(dirname(path)).names.get(basename(path))
    if (found === undefined) throw failure('ENOENT', path)
    return found
  }
}

function loseBytes(inode: Inode, random: Random): void {
  const synced = inode.durable.length
  const kept = Buffer.from(inode.bytes.subarray(0, synced + random.below(inode.bytes.length - synced + 1)))
  for (let at = synced; at < kept.length; at += PAGE_BYTES) {
    if (random.below(4) === 0) kept.fill(0, at, Math.min(kept.length, at + PAGE_BYTES))
  }
  const survives = inode.dropped === undefined ? kept : inode.durable
  inode.durable.copy(survives)
  inode.bytes = Buffer.from(survives)
  inode.durable = Buffer.from(survives)
  inode.dropped = undefined
}

const failure = (code: string, path: string): Error => Object.assign(new Error(`${code}: ${path}`), { code })
