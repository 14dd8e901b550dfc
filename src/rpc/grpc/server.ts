/**
 * Serving over mTLS: the door lets a connection in, grpc-js speaks HTTP/2 on it, `answer` does the rest.
 *
 * Every method is registered as a stream of bytes both ways; what kind it is, and what the bytes mean, is decided in one
 * place for both networks. Health and reflection answer anybody of the federation.
 */
import { once } from 'node:events'
import { constants, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import type { Peer } from '../api.ts'
import { formatAddress, parseAddress } from '../address.ts'
import { proveTo } from '../attested/server.ts'
import { answer, type Endpoint, endpoints } from '../call/answer.ts'
import { type Calls, createCalls } from '../call/calls.ts'
import { CODE_TRAILER, type Outcome } from '../call/outcome.ts'
import { unlessAborted } from '../call/streams.ts'
import { RpcError } from '../errors.ts'
import { checkIdentity } from '../identity/verify.ts'
import { MAXIMUM_MESSAGE_BYTES } from '../limits.ts'
import type { Listening, ServeOptions } from '../network.ts'
import type { MethodKind } from '../service.ts'
import { loadProtocol } from '../protocol.ts'
import type { GrpcSettings } from './settings.ts'
import { openDoor } from './tls.ts'
import { createTurns } from './turns.ts'
import { forgetMessages, http2StreamOf, limitReadAhead, setReceiveWindows, widen } from './windows.ts'
import { GRACE_MS } from '../../timeouts/index.ts'

/** Calls at once on one connection; a party has at most a handful. */
const MAXIMUM_STREAMS = 64
/** For the last trailers to leave after every call has ended. */
const GOODBYE_MS = GRACE_MS / 40

export async function serveGrpc(options: ServeOptions, settings: GrpcSettings): Promise<Listening> {
  options.signal.throwIfAborted()
  const own = checkIdentity(options.identity, settings.now())
  const address = parseAddress(options.address, 0)
  const calls = createCalls()
  const peers = createGuestBook()
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer(settings, sessions)
  const turns = createTurns()
  for (const endpoint of endpoints(options)) register(server, endpoint, calls, peers, turns)
  const health = new HealthImplementation({ '': 'SERVING' })
  health.addToServer(server)
  new ReflectionService(loadProtocol()).addToServer(server)
  // The door has ended TLS already; what is injected is a socket that only looks plain to grpc-js.
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure())
  const door = await openDoor({
    address,
    own,
    settings,
    log: options.log,
    admit(socket, peer) {
      const who = { peer: peer.name, role: peer.role }
      if (!peers.enter(socket, peer)) {
        options.log.warn(who, 'connection refused: this certificate holds too many')
        socket.destroy()
      } else if (options.prover === undefined || peer.role !== 'party') {
        injector.injectConnection(socket)
      } else {
        proveTo(socket, own, options.prover, settings).then(
          () => injector.injectConnection(socket),
          (error: unknown) => {
            if (!options.signal.aborted) options.log.warn({ ...who, error }, 'no attested connection came about')
            socket.destroy()
          },
        )
      }
    },
  })

  let ending: Promise<void> | undefined
  const end = async () => {
    door.shut()
    health.setStatus('', 'NOT_SERVING')
    await calls.drain(Number.POSITIVE_INFINITY)
    await goodbye(server, sessions)
    server.forceShutdown()
    await door.close()
  }
  const drain = async (graceMs: number) => {
    options.signal.removeEventListener('abort', abort)
    ending ??= end()
    await Promise.all([calls.drain(graceMs), ending])
  }
  const abort = () => void drain(0)
  options.signal.addEventListener('abort', abort, { once: true })
  if (options.signal.aborted) await drain(0)
  return { address: formatAddress(door.address), drain, [Symbol.asyncDispose]: () => drain(0) }
}

/** Connections that one certificate may hold: an agent needs one, and one more while the old one is given up. */
const CONNECTIONS_OF_A_PEER = 16

interface GuestBook {
  /** @returns false when the guest has too many connections already. */
  enter(socket: TLSSocket, peer: Peer): boolean
  /** Whose call it is; undefined when the connection is gone. */
  find(call: BytesStream): Peer | undefined
}

/** Who is behind a certificate, for as long as a connection with it is open: a call only shows the certificate. */
function createGuestBook(): GuestBook {
  const guests = new Map<string, { readonly peer: Peer; connections: number }>()
  /** Reading the certificate costs 0.1 ms, and a connection has one. */
  const known = new WeakMap<object, Peer>()
  return {
    enter(socket, peer) {
      const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? ''
      const guest = guests.get(fingerprint) ?? { peer, connections: 0 }
      if (guest.connections >= CONNECTIONS_OF_A_PEER) return false
      guest.connections += 1
      guests.set(fingerprint, guest)
      socket.once('close', () => {
        guest.connections -= 1
        if (guest.connections === 0) guests.delete(fingerprint)
      })
      return true
    },
    find(call) {
      const { session } = http2StreamOf(call)
      const fingerprint = () => call.getAuthContext().sslPeerCertificate?.fingerprint256 ?? ''
      const peer = (session && known.get(session)) ?? guests.get(fingerprint())?.peer
      if (session && peer) known.set(session, peer)
      return peer
    },
  }
}

