/** The network of real programs: gRPC over mutual TLS 1.3. */
import type { Network } from '../network.ts'
import { connectGrpc } from './client.ts'
import { serveGrpc } from './server.ts'
import { defaultSettings, type GrpcSettings } from './settings.ts'

export function createGrpcNetwork(changes: Partial<GrpcSettings> = {}): Network {
  const settings = { ...defaultSettings, ...changes }
  return {
    serve: (options) => serveGrpc(options, settings),
    connect: (options) => connectGrpc(options, settings),
  }
}

export const grpcNetwork: Network = createGrpcNetwork()
