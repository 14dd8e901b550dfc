/**
 * The rpc room: how programs talk. Services and their domain messages, networks that carry them (mTLS or in memory),
 * the identities that programs have, and the errors of all of these.
 */
export * from './api.ts'
export { RemoteError, RpcError, rpcErrors, type RpcCode } from './errors.ts'
export type {
  Appraiser,
  Connection,
  ConnectOptions,
  Identity,
  Listening,
  Log,
  Network,
  Program,
  Prover,
  ServeOptions,
} from './network.ts'
export type { Service, ServiceBinding } from './service.ts'
export { aggregationService, bind, partyService, roundService, runService } from './services.ts'
export { grpcNetwork } from './grpc/network.ts'
export { createRequest, createRoot, type KeyPair, type SigningOptions, signRequest } from './identity/issue.ts'
export { parsePeer } from './identity/peer.ts'
export { keyDigest } from './attested/preamble.ts'
export { createMemoryNetwork } from './memory/network.ts'
export { createTurns } from './turns.ts'
export { unlessAborted } from './call/streams.ts'
export { MAXIMUM_CHUNK_BYTES, RUN_KEY_BYTES } from './limits.ts'
