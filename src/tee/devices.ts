/**
 * The kernel's files as the attesters use them: one open, one transfer, one close, and nothing kept. An interface, so
 * that tests can put a faithful fake of a device in its place. System errors come out as Node reports them, with `code`.
 * Reading a quote may block for half a minute: everything here runs in Node's thread pool, never on the event loop.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rmdir, stat } from 'node:fs/promises'
import { TeeError } from './errors.ts'
import { type IoctlDevice, type Koffi, loadIoctl } from './ioctl.ts'

export interface Devices {
  /** What is there. A path below something that is no directory is absent. */
  look(path: string): Promise<'absent' | 'directory' | 'file'>
  mkdir(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  /** All bytes to the end. Throws TeeError TEE_DEVICE_FAILED when there are more than `most`. */
  read(path: string, most: number): Promise<Uint8Array>
  /** All bytes in one write to a file that exists, then close: drivers act at one of the two. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Opens the device for reading, and closes it when `use` has ended. Throws TeeError TEE_KOFFI_MISSING. */
  ioctl<T>(path: string, use: (device: IoctlDevice) => Promise<T>): Promise<T>
}

export interface DevicesOptions {
  /** A directory that stands for `/`, for tests. */
  readonly root?: string
  readonly loadKoffi?: () => Promise<Koffi>
}

/** The devices of this machine. */
export function createDevices(options: DevicesOptions = {}): Devices {
  const { root = '', loadKoffi } = options
  let loaded: ReturnType<typeof loadIoctl> | undefined
  const ioctl = (): ReturnType<typeof loadIoctl> => (loaded ??= loadIoctl(loadKoffi))
  return {
    look: async (path) => look(`${root}${path}`),
    mkdir: async (path) => void (await mkdir(`${root}${path}`)),
    rmdir: (path) => rmdir(`${root}${path}`),
    read: (path, most) => opened(`${root}${path}`, constants.O_RDONLY, (file) => readAll(file, path, most)),
    write: (path, bytes) => opened(`${root}${path}`, constants.O_WRONLY, (file) => writeAll(file, path, bytes)),
    ioctl: (path, use) => opened(`${root}${path}`, constants.O_RDONLY, async (file) => use((await ioctl())(file.fd))),
  }
}

async function look(path: string): Promise<'absent' | 'directory' | 'file'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file'
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return 'absent'
    throw error
  }
}

/** The name of a system error, `EBUSY`; undefined for anything else that was thrown. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error instanceof TeeError) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

async function opened<T>(path: string, flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

const CHUNK_BYTES = 16_384

/** Without asking for the size, which these files do not tell, and without a position, which some do not take. */
async function readAll(file: FileHandle, path: string, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (let length = 0; ; ) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, most + 1 - length))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks))
    length += bytesRead
    if (length > most) throw new TeeError('TEE_DEVICE_FAILED', `${path}: found more than ${most} bytes`)
    chunks.push(chunk.subarray(0, bytesRead))
  }
}

async function writeAll(file: FileHandle, path: string, bytes: Uint8Array): Promise<void> {
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, null)
  if (bytesWritten === bytes.length) return
  throw new TeeError('TEE_DEVICE_FAILED', `${path}: took ${bytesWritten} of ${bytes.length} bytes`)
}
