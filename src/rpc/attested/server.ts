/**
 * The server's side of an attested connection: read the party's nonce, have evidence made for this very session, send
 * it, and only then let HTTP/2 have the socket. A caller that says anything else first is closed.
 */
import type { TLSSocket } from 'node:tls'
import { NONCE_BYTES } from '../../attestation/index.ts'
import { equalBytes } from '../../crypto/index.ts'
import { RpcError } from '../errors.ts'
import type { CheckedIdentity } from '../identity/verify.ts'
import type { Prover } from '../network.ts'
import { encodeAnswer } from '../wire/attestation.ts'
import { LENGTH_BYTES, OPENING, readExactly, sessionOf, write } from './preamble.ts'

export interface Deadlines {
  /** For the request, which a client sends at once. */
  readonly handshakeMs: number
  /** For everything after it. */
  readonly attestationMs: number
}

/** Resolves when the answer has left. Throws what went wrong, for the log: the caller closes the socket. */
export async function proveTo(
  socket: TLSSocket,
  own: CheckedIdentity,
  prover: Prover,
  { handshakeMs, attestationMs }: Deadlines,
): Promise<void> {
  const client = socket.getPeerX509Certificate()
  if (client === undefined) throw new RpcError('PEER_CERTIFICATE_INVALID', 'the caller showed no certificate')
  const nonce = await readRequest(socket, AbortSignal.timeout(handshakeMs))
  const late = AbortSignal.timeout(attestationMs)
  const session = sessionOf(socket, nonce, { server: own.certificate, client })
  const answer = await prover.prove(session).then(encodeAnswer, async (error: unknown) => {
    await write(socket, new Uint8Array(LENGTH_BYTES), late)
    throw error
  })
  await write(socket, framed(answer), late)
}

/** The opening first: a caller that begins with HTTP/2 may send less than a request and would be waited for. */
async function readRequest(socket: TLSSocket, signal: AbortSignal): Promise<Uint8Array> {
  const unasked = () =>
    new RpcError('PEER_NOT_ATTESTED', 'the caller, a party, did not ask for evidence before it spoke')
  if (!equalBytes(await readExactly(socket, OPENING.length, signal), OPENING)) throw unasked()
  const nonce = new Uint8Array(await readExactly(socket, NONCE_BYTES, signal))
  if (socket.readableLength > 0) throw unasked()
  return nonce
}

function framed(answer: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + answer.length)
  new DataView(frame.buffer).setUint32(0, answer.length)
  frame.set(answer, LENGTH_BYTES)
  return frame
}
