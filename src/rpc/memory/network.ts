/**
 * A network inside one process, for tests and for trying things out: the same handlers, the same bytes, the same
 * certificates and errors as over mTLS, without sockets. What it cannot show is what sockets do: loss, delay, TLS.
 *
 * Messages pass through the protobuf encoders; pipes hold two messages, so a slow reader stops the writer; certificates
 * are verified with their signatures by both sides before each call. Ports are the addresses; host names do not count.
 */
import { randomBytes } from 'node:crypto'
import { judge } from '../attested/client.ts'
import { keyDigest } from '../attested/preamble.ts'
import type { ConnectOptions, Connection, Listening, Network, Prover, ServeOptions } from '../network.ts'
import { formatAddress, parseAddress } from '../address.ts'
import { answer, endpoints, type Endpoint } from '../call/answer.ts'
import { type Calls, createCalls } from '../call/calls.ts'
import { aborted, type Carrier, createClient, type OutgoingCall } from '../call/client.ts'
import { errorOf } from '../call/outcome.ts'
import { interruptible, unlessAborted, whenAborted } from '../call/streams.ts'
import { RpcError } from '../errors.ts'
import { type CheckedIdentity, checkChain, checkIdentity, judgePeer } from '../identity/verify.ts'
import { createTurns } from '../turns.ts'
import { createPipe, type Pipe } from './pipe.ts'

const PIPE_MESSAGES = 2
/** Where ports come from when 0 is asked for: the range that the IANA leaves to such uses. */
const FIRST_FREE_PORT = 49_152

interface Server {
  readonly own: CheckedIdentity
  readonly now: () => number
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly calls: Calls
  readonly log: ServeOptions['log']
  readonly prover: Prover | undefined
}

/** Who listens on which port. Networks that share one reach each other; a test gives each side a clock of its own. */
export type Switchboard = Map<number, Server>

export interface MemoryOptions {
  /** Milliseconds since the epoch; by default the machine's clock. */
  readonly now?: () => number
  readonly switchboard?: Switchboard
}

export function createMemoryNetwork({ now = Date.now, switchboard = new Map() }: MemoryOptions = {}): Network {
  return {
    serve: async (options) => serve(options, now, switchboard),
    connect: (options) => connect(options, now, switchboard),
  }
}

function serve(options: ServeOptions, now: () => number, switchboard: Switchboard): Listening {
  const own = checkIdentity(options.identity, now())
  const { host, port } = choosePort(options.address, switchboard)
  const table = new Map(endpoints(options).map((each) => [each.path, each]))
  const calls = createCalls()
  const server: Server = { own, now, endpoints: table, calls, log: options.log, prover: options.prover }
  options.signal.throwIfAborted()
  switchboard.set(port, server)
  const drain = async (graceMs: number) => {
    if (switchboard.get(port) === server) switchboard.delete(port)
    options.signal.removeEventListener('abort', abort)
    await calls.drain(graceMs)
  }
  const abort = () => void drain(0)
  options.signal.addEventListener('abort', abort, { once: true })
  return { address: formatAddress({ host, port }), drain, [Symbol.asyncDispose]: () => drain(0) }
}

function choosePort(address: string, switchboard: Switchboard) {
  const wanted = parseAddress(address, 0)
  if (switchboard.has(wanted.port)) throw new RpcError('ADDRESS_IN_USE', `${address} is taken by another program`)
  let port = wanted.port
  if (port === 0) for (port = FIRST_FREE_PORT; switchboard.has(port); ) port += 1
  return { host: wanted.host, port }
}

function connect(options: ConnectOptions, now: () => number, switchboard: Switchboard): Connection {
  const own = checkIdentity(options.identity, now())
  const { port } = parseAddress(options.address, 1)
  const closing = new AbortController()
  const dial = (): Server => {
    const server = switchboard.get(port)
    if (server === undefined) throw new RpcError('PEER_UNREACHABLE', `nothing listens at ${options.address}`)
    judgePeer(server.own.certificate, checkChain(server.own.certificate, own.roots, now()), {
      federation: own.peer.federation,
      role: options.role,
      now: now(),
      whose: `the program at ${options.address}`,
    })
    return server
  }
  const attest = createAttestation(options, own, closing.signal)
  const place = { address: options.address, closing: closing.signal, attest }
  const carrier: Carrier = { carry: (call) => carry(call, own, dial, place) }
  return {
    client: (service) => createClient(service, carrier),
    async reach({ signal }) {
      for (const each of [signal, closing.signal]) if (each.aborted) throw aborted('Check', each)
      const server = dial()
      admit(server, own, options.address)
      await attest(server)
    },
    [Symbol.asyncDispose]: async () => closing.abort(),
  }
}

/**
 * Once for each server met at the address, as over TLS once for each connection. There is no TLS session to take an
 * exporter from: a number that only the two ends know stands in.
 */
