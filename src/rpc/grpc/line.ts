/**
 * The client's end of a connection: TLS 1.3, the judgement of the server's certificate and, where an appraiser is
 * given, of its evidence, and what became of it.
 *
 * grpc-js reports every failed connection as UNAVAILABLE with some library's text in it. The `Line` remembers what the
 * handshake really met, so that a call can say it in words.
 *
 * One thing cannot be met here: in TLS 1.3 the client has finished its handshake before the server has looked at the
 * client's certificate. A server that refuses it just closes, and that is seen as a connection which was secured and
 * then ended before HTTP/2 began.
 *
 * `_createSecureConnector` is an underscore API of grpc-js 1.14.7 (pinned; test/rpc/tls.test.ts guards it).
 */
import type { X509Certificate } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js'
import { CodedError } from '../../errors/index.ts'
import type { Role } from '../api.ts'
import { type Address, formatAddress } from '../address.ts'
import { appraiseServer } from '../attested/client.ts'
import { RpcError } from '../errors.ts'
import { type CheckedIdentity, judgePeer } from '../identity/verify.ts'
import type { Appraiser } from '../network.ts'
import type { GrpcSettings } from './settings.ts'
import { chainProblem } from './tls.ts'

export interface Line {
  readonly address: Address
  readonly own: CheckedIdentity
  readonly role: Role
  readonly settings: GrpcSettings
  readonly appraiser: Appraiser | undefined
  /** Aborted when the connection is given up at this side. */
  readonly closing: AbortSignal
  /**
   * How the newest handshake that came to an end did so; undefined before the first. Not reset when another one begins:
   * the call that reports the old one may only be about to ask.
   */
  handshake: 'secured' | CodedError | undefined
}

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>

export class FederationCredentials extends ChannelCredentials {
  readonly #line: Line
  readonly #context: SecureContext

  constructor(line: Line) {
    super()
    const { certificatePem, keyPem } = line.own.identity
    this.#line = line
    this.#context = createSecureContext({
      cert: certificatePem,
      key: keyPem.reveal(),
      ca: line.own.roots.map((each) => each.toString()),
      minVersion: 'TLSv1.3',
    })
  }

  override _isSecure(): boolean {
    return true
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other
  }

  override _createSecureConnector(): Connector {
    const credentials = CallCredentials.createEmpty()
    return {
      connect: async (socket) => ({ socket: await secure(socket, this.#line, this.#context), secure: true }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => credentials,
      destroy: () => undefined,
    }
  }
}

async function secure(socket: Socket, line: Line, secureContext: SecureContext): Promise<TLSSocket> {
  try {
    const encrypted = await handshake(socket, line, secureContext)
    await appraise(encrypted, judge(encrypted, line), line)
    line.handshake = 'secured'
    return encrypted
  } catch (error) {
    socket.destroy()
    if (error instanceof CodedError) line.handshake = error
    throw error
  }
}

/** On every connection anew: a channel dials again by itself, and another machine may answer. */
async function appraise(
  socket: TLSSocket,
  certificate: X509Certificate,
  { address, own, settings, appraiser, closing }: Line,
): Promise<void> {
  if (appraiser === undefined) return
  const { attestationMs } = settings
  await appraiseServer(socket, appraiser, { address: formatAddress(address), certificate, own, attestationMs, closing })
}

/** OpenSSL's own texts are lines of its source; they stay the cause. */
const wordsOf = (error: Error): string =>
  'code' in error && String(error.code).startsWith('ERR_SSL')
    ? 'what answers speaks no TLS that we accept'
    : error.message

function handshake(socket: Socket, line: Line, secureContext: SecureContext): Promise<TLSSocket> {
  const { address, settings } = line
  const failed = (text: string, cause?: Error) => {
    const message = `${formatAddress(address)} did not complete a TLS 1.3 handshake: ${text}`
    return new RpcError('PEER_NOT_TLS', message, { cause })
  }
  return new Promise((resolve, reject) => {
    const encrypted = connect({
      socket,
      secureContext,
      ALPNProtocols: ['h2'],
      // Not "accept anybody": `judge` refuses whatever OpenSSL did not authorise, with the dates and names that say why.
      rejectUnauthorized: false,
      // Host names are not what trust rests on here; the SPIFFE URI is, and `judge` reads it.
      checkServerIdentity: () => undefined,
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    })
    const slow = setTimeout(() => {
      reject(failed(`no end after ${settings.handshakeMs} ms`))
      encrypted.destroy()
    }, settings.handshakeMs)
    encrypted.once('secureConnect', () => {
      clearTimeout(slow)
      resolve(encrypted)
    })
    // Stays for the life of the socket: later errors are the HTTP/2 session's to report.
    encrypted.on('error', (error) => {
      clearTimeout(slow)
      reject(failed(wordsOf(error), error))
    })
  })
}

/** Returns the server's certificate: Node 20 gives it once, asked again it has none. */
function judge(socket: TLSSocket, { address, own, role, settings }: Line): X509Certificate {
  if (socket.alpnProtocol !== 'h2')
    throw new RpcError('PEER_NOT_TLS', `${formatAddress(address)} does not speak HTTP/2`)
  const whose = `the program at ${formatAddress(address)}`
  const certificate = socket.getPeerX509Certificate()
  const { federation } = own.peer
  judgePeer(certificate, chainProblem(socket), { federation, role, now: settings.now(), whose })
  if (certificate === undefined) throw new RpcError('PEER_CERTIFICATE_INVALID', `${whose} showed no certificate`)
  return certificate
}
