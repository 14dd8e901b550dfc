/**
 * The server's side of a call, for every network: who may call, messages in, handler, messages out, outcome.
 *
 * `answer` never rejects. It ends as soon as the call's signal aborts, whether or not the handler notices: a handler
 * that hangs may not keep a client, or a program that wants to stop, waiting.
 */
import type { Peer, ServerCall } from '../api.ts'
import { RpcError } from '../errors.ts'
import type { Log, ServeOptions } from '../network.ts'
import { wireMethods, type WireMethod } from '../protocol.ts'
import type { Handler, ServiceBinding } from '../service.ts'
import { type Outcome, outcomeOf, success } from './outcome.ts'
import { interruptible, onlyOne, parsed, requireFits, unlessAborted } from './streams.ts'

/** A call as a network delivers it. */
export interface IncomingCall {
  readonly peer: Peer
  readonly requests: AsyncIterable<Buffer>
  /** Aborts with an RpcError when the caller leaves, its deadline passes, or the server closes. */
  readonly signal: AbortSignal
  readonly widen: ServerCall['widen']
  /** Resolves when the network can take the next message; rejects when the call is over. */
  send(message: Buffer): Promise<void>
}

/** A method with its handler, and the rules for calling it. */
export interface Endpoint extends WireMethod {
  readonly binding: ServiceBinding
  readonly handle: Handler
  readonly authorise: ServeOptions['authorise']
  readonly log: Log
}

export function endpoints({ services, authorise, log }: ServeOptions): Endpoint[] {
  return services.flatMap((binding) =>
    wireMethods(binding.service).map((wire) => ({
      ...wire,
      binding,
      authorise,
      log,
      handle: binding.handler(wire.key),
    })),
  )
}

export async function answer(endpoint: Endpoint, call: IncomingCall): Promise<Outcome> {
  const failing = new AbortController()
  try {
    admit(endpoint, call.peer)
    call.signal.throwIfAborted()
    const responding = respond(endpoint, call, failing)
    await unlessAborted(unlessAborted(responding, failing.signal), call.signal)
    return success
  } catch (error) {
    // A handler that was told to stop may throw anything on its way out; the reason it was told is the outcome.
    const reason: unknown = call.signal.aborted ? call.signal.reason : error
    return outcomeOf(reason, endpoint.method.name, call.peer, endpoint.log)
  }
}

function admit({ binding, method, authorise }: Endpoint, peer: Peer): void {
  const { allowedRoles, service } = binding
  if (!allowedRoles.includes(peer.role)) {
    const message = `${service.name} is for the role ${allowedRoles.join(' or ')}; the caller is ${peer.role} ${peer.name}`
    throw new RpcError('CALL_NOT_ALLOWED', message)
  }
  authorise?.(peer, { service: service.name, name: method.name })
}

async function respond(endpoint: Endpoint, call: IncomingCall, failing: AbortController): Promise<void> {
  const { method, handle } = endpoint
  const fail = (reason: Error) => failing.abort(reason)
  const context: ServerCall = { peer: call.peer, signal: call.signal, widen: call.widen, fail }
  const requests = decoded(endpoint, call.requests)
  const request = method.kind === 'bidi' ? requests : await onlyOne(requests, method.name)
  const result = handle(request, context)
  if (method.kind === 'unary') return call.send(encoded(endpoint, await result))
  if (!isAsyncIterable(result)) throw new Error(`the handler of ${method.name} gave no stream`)
  for await (const each of interruptible(result, call.signal)) {
    // Where it cannot be sent, the handler is not to hang in it: leaving the loop tells it to return.
    await unlessAborted(call.send(encoded(endpoint, each)), failing.signal)
  }
}

/** Our own answer being out of bounds is our fault, not the caller's: it must not travel as WIRE_INVALID. */
function encoded({ method, encodeResponse }: Endpoint, value: unknown): Buffer {
  let bytes: Buffer
  try {
    bytes = encodeResponse(method.response.toWire(value))
  } catch (error) {
    throw new Error(`the answer of ${method.name} cannot be sent`, { cause: error })
  }
  requireFits(bytes, method.response.name)
  return bytes
}

async function* decoded({ method, decodeRequest }: Endpoint, requests: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const bytes of requests) yield method.request.fromWire(parsed(decodeRequest, bytes, method.request.name))
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
