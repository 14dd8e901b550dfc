/** The message of proto/coffer/v1/attestation.proto. It travels before HTTP/2, outside of any service. */
import type { AnyDefinition, MessageTypeDefinition } from '@grpc/proto-loader'
import {
  MAXIMUM_QUOTE_BYTES,
  MAXIMUM_SENT_LOG_BYTES,
  MAXIMUM_STATEMENT_BYTES,
  type SessionAnswer,
} from '../../attestation/index.ts'
import type { AttestationAnswer__Output } from '../../gen/coffer/v1/AttestationAnswer.ts'
import { RpcError } from '../errors.ts'
import { loadProtocol } from '../protocol.ts'
import { record } from './field.ts'
import { message } from './message.ts'
import { bytes, digest } from './values.ts'

export const attestationAnswer = message(
  'AttestationAnswer',
  record<SessionAnswer, AttestationAnswer__Output>({
    quote: bytes(1, MAXIMUM_QUOTE_BYTES),
    eventLog: bytes(0, MAXIMUM_SENT_LOG_BYTES),
    statement: bytes(1, MAXIMUM_STATEMENT_BYTES),
    nonce: digest,
    clientKey: digest,
    exporterDigest: digest,
    signature: bytes(64, 64),
  }),
)

export function encodeAnswer(answer: SessionAnswer): Uint8Array {
  return definition().serialize(attestationAnswer.toWire(answer))
}

/** Throws RpcError WIRE_INVALID. */
export function decodeAnswer(encoded: Uint8Array): SessionAnswer {
  return attestationAnswer.fromWire(decoded(encoded))
}

function decoded(encoded: Uint8Array): object {
  try {
    return definition().deserialize(Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength))
  } catch (cause) {
    throw new RpcError('WIRE_INVALID', `AttestationAnswer: ${encoded.length} bytes that are not this message`, {
      cause,
    })
  }
}

function definition() {
  const found = loadProtocol()['coffer.v1.AttestationAnswer']
  if (found === undefined || !isMessage(found)) throw new Error('the proto files have no AttestationAnswer')
  return found
}

/** Where a service has a method of its own, under whatever name, a message has its encoder. */
const isMessage = (found: AnyDefinition): found is MessageTypeDefinition<object, object> =>
  typeof Reflect.get(found, 'serialize') === 'function' && typeof Reflect.get(found, 'deserialize') === 'function'
