/**
 * How a call ends, on the wire and off it: a gRPC status, the stable code in the trailer `coffer-code`, and a message.
 * The server turns what a handler threw into an `Outcome`; the client turns an `Outcome` into what it throws. A handler's
 * own fault leaves the machine as a correlation id only: neither message nor stack.
 */
import { randomUUID } from 'node:crypto'
import { CodedError, type StatusName } from '../../errors/index.ts'
import { RemoteError, RpcError, rpcErrors } from '../errors.ts'
import { MAXIMUM_ERROR_MESSAGE } from '../limits.ts'
import type { Log } from '../network.ts'
import { errorCodePattern, shortened } from '../wire/values.ts'

export const CODE_TRAILER = 'coffer-code'

export interface Outcome {
  readonly status: StatusName | 'OK'
  /** '' where the other side said none. */
  readonly code: string
  readonly message: string
}

export const success: Outcome = { status: 'OK', code: '', message: '' }

/** What the caller of `method` is told about `error`. */
export function outcomeOf(error: unknown, method: string, peer: object, log: Log): Outcome {
  if (error instanceof CodedError) {
    log.info({ method, peer, code: error.code }, 'call refused')
    return { status: error.row.status, code: error.code, message: shortened(error.message, MAXIMUM_ERROR_MESSAGE) }
  }
  const correlation = randomUUID()
  log.error({ method, peer, correlation, error }, 'call failed')
  const message = `${method} failed at the other side; its log has the details under ${correlation}`
  return { status: 'INTERNAL', code: 'CALL_FAILED' satisfies keyof typeof rpcErrors, message }
}

const isRpcCode = (code: string): code is keyof typeof rpcErrors => Object.hasOwn(rpcErrors, code)

/**
 * The error of a call that the other side ended. A code of this room becomes an RpcError, so that a deadline is a
 * deadline wherever it was noticed; any other becomes a RemoteError. A trailer that is no code is treated as absent.
 */
export function errorOf(outcome: Outcome, method: string, address: string): RpcError | RemoteError {
  const { status, code } = outcome
  const message = shortened(outcome.message, MAXIMUM_ERROR_MESSAGE)
  if (isRpcCode(code)) return new RpcError(code, message)
  if (status !== 'OK' && errorCodePattern.test(code)) return new RemoteError(code, status, message)
  const said = `${method} at ${address}: ${message}`
  switch (status) {
    case 'DEADLINE_EXCEEDED':
      return new RpcError('CALL_DEADLINE', said)
    case 'CANCELLED':
      return new RpcError('CALL_ABORTED', said)
    case 'UNIMPLEMENTED':
      return new RpcError('CALL_UNKNOWN', said)
    case 'RESOURCE_EXHAUSTED':
      // grpc-js says so of messages beyond its limit; handlers of this product send a code of their own.
      return new RpcError('WIRE_TOO_LARGE', said)
    case 'UNAVAILABLE':
      return new RpcError('PEER_LOST', said)
    default:
      return new RpcError('CALL_FAILED', `${said} (${status})`)
  }
}
