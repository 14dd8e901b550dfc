/**
 * A way between two programs that takes time, in a process of its own: each piece is held for half the round-trip time
 * in each direction, in order, however many there are under way. What it does not do is limit the bandwidth: its cost per
 * byte is one read and one write.
 */
import { connect, createServer, type Socket } from 'node:net'

interface Sent {
  readonly target: number
  readonly rttMs: number
}

/** More than any window under way at once; only a reader that has stopped lets it fill. */
const HELD_BYTES = 512 * 1024 * 1024

function forward(from: Socket, to: Socket, delayMs: number): void {
  /** 'end' is held like any piece. */
  const held: { readonly at: number; readonly piece: Buffer | 'end' }[] = []
  let bytes = 0
  let waiting = false
  const release = () => {
    waiting = false
    const now = performance.now()
    const due = held.findIndex(({ at }) => at > now)
    for (const { piece } of held.splice(0, due < 0 ? held.length : due)) {
      if (piece === 'end') to.end()
      else {
        to.write(piece)
        bytes -= piece.length
      }
    }
    if (bytes + to.writableLength < HELD_BYTES) from.resume()
    const [next] = held
    if (next) wait(next.at - now)
  }
  const wait = (ms: number) => {
    waiting = true
    setTimeout(release, ms)
  }
  const hold = (piece: Buffer | 'end') => {
    held.push({ at: performance.now() + delayMs, piece })
    if (!waiting) wait(delayMs)
  }
  from.on('data', (piece: Buffer) => {
    bytes += piece.length
    hold(piece)
    if (bytes + to.writableLength >= HELD_BYTES) from.pause()
  })
  from.on('end', () => hold('end'))
  to.on('drain', () => from.resume())
  from.on('error', () => to.destroy())
}

process.on('message', ({ target, rttMs }: Sent) => {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    forward(near, far, rttMs / 2)
    forward(far, near, rttMs / 2)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
  })
})
