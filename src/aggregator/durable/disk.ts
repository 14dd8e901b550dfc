/**
 * The few things that durability needs of a file system, as a value, so that tests can let each of them fail or forget.
 * Nothing here promises that bytes survive a power loss but `sync`, for the bytes of a file, and `syncDirectory`, for
 * names that were made, moved or removed in it. Failures are those of the system (code ENOSPC, EROFS, EIO, ...);
 * who calls turns them into errors of the aggregator.
 */
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { lockDirectory } from './lock.ts'

/** A file that only grows. */
export interface DiskFile {
  /** All bytes, or a failure after which any part of them may be there. */
  append(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export interface DiskReader {
  /** Bytes, when it was opened. */
  readonly size: number
  /** Exactly so many bytes; a failure where the file has become shorter. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

export interface Disk {
  /** Names in a directory, in no order. */
  list(directory: string): Promise<string[]>
  /** With those above it, all of them durable; one that exists already is none made. */
  makeDirectory(path: string): Promise<void>
  /** Of an empty directory. */
  removeDirectory(path: string): Promise<void>
  /** Fails where something has the name. */
  create(path: string): Promise<DiskFile>
  read(path: string): Promise<DiskReader>
  /** Over whatever has the new name. */
  rename(from: string, to: string): Promise<void>
  /** Of a file; one that is not there is none removed. */
  remove(path: string): Promise<void>
  syncDirectory(path: string): Promise<void>
  /** Undefined while another process has it. The function gives it back; the end of the process does so too. */
  lock(directory: string): Promise<(() => Promise<void>) | undefined>
}

export function createDisk(): Disk {
  return {
    list: (directory) => readdir(directory),
    makeDirectory: async (path) => {
      const whole = resolve(path)
      const first = await mkdir(whole, { recursive: true, mode: 0o700 })
      for (let at = whole; first !== undefined && at !== dirname(first); at = dirname(at)) {
        await syncDirectory(dirname(at))
      }
    },
    removeDirectory: (path) => rmdir(path),
    create: createFile,
    read: openReader,
    rename: (from, to) => rename(from, to),
    remove: (path) => rm(path, { force: true }),
    syncDirectory,
    lock: lockDirectory,
  }
}

async function createFile(path: string): Promise<DiskFile> {
  const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants
  const handle = await open(path, O_APPEND | O_CREAT | O_EXCL | O_WRONLY, 0o600)
  return {
    append: async (bytes) => {
      // A full disk takes a part of a write and refuses the next one.
      for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  }
}

async function openReader(path: string): Promise<DiskReader> {
  const handle = await open(path, 'r')
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new Error(`${path} is not a file`)
    return {
      size: status.size,
      read: async (offset, length) => {
        const bytes = new Uint8Array(length)
        for (let at = 0; at < length; ) {
          const { bytesRead } = await handle.read(bytes, at, length - at, offset + at)
          if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
          at += bytesRead
        }
        return bytes
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // fsync(2): EINVAL says that such a thing cannot be synchronised, as directories in some enclaves; there it is the host's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error
  } finally {
    await handle.close()
  }
}
