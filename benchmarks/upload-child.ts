/**
 * The child of upload.ts: one receiver of uploads over mutual TLS 1.3, of one of three kinds. It tells its port, and how
 * much CPU it has used when asked.
 */
import { createServer, type TLSSocket } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { IncomingUpload } from '../src/aggregator/incoming.ts'
import { Uploads } from '../src/aggregator/uploads.ts'
import { Secret } from '../src/crypto/index.ts'
import { bind, grpcNetwork, type Identity, type RoundApi, roundService, type ServerCall } from '../src/rpc/index.ts'

export type Kind = 'tls' | 'stock' | 'ours'
export const STOCK_METHOD = '/benchmark/Upload'

/** The key travels from the parent as text. */
interface Sent {
  readonly kind: Kind
  readonly identity: Omit<Identity, 'keyPem'> & { readonly keyPem: string }
}

/** Counts to the end of the stream and says so; a byte more or less would be seen at the other end. */
function serveTls({ certificatePem, keyPem, rootsPem }: Sent['identity']): Promise<number> {
  const take = (socket: TLSSocket) => {
    let bytes = 0
    socket.on('data', (data: Buffer) => {
      bytes += data.length
    })
    socket.on('end', () => socket.end(String(bytes)))
    socket.on('error', () => undefined)
  }
  const secured = { minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: true } as const
  const server = createServer(
    { cert: certificatePem, key: keyPem, ca: rootsPem, ...secured, allowHalfOpen: true },
    take,
  )
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** grpc-js as it comes. */
function serveStock({ certificatePem, keyPem, rootsPem }: Sent['identity']): Promise<number> {
  const server = new grpc.Server()
  const same = (bytes: Buffer) => bytes
  const take: grpc.handleClientStreamingCall<Buffer, Buffer> = (stream, answer) => {
    let bytes = 0
    stream.on('data', (data: Buffer) => {
      bytes += data.length
    })
    stream.on('end', () => answer(null, Buffer.from(String(bytes))))
    stream.on('error', () => undefined)
  }
  server.register(STOCK_METHOD, take, same, same, 'clientStream')
  const pair = { private_key: Buffer.from(keyPem), cert_chain: Buffer.from(certificatePem) }
  const credentials = grpc.ServerCredentials.createSsl(Buffer.from(rootsPem), [pair], true)
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)))
  })
}

/** The product's network and its uploads, with nothing behind them: every update counts. */
async function serveOurs(sent: Sent['identity']): Promise<number> {
  const uploads = new Uploads()
  const closed = new AbortController().signal
  const unused = (): never => {
    throw new Error('not part of this benchmark')
  }
  const rounds: RoundApi<ServerCall> = {
    join: unused,
    fetchParameters: unused,
    fetchReceipts: unused,
    declineTask: unused,
    async *submitUpdate(parts, { peer, signal, widen }) {
      const incoming = new IncomingUpload(parts, signal)
      try {
        const header = await incoming.header()
        const { runId, round, length } = header
        const reception = { runId, party: peer.name, header, expectedBytes: length, closed, widen }
        yield* uploads.receive(incoming, reception, async () => ({ round }))
      } finally {
        incoming.end()
      }
    },
  }
  const identity: Identity = { ...sent, keyPem: new Secret(sent.keyPem) }
  const quiet = () => undefined
  const { address } = await grpcNetwork.serve({
    address: '127.0.0.1:0',
    identity,
    services: [bind(roundService, rounds, ['party'])],
    signal: closed,
    log: { info: quiet, warn: quiet, error: quiet },
  })
  return Number(address.split(':').at(-1))
}

const serve = { tls: serveTls, stock: serveStock, ours: serveOurs }

process.on('disconnect', () => process.exit())
process.on('message', async (message: 'usage' | Sent) => {
  if (message !== 'usage') {
    process.send?.({ port: await serve[message.kind](message.identity) })
    return
  }
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  process.send?.({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: maxRSS * 1024 })
})
