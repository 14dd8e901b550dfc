/**
 * The client's side of a call, for every network: a typed object whose methods encode, carry and decode.
 *
 * A network is a `Carrier`: bytes out, bytes in, and one error at the end. What a client throws is an RpcError (found at
 * this side, or a code of this room from the other) or a RemoteError (a code of another room).
 */
import type { ClientCall } from '../api.ts'
import { RpcError } from '../errors.ts'
import { type WireMethod, wireMethods } from '../protocol.ts'
import type { AnyService, Service } from '../service.ts'
import { onlyOne, parsed, requireFits } from './streams.ts'

export interface OutgoingCall {
  readonly method: WireMethod
  readonly requests: AsyncIterable<Buffer>
  readonly signal: AbortSignal
  /** Milliseconds from now; undefined for a stream that may last. */
  readonly deadlineMs: number | undefined
}

export interface Carrier {
  /** Starts with the first pull; returning early cancels the call. Throws RpcError or RemoteError. */
  carry(call: OutgoingCall): AsyncIterable<Buffer>
}

export function createClient<ClientApi, ServerApi>(
  service: Service<ClientApi, ServerApi>,
  carrier: Carrier,
): ClientApi {
  const untyped: AnyService = service
  const methods = wireMethods(untyped).map((method) => [method.key, invoker(method, carrier)])
  // MethodTable has tied each key to the function type that its kind and codecs make; the compiler cannot retrace it.
  return Object.fromEntries(methods) as ClientApi
}

type Invoker = (request: unknown, call: ClientCall) => unknown

function invoker(method: WireMethod, carrier: Carrier): Invoker {
  const { kind } = method.method
  const start = (request: unknown, call: ClientCall) => responses(method, carrier, request, call)
  if (kind !== 'unary') return start
  return (request, call) => onlyOne(start(request, call), method.method.name)
}

async function* responses(
  wire: WireMethod,
  carrier: Carrier,
  request: unknown,
  call: ClientCall,
): AsyncGenerator<unknown> {
  const { method, decodeResponse } = wire
  const deadlineMs = requireDeadline(call.deadlineMs, method.name)
  if (call.signal.aborted) throw aborted(method.name, call.signal)
  const requests = encoded(wire, method.kind === 'bidi' ? asStream(request) : [request])
  for await (const bytes of carrier.carry({ method: wire, requests, signal: call.signal, deadlineMs })) {
    yield method.response.fromWire(parsed(decodeResponse, bytes, method.response.name))
  }
}

export function aborted(name: string, signal: AbortSignal): RpcError {
  return new RpcError('CALL_ABORTED', `${name} was ended by its caller`, { cause: signal.reason })
}

/** A timer takes at most 2^31 - 1 ms, which is 24 days. */
function requireDeadline(deadlineMs: ClientCall['deadlineMs'], name: string): number | undefined {
  if (deadlineMs === 'open') return undefined
  if (deadlineMs > 0 && deadlineMs < 2 ** 31) return deadlineMs
  throw new RangeError(`${name}: a deadline of ${deadlineMs} ms, expected more than 0 and less than 2^31`)
}

function asStream(value: unknown): AsyncIterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
    return value as AsyncIterable<unknown>
  throw new TypeError('the request of this call is a stream')
}

async function* encoded(
  { method, encodeRequest }: WireMethod,
  values: AsyncIterable<unknown> | unknown[],
): AsyncGenerator<Buffer> {
  for await (const value of values) {
    const bytes = encodeRequest(method.request.toWire(value))
    requireFits(bytes, method.request.name)
    yield bytes
  }
}
