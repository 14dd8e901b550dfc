/** What a failed call of grpc-js means, in this product's words. */
import { connectivityState, type ServiceError, status } from '@grpc/grpc-js'
import { CodedError, type StatusName } from '../../errors/index.ts'
import { formatAddress } from '../address.ts'
import { CODE_TRAILER, errorOf, type Outcome } from '../call/outcome.ts'
import { RpcError } from '../errors.ts'
import { describePeer } from '../identity/verify.ts'
import type { Line } from './line.ts'

export interface FailedCall {
  readonly name: string
  readonly deadlineMs: number | undefined
  readonly line: Line
  readonly state: connectivityState
}

export function failureOf(error: ServiceError, call: FailedCall): CodedError {
  const outcome = outcomeIn(error)
  if (outcome.code !== '') return errorOf(outcome, call.name, formatAddress(call.line.address))
  if (error.code === status.UNAVAILABLE || isGoodbye(error)) return connectionFailure(error, call)
  if (error.code === status.DEADLINE_EXCEEDED) return late(error, call)
  return errorOf(outcome, call.name, formatAddress(call.line.address))
}

/** A call that begins as the other side says GOAWAY; grpc-js 1.14.7 gives it as INTERNAL. */
const isGoodbye = (error: ServiceError): boolean =>
  error.code === status.INTERNAL && error.details.startsWith('Failed to start HTTP/2 stream')

function outcomeIn(error: ServiceError): Outcome {
  const [code] = error.metadata.get(CODE_TRAILER)
  const name: unknown = status[error.code]
  return {
    status: isStatusName(name) ? name : 'INTERNAL',
    code: typeof code === 'string' ? code : '',
    message: error.details,
  }
}

/** UNKNOWN is the one status of gRPC that this product does not use. */
const isStatusName = (name: unknown): name is StatusName =>
  typeof name === 'string' && name in status && name !== 'OK' && name !== 'UNKNOWN'

function late(error: ServiceError, { name, deadlineMs, line, state }: FailedCall): RpcError {
  const where = formatAddress(line.address)
  const connected = state === connectivityState.READY
  const what = connected ? 'no answer from' : 'no connection to'
  return new RpcError('CALL_DEADLINE', `${name}: ${what} ${where} within ${deadlineMs ?? 0} ms`, { cause: error })
}

/** grpc-js puts the reason of the newest failed attempt behind this. */
const unconnected = 'No connection established'

function connectionFailure(error: ServiceError, { name, line }: FailedCall): CodedError {
  const where = formatAddress(line.address)
  const { details } = error
  const options = { cause: error }
  if (/Name resolution failed|No addresses resolved|ENOTFOUND|EAI_AGAIN/.test(details)) {
    return new RpcError('PEER_UNREACHABLE', `the name in ${where} cannot be resolved`, options)
  }
  const [, system] = /\bconnect (E[A-Z]+)/.exec(details) ?? []
  if (system !== undefined) {
    const words = system === 'ECONNREFUSED' ? 'nothing listens at' : `${system} on the way to`
    return new RpcError('PEER_UNREACHABLE', `${words} ${where}`, options)
  }
  if (!details.includes(unconnected)) {
    return new RpcError('PEER_LOST', `the connection to ${where} broke during ${name}`, options)
  }
  if (line.handshake instanceof RpcError) return new RpcError(line.handshake.code, line.handshake.message, options)
  // The appraiser's: with its class and all its reasons.
  if (line.handshake instanceof CodedError) return line.handshake
  if (line.handshake === 'secured') {
    const message = `${where} closed the connection right after the TLS handshake: it does not accept ${describePeer(line.own)}`
    return new RpcError('PEER_REFUSED_US', message, options)
  }
  return new RpcError('PEER_UNREACHABLE', `no connection to ${where}: ${details}`, options)
}
