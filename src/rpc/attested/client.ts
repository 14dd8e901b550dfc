/**
 * The party's side of an attested connection: a fresh nonce out, an answer of bounded length in, and the appraiser's
 * judgement. Whoever stands at the other end has heard nothing but 40 bytes until that has come out well.
 */
import { randomBytes, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { NONCE_BYTES, type Session, type SessionAnswer } from '../../attestation/index.ts'
import { CodedError } from '../../errors/index.ts'
import { RpcError } from '../errors.ts'
import { type CheckedIdentity, describePeer } from '../identity/verify.ts'
import { MAXIMUM_ANSWER_BYTES } from '../limits.ts'
import type { Appraiser } from '../network.ts'
import { decodeAnswer } from '../wire/attestation.ts'
import { Ended, LENGTH_BYTES, OPENING, readExactly, sessionOf, write } from './preamble.ts'

export interface Dialled {
  readonly address: string
  /** The server's. */
  readonly certificate: X509Certificate
  readonly own: CheckedIdentity
  readonly attestationMs: number
  /** The connection is given up at this side. */
  readonly closing: AbortSignal
}

/** Throws RpcError, or what the appraiser throws. */
export async function appraiseServer(socket: TLSSocket, appraiser: Appraiser, dialled: Dialled): Promise<void> {
  const { address, certificate, own, attestationMs, closing } = dialled
  const late = AbortSignal.timeout(attestationMs)
  const signal = AbortSignal.any([late, closing])
  try {
    const nonce = new Uint8Array(randomBytes(NONCE_BYTES))
    const session = sessionOf(socket, nonce, { server: certificate, client: own.certificate })
    await write(socket, Buffer.concat([OPENING, nonce]), signal)
    await judge(appraiser, await readAnswer(socket, dialled, signal), session, address, signal)
  } catch (error) {
    if (late.aborted)
      throw unattested(address, `gave no evidence that could be judged within ${attestationMs} ms`, error)
    if (closing.aborted) throw new RpcError('CALL_ABORTED', 'the connection was closed at this side', { cause: error })
    throw error
  }
}

/** The same in memory, where there is no TLS session to take an exporter from: any secret of the two ends will do. */
export async function judge(
  appraiser: Appraiser,
  answer: SessionAnswer,
  session: Session,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await appraiser.appraise(answer, session, address, signal)
  } catch (error) {
    if (error instanceof CodedError || signal.aborted) throw error
    throw unattested(address, `could not be judged: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

async function readAnswer(socket: TLSSocket, { address, own }: Dialled, signal: AbortSignal): Promise<SessionAnswer> {
  let begun = false
  try {
    const length = (await readExactly(socket, LENGTH_BYTES, signal)).readUInt32BE()
    begun = true
    if (length === 0) throw new RpcError('PEER_CANNOT_ATTEST', `the aggregator at ${address} has no evidence to give`)
    if (length > MAXIMUM_ANSWER_BYTES) throw unattested(address, `announced an answer of ${length} bytes`)
    return decodeAnswer(await readExactly(socket, length, signal))
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    if (begun) throw unattested(address, 'ended the connection in the middle of its answer', error)
    // In TLS 1.3 the client is through before the server has looked at the client's certificate.
    const message = `${address} closed the connection right after the TLS handshake: it does not accept ${describePeer(own)}`
    throw new RpcError('PEER_REFUSED_US', message, { cause: error })
  }
}

const unattested = (address: string, what: string, cause?: unknown): RpcError =>
  new RpcError('PEER_NOT_ATTESTED', `the program at ${address} ${what}`, { cause })
