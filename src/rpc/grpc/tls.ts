/**
 * The server's door: a TLS 1.3 listener that lets a connection through to HTTP/2 only after its certificate has been
 * judged. It is our own rather than grpc-js's, so that the reason of every refusal is known here and written to the log,
 * and so that evidence can be exchanged before the first HTTP/2 byte (../attested/server.ts).
 */
import type { Server as NetServer, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { Peer } from '../api.ts'
import { type Address, formatAddress } from '../address.ts'
import { RpcError } from '../errors.ts'
import { type CheckedIdentity, judgePeer } from '../identity/verify.ts'
import type { Log } from '../network.ts'
import type { GrpcSettings } from './settings.ts'

export interface Door {
  readonly address: Address
  /** Takes no further connection. */
  shut(): void
  /** Destroys what is still connected; fulfilled when nothing is left. */
  close(): Promise<void>
}

export interface DoorOptions {
  readonly address: Address
  readonly own: CheckedIdentity
  readonly settings: GrpcSettings
  readonly log: Log
  readonly admit: (socket: TLSSocket, peer: Peer) => void
}

/** Parties of one run, twice over for reconnecting, and users: more is a mistake or an attack. */
const MAXIMUM_CONNECTIONS = 4096
/**
 * Of these, connections whose handshake is not over. All parties of the largest run may come at the same instant, twice:
 * with fewer places a storm throws itself out, because each that dials again displaces one that is being served. Beyond
 * that the oldest goes: it is not in earnest.
 */
const MAXIMUM_HANDSHAKES = 2048

export async function openDoor({ address, own, settings, log, admit }: DoorOptions): Promise<Door> {
  const { certificatePem, keyPem } = own.identity
  const server = createServer({
    cert: certificatePem,
    key: keyPem.reveal(),
    ca: own.roots.map((each) => each.toString()),
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    requestCert: true,
    // Not "accept anybody": `judge` below refuses whoever OpenSSL did not authorise, and can say why.
    rejectUnauthorized: false,
    handshakeTimeout: settings.handshakeMs,
    noDelay: true,
  })
  server.maxConnections = MAXIMUM_CONNECTIONS
  const sockets = new Set<Socket>()
  const shaking = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const from = whence(socket)
    sockets.add(socket)
    shaking.set(from, socket)
    socket.once('close', () => {
      sockets.delete(socket)
      shaking.delete(from)
    })
    const [oldest] = shaking.size > MAXIMUM_HANDSHAKES ? shaking.values() : []
    oldest?.destroy()
  })
  server.on('tlsClientError', (error, socket) => {
    log.warn({ from: socket.remoteAddress, error }, 'TLS handshake failed')
  })
  server.on('secureConnection', (socket) => {
    shaking.delete(whence(socket))
    // From here on the HTTP/2 session reports what happens to its socket; an error without a listener ends the program.
    socket.on('error', (error) => log.info({ from: socket.remoteAddress, error }, 'connection broken'))
    const peer = judge(socket, own, settings, log)
    if (peer === undefined) socket.destroy()
    else admit(socket, peer)
  })
  const port = await listen(server, address)
  server.on('error', (error) => log.error({ error }, 'cannot accept a connection'))
  const closed = new Promise<void>((resolve) => server.once('close', resolve))
  return {
    address: { host: address.host, port },
    shut: () => void server.close(),
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function whence(socket: Socket): string {
  return `${socket.remoteAddress ?? 'nowhere'}:${socket.remotePort ?? 0}`
}

function judge(socket: TLSSocket, own: CheckedIdentity, settings: GrpcSettings, log: Log): Peer | undefined {
  const from = whence(socket)
  try {
    if (socket.alpnProtocol !== 'h2')
      throw new RpcError('PEER_NOT_TLS', `the caller from ${from} does not speak HTTP/2`)
    return judgePeer(socket.getPeerX509Certificate(), chainProblem(socket), {
      federation: own.peer.federation,
      role: undefined,
      now: settings.now(),
      whose: `the caller from ${from}`,
    })
  } catch (error) {
    log.warn({ from, error }, 'connection refused')
    return undefined
  }
}

/** OpenSSL's verdict. The type says Error, the value is its code; whatever is not plainly authorised is a problem. */
export function chainProblem(socket: TLSSocket): string | undefined {
  if (socket.authorized) return undefined
  const problem: unknown = socket.authorizationError
  return typeof problem === 'string' && problem !== '' ? problem : 'UNSPECIFIED'
}

const unavailable = new Set(['EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN'])

function listen(server: NetServer, address: Address): Promise<number> {
  const text = formatAddress(address)
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        const message = `${text} is taken by another program; choose another with \`listen\` in coffer.yaml or --listen`
        reject(new RpcError('ADDRESS_IN_USE', message, { cause: error }))
      } else if (unavailable.has(error.code ?? '')) {
        reject(new RpcError('ADDRESS_UNAVAILABLE', `cannot listen at ${text}: ${error.message}`, { cause: error }))
      } else reject(error)
    }
    server.once('error', failed)
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', failed)
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port)
    })
  })
}
