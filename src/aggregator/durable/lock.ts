/**
 * Whether another process has a directory. Node has no flock(2), and a process number means nothing in another
 * container or enclave, so what holds the lock is a listening socket in the directory: the kernel closes it with its
 * process, however that ends, and whoever can see the directory can try it.
 *
 * Each process listens on a name of its own first and tries the names of the others then. Of two that start at once at
 * least one sees the other listen, so that never both go on (both may give up). A name is never used twice: one that
 * nobody listens on is dead and can be removed.
 *
 * Processes on two machines, or in two enclaves whose sockets the system keeps inside, do not see each other here, and
 * some file systems have no sockets at all: there the token of `states.ts` stops the older one at its next write.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { CALL_MS } from '../../timeouts/index.ts'

const form = /^lock-[0-9a-f]{16}$/
/** sun_path takes 108 bytes on Linux and 104 elsewhere; longer paths are named through the open directory. */
const MAXIMUM_SOCKET_PATH = 100
/** A listener of a live process is answered by the kernel; only a kernel in trouble takes longer. */
const PROBE_DEADLINE_MS = CALL_MS / 10

/** What bind(2) says where the file system or the enclave has no sockets with names. */
const socketless = new Set(['EAFNOSUPPORT', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EPROTONOSUPPORT'])

/** Undefined while another process has it. @throws what the system says where the directory cannot be used */
export async function lockDirectory(directory: string): Promise<(() => Promise<void>) | undefined> {
  const handle = await open(directory, 'r')
  const own = `lock-${randomBytes(8).toString('hex')}`
  const server = createServer((socket) => socket.destroy())
  server.unref()
  const release = async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    await rm(join(directory, own), { force: true })
    await handle.close()
  }
  try {
    await listen(server, socketPath(directory, own, handle))
    const others = (await readdir(directory)).filter((name) => form.test(name) && name !== own)
    for (const other of others) {
      if (await answers(socketPath(directory, other, handle))) {
        await release()
        return undefined
      }
      await rm(join(directory, other), { force: true })
    }
    return release
  } catch (error) {
    await release()
    if (error instanceof Error && 'code' in error && socketless.has(String(error.code))) return () => Promise.resolve()
    throw error
  }
}

function socketPath(directory: string, name: string, { fd }: FileHandle): string {
  const path = join(directory, name)
  return Buffer.byteLength(path) <= MAXIMUM_SOCKET_PATH ? path : `/proc/self/fd/${fd}/${name}`
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

/** Whether a process listens there. Silence until the deadline counts as one, since a dead one is refused at once. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(PROBE_DEADLINE_MS, () => end(true))
    socket.once('connect', () => end(true))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
    })
  })
}