function createAttestation({ address, appraiser }: ConnectOptions, own: CheckedIdentity, closing: AbortSignal) {
  const attested = new WeakMap<Server, Promise<void>>()
  const attest = async ({ own: { certificate }, prover, log }: Server): Promise<void> => {
    if (appraiser === undefined && prover !== undefined && own.peer.role === 'party') {
      log.warn({ peer: own.peer.name }, 'connection refused: the caller, a party, did not ask for evidence')
      throw new RpcError('PEER_REFUSED_US', `the program at ${address} closed the connection after the handshake`)
    }
    if (appraiser === undefined) return
    if (prover === undefined) throw new RpcError('PEER_NOT_ATTESTED', `the program at ${address} gives no evidence`)
    const [nonce, exporter] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))]
    const session = { nonce, exporter, serverKey: keyDigest(certificate), clientKey: keyDigest(own.certificate) }
    const answer = await prover.prove(session).catch((error: unknown) => {
      log.warn({ peer: own.peer.name, error }, 'no attested connection came about')
      throw new RpcError('PEER_CANNOT_ATTEST', `the aggregator at ${address} has no evidence to give`)
    })
    await judge(appraiser, answer, session, address, closing)
  }
  return (server: Server): Promise<void> => {
    const attesting = attested.get(server) ?? attest(server)
    attested.set(server, attesting)
    // A refusal is for this call; the next one dials and asks again.
    attesting.catch(() => attested.delete(server))
    return attesting
  }
}

/** The server's side of the handshake: what it finds stays in its own log, the client only learns that it is refused. */
function admit(server: Server, own: CheckedIdentity, address: string) {
  const { federation } = server.own.peer
  const expected = { federation, role: undefined, now: server.now(), whose: 'a caller in this process' }
  try {
    return judgePeer(own.certificate, checkChain(own.certificate, server.own.roots, server.now()), expected)
  } catch (error) {
    server.log.warn({ error }, 'connection refused')
    throw new RpcError('PEER_REFUSED_US', `the program at ${address} closed the connection after the handshake`)
  }
}

/** For all networks of this process: they share its event loop. */
const turns = createTurns()

interface Place {
  readonly address: string
  readonly closing: AbortSignal
  readonly attest: (server: Server) => Promise<void>
}

async function* carry(
  call: OutgoingCall,
  own: CheckedIdentity,
  dial: () => Server,
  place: Place,
): AsyncGenerator<Buffer> {
  const { method, deadlineMs } = call
  const { name, lasting } = method.method
  await turns.next()
  if (call.signal.aborted) throw aborted(name, call.signal)
  const server = dial()
  const peer = admit(server, own, place.address)
  await unlessAborted(place.attest(server), call.signal).catch((error: unknown) => {
    throw call.signal.aborted ? aborted(name, call.signal) : error
  })
  const endpoint = server.endpoints.get(method.path)
  if (endpoint === undefined) throw new RpcError('CALL_UNKNOWN', `${name} is not offered at ${place.address}`)

  const responses = createPipe<Buffer>(PIPE_MESSAGES)
  const requests = createPipe<Buffer>(PIPE_MESSAGES)
  const over = new AbortController()
  const answering = server.calls.open(lasting)
  /** Ends both sides, each with its own reason. */
  const cut = (here: Error, there: RpcError) => {
    answering.abort(there)
    requests.end()
    over.abort(here)
  }
  const unlink = whenAborted([call.signal, place.closing], (signal) =>
    cut(aborted(name, signal), new RpcError('CALL_ABORTED', `the caller left ${name}`)),
  )
  const late = () => new RpcError('CALL_DEADLINE', `${name}: no answer from ${place.address} within ${deadlineMs} ms`)
  const deadline = deadlineMs === undefined ? undefined : setTimeout(() => cut(late(), late()), deadlineMs)

  const feeding = feed(call.requests, requests, over.signal).catch((error: Error) => {
    if (!over.signal.aborted) cut(error, new RpcError('CALL_ABORTED', `the caller of ${name} failed`))
  })
  const { signal } = answering
  const send = (message: Buffer) => responses.write(message)
  void answer(endpoint, { peer, requests: interruptible(requests, signal), signal, widen, send }).then((outcome) => {
    answering.close()
    responses.end(outcome.status === 'OK' ? undefined : errorOf(outcome, name, place.address))
  })
  try {
    for await (const message of interruptible(responses, over.signal)) {
      await turns.next()
      over.signal.throwIfAborted()
      yield message
    }
  } finally {
    clearTimeout(deadline)
    unlink()
    const gone = new RpcError('CALL_ABORTED', `the caller left ${name}`)
    cut(gone, gone)
    await feeding
  }
}

/** There are no windows here: a pipe holds two messages. */
const widen = () => () => undefined

async function feed(from: AsyncIterable<Buffer>, into: Pipe<Buffer>, over: AbortSignal): Promise<void> {
  for await (const each of interruptible(from, over)) {
    // The server may end a call without reading to its end; that is no fault of the sender.
    if (
      !(await into.write(each).then(
        () => true,
        () => false,
      ))
    )
      return
  }
  into.end()
}
