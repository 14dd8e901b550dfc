/**
 * A tree of device files in memory. A file is what its owner says it does when it is read or written, as a driver would;
 * missing ones answer with the system's errors. Nothing here knows what the attesters expect.
 */
import { type Devices, TeeError } from '../../src/tee/index.ts'

export interface FakeFile {
  read?(): Uint8Array | Promise<Uint8Array>
  write?(bytes: Uint8Array): void | Promise<void>
}

export type Ioctl = Parameters<Parameters<Devices['ioctl']>[1]>[0]

export interface FakeDevices extends Devices {
  /** Files and directories; a directory is `'directory'`. */
  readonly nodes: Map<string, FakeFile | 'directory'>
  readonly ioctls: Map<string, Ioctl>
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: fake device`), { code })
}

export const constant = (content: Uint8Array | string): FakeFile => ({ read: () => Buffer.from(content) })

export function createFakeDevices(entries: Record<string, FakeFile | 'directory'> = {}): FakeDevices {
  const nodes = new Map(Object.entries(entries))
  const ioctls = new Map<string, Ioctl>()
  const fileAt = (path: string): FakeFile => {
    const node = nodes.get(path)
    if (node === undefined) throw systemError('ENOENT')
    if (node === 'directory') throw systemError('EISDIR')
    return node
  }
  return {
    nodes,
    ioctls,
    async look(path) {
      const node = nodes.get(path)
      return node === undefined ? 'absent' : node === 'directory' ? 'directory' : 'file'
    },
    async mkdir() {
      throw systemError('ENOENT')
    },
    async rmdir() {
      throw systemError('ENOENT')
    },
    async read(path, most) {
      const { read } = fileAt(path)
      if (read === undefined) throw systemError('EACCES')
      const bytes = await read()
      if (bytes.length > most) throw new TeeError('TEE_DEVICE_FAILED', `${path}: found more than ${most} bytes`)
      return Uint8Array.from(bytes)
    },
    async write(path, bytes) {
      const { write } = fileAt(path)
      if (write === undefined) throw systemError('EACCES')
      await write(Uint8Array.from(bytes))
    },
    async ioctl(path, use) {
      fileAt(path)
      const device = ioctls.get(path)
      if (device === undefined) throw systemError('ENOTTY')
      return use(device)
    },
  }
}
