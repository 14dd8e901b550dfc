/**
 * A network as a value: the same programs run over mTLS (`grpcNetwork`) and inside one process (`createMemoryNetwork`),
 * with the same handlers, message limits, certificates, error codes and ends.
 */
import type { Session, SessionAnswer } from '../attestation/index.ts'
import type { Secret } from '../crypto/index.ts'
import type { ClientCall, Peer, Role } from './api.ts'
import type { Service, ServiceBinding } from './service.ts'

/** PEM texts. The certificate may be followed by intermediates; `rootsPem` holds the federation's roots. */
export interface Identity {
  readonly certificatePem: string
  readonly keyPem: Secret
  readonly rootsPem: string
}

/** pino satisfies it. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Makes the evidence that a server shows to each party, bound to the party's TLS session. */
export interface Prover {
  prove(session: Session): Promise<SessionAnswer>
}

/** Judges a server's evidence. Nothing is said to the server before this resolves; rejecting ends the connection. */
export interface Appraiser {
  /** `address` is for records and messages. Throws a CodedError, which is what every call meets until the next dial. */
  appraise(answer: SessionAnswer, session: Session, address: string, signal: AbortSignal): Promise<void>
}

export interface ServeOptions {
  /** host:port; port 0 takes any free one. */
  readonly address: string
  readonly identity: Identity
  readonly services: readonly ServiceBinding[]
  /** Aborting it closes the server at once; `drain` closes it gently. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Called before each handler, after the role check; throw a CodedError to refuse. */
  readonly authorise?: (peer: Peer, method: { service: string; name: string }) => void
  /** With it every connection of a party begins with an attestation, and one that does not is closed. */
  readonly prover?: Prover
}

export interface Listening extends AsyncDisposable {
  /** host:port with the real port. */
  readonly address: string
  /**
   * Stops accepting, ends lasting streams (PEER_DRAINING at the client), waits up to `graceMs` for the other calls, then
   * ends those too. Disposing is a drain without grace; of several drains the shortest grace counts.
   */
  drain(graceMs: number): Promise<void>
}

export interface ConnectOptions {
  readonly address: string
  readonly identity: Identity
  /** The role that the program at the address must have. */
  readonly role: Role
  /** With it the server attests itself on every connection, before anything else is said to it. */
  readonly appraiser?: Appraiser
}

/** Dials on the first call and again after a loss; a call never waits for a redial, it fails with PEER_UNREACHABLE. */
export interface Connection extends AsyncDisposable {
  client<ClientApi, ServerApi>(service: Service<ClientApi, ServerApi>): ClientApi
  /**
   * Fulfilled when the program at the address is the one expected there, accepts this identity and takes calls
   * (grpc.health.v1, which answers every role); rejects with the RpcError that any other call would meet.
   */
  reach(call: ClientCall): Promise<void>
}

export interface Network {
  serve(options: ServeOptions): Promise<Listening>
  /** Throws RpcError ADDRESS_INVALID, IDENTITY_INVALID or IDENTITY_EXPIRED at once; everything else is met by a call. */
  connect(options: ConnectOptions): Connection
}

/** A running program. `address` is '' for one that only dials out. */
export interface Program extends AsyncDisposable {
  readonly address: string
  /** Fulfilled after the program has ended; rejected with what ended it against its will. */
  readonly ended: Promise<void>
  drain(graceMs: number): Promise<void>
}
