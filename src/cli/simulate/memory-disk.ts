/**
 * The disks of the parties' agents: small files in memory, large ones (updates of large models) in a temporary directory
 * and not forced onto the disk, since a simulation that crashes is over. What all parties append alike, receipts above
 * all, is there once for all of them.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import type { PartyOptions } from '../../../parties/index.ts'
import { sha256, toHex } from '../../crypto/index.ts'

type Disk = NonNullable<PartyOptions['disk']>

export interface Disks extends AsyncDisposable {
  /** An empty one. */
  create(): Disk
}

const LARGE_BYTES = 1 << 20

interface File {
  /** In memory, or the path of a temporary file. */
  readonly content: readonly Uint8Array[] | string
  readonly changedMs: number
}

interface Ground {
  readonly files: Map<string, File>
  readonly directories: Set<string>
  /** Bytes that are there already, if they are. */
  once(bytes: Uint8Array): Uint8Array
  /** Puts bytes into a new temporary file. */
  spool(parts: readonly Uint8Array[]): Promise<string>
  readonly now: () => number
}

export function createDisks(now: () => number): Disks {
  const appended = new Map<string, Uint8Array>()
  let place: Promise<string> | undefined
  let spooled = 0
  const once = (bytes: Uint8Array): Uint8Array => {
    const digest = toHex(sha256(bytes))
    const kept = appended.get(digest) ?? bytes.slice()
    appended.set(digest, kept)
    return kept
  }
  const spool = async (parts: readonly Uint8Array[]): Promise<string> => {
    place ??= mkdtemp(join(tmpdir(), 'coffer-simulation-'))
    spooled += 1
    const path = join(await place, String(spooled))
    await writeFile(path, Buffer.concat(parts), { mode: 0o600 })
    return path
  }
  return {
    create: () => diskOn({ files: new Map(), directories: new Set(), once, spool, now }),
    async [Symbol.asyncDispose]() {
      if (place) await rm(await place, { recursive: true, force: true })
    },
  }
}

function diskOn(ground: Ground): Disk {
  const { files, directories, once, spool, now } = ground
  const forget = async (path: string): Promise<void> => {
    const content = files.get(path)?.content
    files.delete(path)
    if (typeof content === 'string') await rm(content, { force: true })
  }
  const set = async (path: string, content: File['content']): Promise<void> => {
    await forget(path)
    files.set(path, { content, changedMs: now() })
  }
  return {
    async makeDirectory(directory) {
      directories.add(directory)
    },
    async write(directory, name, parts) {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0)
      await set(join(directory, name), bytes > LARGE_BYTES ? await spool(parts) : parts.map((part) => part.slice()))
    },
    async append(directory, name, at, bytes) {
      const path = join(directory, name)
      await set(path, [...firstOf(await chunksOf(files.get(path)), at), once(bytes)])
    },
    async rename(directory, from, to) {
      const file = files.get(join(directory, from))
      if (!file) throw new Error(`there is no ${from} to rename`)
      await forget(join(directory, to))
      files.delete(join(directory, from))
      files.set(join(directory, to), file)
    },
    async remove(directory, name) {
      const path = join(directory, name)
      directories.delete(path)
      for (const each of [...files.keys()]) if (each === path || each.startsWith(path + sep)) await forget(each)
    },
    async read(directory, name, maximumBytes) {
      const file = files.get(join(directory, name))
      if (!file) return undefined
      const bytes = new Uint8Array(Buffer.concat(await chunksOf(file)))
      if (bytes.length <= maximumBytes) return bytes
      throw new Error(`${name} has ${bytes.length} bytes, at most ${maximumBytes}`)
    },
    list: async (directory) => childrenOf(ground, directory),
  }
}

async function chunksOf(file: File | undefined): Promise<readonly Uint8Array[]> {
  if (file === undefined) return []
  return typeof file.content === 'string' ? [new Uint8Array(await readFile(file.content))] : file.content
}

function firstOf(chunks: readonly Uint8Array[], length: number): Uint8Array[] {
  let left = length
  const kept: Uint8Array[] = []
  for (const chunk of chunks) {
    if (left <= 0) break
    kept.push(chunk.length <= left ? chunk : chunk.subarray(0, left))
    left -= chunk.length
  }
  return kept
}

function childrenOf({ files, directories }: Ground, directory: string): { name: string; changedMs: number }[] {
  const children = new Map<string, number>()
  const add = (path: string, changedMs: number): void => {
    if (!path.startsWith(directory + sep)) return
    const [name = ''] = path.slice(directory.length + 1).split(sep)
    children.set(name, Math.max(children.get(name) ?? 0, changedMs))
  }
  for (const path of directories) add(path, 0)
  for (const [path, { changedMs }] of files) add(path, changedMs)
  return [...children].map(([name, changedMs]) => ({ name, changedMs }))
}
