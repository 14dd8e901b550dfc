/**
 * The few things that a run's state does with a disk, each whole or not at all, and durable when it resolves. Tests stop
 * a program in the middle by a disk that throws.
 *
 * What may go wrong: STATE_UNWRITABLE, STATE_UNREADABLE. Everything is private to the owner.
 */
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, reasonOf, syncDirectory, writeDurably } from '../files.ts'
import { StateError } from './errors.ts'

const READ_BYTES = 4 * 1024 * 1024

export interface Disk {
  makeDirectory(directory: string): Promise<void>
  /** Replaces a file by these bytes, one part after the other. */
  write(directory: string, name: string, parts: readonly Uint8Array[]): Promise<void>
  /** Writes at `at`, which becomes the end of what was there: behind it is at most what a crash left half written. */
  append(directory: string, name: string, at: number, bytes: Uint8Array): Promise<void>
  rename(directory: string, from: string, to: string): Promise<void>
  /** A file or a directory with all it holds; nothing where there is none. */
  remove(directory: string, name: string): Promise<void>
  /** undefined where there is no such file. */
  read(directory: string, name: string, maximumBytes: number): Promise<Uint8Array | undefined>
  /** Names with the time of their last change, milliseconds; none where there is no directory. */
  list(directory: string): Promise<{ readonly name: string; readonly changedMs: number }[]>
}

export const disk: Disk = {
  makeDirectory: (directory) =>
    writing(directory, async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await syncDirectory(join(directory, '..'))
    }),
  write: (directory, name, parts) => writing(join(directory, name), () => writeDurably(directory, name, parts)),
  append: (directory, name, at, bytes) =>
    writing(join(directory, name), async () => {
      const file = await open(join(directory, name), constants.O_RDWR | constants.O_CREAT, 0o600)
      try {
        await file.truncate(at)
        // A disk that becomes full writes a part and says so only the next time.
        for (let written = 0; written < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written)
          written += bytesWritten
        }
        await file.sync()
      } finally {
        await file.close()
      }
      if (at === 0) await syncDirectory(directory)
    }),
  rename: (directory, from, to) =>
    writing(join(directory, to), async () => {
      await rename(join(directory, from), join(directory, to))
      await syncDirectory(directory)
    }),
  remove: (directory, name) =>
    writing(join(directory, name), async () => {
      await rm(join(directory, name), { recursive: true, force: true })
      await syncDirectory(directory)
    }),
  read: (directory, name, maximumBytes) => reading(join(directory, name), (path) => readBounded(path, maximumBytes)),
  list: async (directory) => {
    const names = await reading(directory, (path) => readdir(path))
    const looked = (names ?? []).map(async (name) => {
      const facts = await reading(join(directory, name), (path) => stat(path))
      return { name, changedMs: facts?.mtimeMs ?? 0 }
    })
    return Promise.all(looked)
  },
}

/** Into one array: readFile joins what it read at the end, which holds up everything else for 100 ms with 256 MB. */
async function readBounded(path: string, maximumBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > maximumBytes) {
      throw new StateError('STATE_DAMAGED', `${path} has ${size} bytes, at most ${maximumBytes}`)
    }
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(READ_BYTES, size - at), at)
      if (bytesRead === 0) throw new StateError('STATE_DAMAGED', `${path} became shorter while it was read`)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw new StateError('STATE_UNWRITABLE', `${path} could not be written: ${reasonOf(cause)}`, { cause })
  }
}

async function reading<T>(path: string, work: (path: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(path)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    if (cause instanceof StateError) throw cause
    throw new StateError('STATE_UNREADABLE', `${path} could not be read: ${reasonOf(cause)}`, { cause })
  }
}
