/** A line between a party and the aggregator that breaks in the middle of what it carries. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Relay {
  readonly address: string
  /** How many connections were broken. */
  readonly broken: number
  /** Breaks so many of the connections that bring more than these bytes from now on, each where it has brought them. */
  breakAfter(bytes: number, connections: number): void
  close(): void
}

/** A line that breaks is silent before: what came over it has been taken, as far as it is whole. */
const SILENCE_MS = 500

export async function createRelay(target: string): Promise<Relay> {
  const [host = '', port = ''] = target.split(':')
  /** Bytes that each has brought since the last order. */
  const brought = new Map<Socket, number>()
  let limit = Number.POSITIVE_INFINITY
  let left = 0
  let broken = 0
  const server: Server = createServer((from) => {
    const to = connect({ host, port: Number(port) })
    const end = () => {
      from.destroy()
      // What was written before still arrives, so that the other side has a part of a chunk.
      to.end()
      brought.delete(from)
    }
    brought.set(from, 0)
    for (const each of [from, to]) each.on('error', end).on('close', end)
    to.pipe(from)
    from.on('data', (bytes: Buffer) => {
      const before = brought.get(from) ?? 0
      brought.set(from, before + bytes.length)
      if (left > 0 && before + bytes.length > limit) {
        left -= 1
        broken += 1
        to.write(bytes.subarray(0, Math.max(0, limit - before)))
        from.pause()
        setTimeout(end, SILENCE_MS)
      } else if (!to.write(bytes)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return {
    address: `127.0.0.1:${address.port}`,
    get broken() {
      return broken
    },
    breakAfter(bytes, connections) {
      limit = bytes
      left = connections
      for (const socket of brought.keys()) brought.set(socket, 0)
    },
    close() {
      server.close()
      for (const socket of brought.keys()) socket.destroy()
    },
  }
}
