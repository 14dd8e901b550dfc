/** Calling over mTLS: one grpc-js channel per connection, every call a stream of bytes both ways. */
import * as grpc from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import type { ClientCall } from '../api.ts'
import { formatAddress, parseAddress } from '../address.ts'
import { aborted, type Carrier, createClient, type OutgoingCall } from '../call/client.ts'
import { interruptible, onlyOne, parsed, unlessAborted, whenAborted } from '../call/streams.ts'
import { RpcError } from '../errors.ts'
import { checkIdentity } from '../identity/verify.ts'
import { MAXIMUM_MESSAGE_BYTES } from '../limits.ts'
import type { Connection, ConnectOptions } from '../network.ts'
import { failureOf } from './failure.ts'
import { FederationCredentials, type Line } from './line.ts'
import { type GrpcSettings, DOWNLOAD_WINDOW } from './settings.ts'
import { limitReadAhead } from './windows.ts'

export function connectGrpc(options: ConnectOptions, settings: GrpcSettings): Connection {
  const closing = new AbortController()
  const line: Line = {
    address: parseAddress(options.address, 1),
    own: checkIdentity(options.identity, settings.now()),
    role: options.role,
    settings,
    appraiser: options.appraiser,
    closing: closing.signal,
    handshake: undefined,
  }
  const client = new grpc.Client(formatAddress(line.address), new FederationCredentials(line), channelOptions(settings))
  const carrier: Carrier = { carry: (call) => carry(client, line, closing.signal, call) }
  return {
    client: (service) => createClient(service, carrier),
    reach: (call) => reach((health) => carry(client, line, closing.signal, health), call, options.address),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the connection was closed at this side'))
      client.close()
    },
  }
}

const channelOptions = (settings: GrpcSettings): grpc.ClientOptions => ({
  'grpc.max_receive_message_length': MAXIMUM_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAXIMUM_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': settings.keepaliveMs,
  'grpc.keepalive_timeout_ms': settings.keepaliveTimeoutMs,
  'grpc.initial_reconnect_backoff_ms': settings.backoffMs,
  'grpc.max_reconnect_backoff_ms': settings.backoffLimitMs,
  'grpc-node.flow_control_window': DOWNLOAD_WINDOW,
  // A channel that went idle after its default of 30 minutes would dial again in the middle of a night's work.
  'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
  // Two connections to one address stay two: one for control, one for bulk; and one's failure is not the other's.
  'grpc.use_local_subchannel_pool': 1,
  // Neither the environment's proxy settings nor retries that no table of this product knows of.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
})

type BytesStream = grpc.ClientDuplexStream<Buffer, Buffer>
const same = (bytes: Buffer): Buffer => bytes

/** What the bytes of a call need to know of it: the health service is in no table of this product. */
interface BytesCall extends Omit<OutgoingCall, 'method'> {
  readonly method: { readonly path: string; readonly method: { readonly name: string } }
}

async function reach(
  health: (call: BytesCall) => AsyncIterable<Buffer>,
  { signal, deadlineMs }: ClientCall,
  address: string,
): Promise<void> {
  const { Check } = healthService
  if (Check === undefined) throw new Error('grpc-health-check has no method Check')
  if (signal.aborted) throw aborted('Check', signal)
  const answers = health({
    method: { path: Check.path, method: { name: 'Check' } },
    requests: one(Check.requestSerialize({ service: '' })),
    signal,
    deadlineMs: deadlineMs === 'open' ? undefined : deadlineMs,
  })
  const decoded = parsedEach(answers, Check.responseDeserialize)
  const answer = await onlyOne(decoded, 'Check')
  if (typeof answer === 'object' && answer !== null && Reflect.get(answer, 'status') === 'SERVING') return
  throw new RpcError('PEER_DRAINING', `the program at ${address} is shutting down`)
}

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value
}

async function* parsedEach(messages: AsyncIterable<Buffer>, decode: (bytes: Buffer) => object): AsyncGenerator<object> {
  for await (const bytes of messages) yield parsed(decode, bytes, 'HealthCheckResponse')
}

async function* carry(client: grpc.Client, line: Line, closing: AbortSignal, call: BytesCall): AsyncGenerator<Buffer> {
  const { method, deadlineMs, signal } = call
  const { name } = method.method
  if (closing.aborted) throw aborted(name, closing)
  const timed = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
  const stream = client.makeBidiStreamRequest(method.path, same, same, new grpc.Metadata(), timed)
  limitReadAhead(stream)
  const over = new AbortController()
  stream.once('status', () => over.abort())
  // The loop below throws what the stream reports; this listener is for what comes after the loop was left.
  stream.on('error', () => over.abort())
  let reason: unknown
  const cut = (why: unknown) => {
    reason ??= why
    stream.cancel()
  }
  const unlink = whenAborted([signal, closing], (which) => cut(aborted(name, which)))
  const feeding = feed(stream, call.requests, over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) cut(error)
  })
  try {
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) yield bytes
  } catch (error) {
    if (reason !== undefined) throw reason
    if (!isServiceError(error)) throw error
    throw failureOf(error, { name, deadlineMs, line, state: client.getChannel().getConnectivityState(false) })
  } finally {
    unlink()
    over.abort()
    stream.cancel()
    await feeding
  }
}

const isServiceError = (error: unknown): error is grpc.ServiceError =>
  error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error

/** Writes one message after the other, each when HTTP/2 has taken the one before; stops when the call is over. */
async function feed(stream: BytesStream, requests: AsyncIterable<Buffer>, over: AbortSignal): Promise<void> {
  for await (const bytes of interruptible(requests, over)) {
    await unlessAborted(new Promise<void>((resolve) => stream.write(bytes, () => resolve())), over)
  }
  stream.end()
}