function createServer(settings: GrpcSettings, sessions: Set<ServerHttp2Session>): grpc.Server {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': MAXIMUM_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAXIMUM_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': MAXIMUM_STREAMS,
    'grpc.keepalive_time_ms': settings.keepaliveMs,
    'grpc.keepalive_timeout_ms': settings.keepaliveTimeoutMs,
    'grpc.enable_channelz': 0,
  })
  setReceiveWindows(server, (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  return server
}

/**
 * Closes the sessions in order; a client that does not answer is not waited for. A session that closes takes trailers
 * with it that have not left (seen with Node 24), so each client first answers a ping: it has read what came before.
 */
async function goodbye(server: grpc.Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  const enough = AbortSignal.timeout(GOODBYE_MS)
  const timeout = once(enough, 'abort')
  await Promise.race([Promise.all([...sessions].map(answered)), timeout])
  await Promise.race([new Promise<void>((resolve) => server.tryShutdown(() => resolve())), timeout])
}

function answered(session: ServerHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed || session.closed || !session.ping(() => resolve())) resolve()
  })
}

type BytesStream = grpc.ServerDuplexStream<Buffer, Buffer>
const same = (bytes: Buffer): Buffer => bytes

function register(
  server: grpc.Server,
  endpoint: Endpoint,
  calls: Calls,
  peers: GuestBook,
  turns: ReturnType<typeof createTurns>,
): void {
  const take: grpc.handleBidiStreamingCall<Buffer, Buffer> = (stream) => {
    limitReadAhead(stream)
    const call = calls.open(endpoint.method.lasting)
    stream.once('cancelled', () => call.abort(departure(stream, endpoint.method.name)))
    turns(() => {
      void answerStream(endpoint, stream, call.signal, peers).then((outcome) => {
        conclude(stream, outcome, endpoint.method.kind)
        forgetMessages(stream)
        call.close()
      })
    })
  }
  if (server.register(endpoint.path, take, same, same, 'bidi')) return
  throw new Error(`${endpoint.path} is bound twice`)
}

async function answerStream(
  endpoint: Endpoint,
  stream: BytesStream,
  signal: AbortSignal,
  peers: GuestBook,
): Promise<Outcome> {
  const peer = peers.find(stream)
  // The connection closed between the call's arrival and this moment; nobody reads the answer.
  if (peer === undefined) return { status: 'UNAVAILABLE', code: 'PEER_LOST', message: 'the connection is closed' }
  return answer(endpoint, {
    peer,
    signal,
    requests: requestsOf(stream),
    widen: () => widen(http2StreamOf(stream)),
    send: (message) => unlessAborted(written(stream, message), signal),
  })
}

/**
 * A connection that breaks ends its streams as if the caller had said all; here that is told apart. A caller that cancels
 * cannot be: HTTP/2 for Node ends the stream properly and resets it one frame later, which aborts the call's signal.
 */
async function* requestsOf(stream: BytesStream): AsyncGenerator<Buffer> {
  // Leaving the loop must not destroy the stream: the outcome still has to be sent on it.
  for await (const bytes of stream.iterator({ destroyOnReturn: false })) yield bytes
  if (stream.cancelled || http2StreamOf(stream).aborted) throw new RpcError('CALL_ABORTED', 'the caller is gone')
}

/** One message under way at a time: the callback comes when HTTP/2 has taken it, within the receiver's window. */
function written(stream: BytesStream, message: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(message, (error?: Error | null) => (error ? reject(error) : resolve()))
  })
}

function departure(stream: BytesStream, name: string): RpcError {
  const deadline = stream.getDeadline()
  const late = Number(deadline) <= Date.now()
  return late
    ? new RpcError('CALL_DEADLINE', `${name} was not answered in the time its caller allowed`)
    : new RpcError('CALL_ABORTED', `the caller left ${name}`)
}

function conclude(stream: BytesStream, outcome: Outcome, kind: MethodKind): void {
  if (stream.cancelled) return
  if (outcome.status === 'OK') {
    stream.end()
    return
  }
  const metadata = new grpc.Metadata()
  metadata.set(CODE_TRAILER, outcome.code)
  // How grpc-js is told a status: its stream ends with what this error says.
  stream.emit('error', { code: grpc.status[outcome.status], details: outcome.message, metadata })
  if (kind !== 'bidi') return
  // The status follows what was sent before. A caller that does not read that must not keep the stream, and all that it
  // has sent on it.
  const http2 = http2StreamOf(stream)
  const reset = setTimeout(() => http2.close(constants.NGHTTP2_CANCEL), GOODBYE_MS)
  http2.once('close', () => clearTimeout(reset))
}
