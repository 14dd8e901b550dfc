/** What only a real network shows: sockets, TLS, HTTP/2, peers that freeze or vanish, and that nothing is left behind. */
import 'reflect-metadata'
import { createPrivateKey, webcrypto } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { connect as connectHttp2 } from 'node:http2'
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TlsOptions,
} from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import * as x509 from '@peculiar/x509'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createGrpcNetwork } from '../../src/rpc/grpc/network.ts'
import { LEAST_UPLOAD_WINDOW, SESSION_WINDOW, UPLOAD_WINDOW, WAITING_WINDOW } from '../../src/rpc/grpc/settings.ts'
import {
  forgetMessages,
  http2StreamOf,
  limitReadAhead,
  setReceiveWindows,
  uploadWindow,
} from '../../src/rpc/grpc/windows.ts'
import { type Identity, RpcError } from '../../src/rpc/index.ts'
import { type Authority, createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'
import {
  abortOf,
  calmly,
  collected,
  createGate,
  dial,
  digest,
  failure,
  inbox,
  joining,
  lasting,
  place,
  runId,
  serve,
} from './kits.ts'

const decline = { runId, round: 3, code: 'DATA_MISSING' }
const accept = { declineTask: async () => ({}) }
const network = createGrpcNetwork({ backoffMs: 20, backoffLimitMs: 50 })
const openSockets = () => process.getActiveResourcesInfo().filter((each) => /^(TCP|TLS)/.test(each)).length

let authority: Authority
let aggregator: Identity
let party: Identity
const socketsBefore = openSockets()
beforeAll(async () => {
  authority = await createAuthority('demo')
  aggregator = await authority.issue('aggregator', 'aggregator')
  party = await authority.issue('party', 'bank-a')
})

/** What a test started besides, ended after it. */
const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const end of leftovers.splice(0)) await end()
})

/** No socket outlives the connections, servers and calls of this file. */
afterAll(() => vi.waitFor(() => expect(openSockets()).toBeLessThanOrEqual(socketsBefore)))

/** Listens with something that is not one of our programs. */
async function stranger(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  leftovers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return addressOf(server)
}

const isAddressInfo = (value: AddressInfo | string | null): value is AddressInfo =>
  typeof value === 'object' && value !== null
function addressOf(server: Server): string {
  const bound = server.address()
  return isAddressInfo(bound) ? `127.0.0.1:${bound.port}` : ''
}
const portOf = (address: string): number => Number(address.split(':').at(-1))

const tlsServer = (changes: TlsOptions = {}) =>
  createTlsServer({
    cert: aggregator.certificatePem,
    key: aggregator.keyPem.reveal(),
    ALPNProtocols: ['h2'],
    ...changes,
  })

async function met(address: string, call = calmly, from = network): Promise<RpcError> {
  await using client = dial(from, address, party)
  const error = await failure(client.round.declineTask(decline, call))
  if (!(error instanceof RpcError)) throw error
  return error
}

describe('a client', () => {
  test('says that plain TCP is not TLS', async () => {
    const address = await stranger(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    const error = await met(address)
    expect(error.code).toBe('PEER_NOT_TLS')
    expect(error.message).toContain(address)
  })

  test('does not wait for ever for a handshake', async () => {
    const address = await stranger(createTcpServer())
    const hasty = createGrpcNetwork({ handshakeMs: 50 })
    expect(await met(address, calmly, hasty)).toMatchObject({ code: 'PEER_NOT_TLS', message: /no end after 50 ms/ })
  })

  test('says that there was no connection when its deadline passes first', async () => {
    const address = await stranger(createTcpServer())
    const error = await met(address, { ...calmly, deadlineMs: 50 })
    expect(error).toMatchObject({
      code: 'CALL_DEADLINE',
      message: `DeclineTask: no connection to ${address} within 50 ms`,
    })
  })

  test('speaks TLS 1.3 only, and HTTP/2 only', async () => {
    const old = await stranger(tlsServer({ maxVersion: 'TLSv1.2' }))
    expect((await met(old)).code).toBe('PEER_NOT_TLS')
    const web = await stranger(tlsServer({ ALPNProtocols: ['http/1.1'] }))
    expect((await met(web)).code).toBe('PEER_NOT_TLS')
  })

  test('does not believe a certificate of the right root without a program’s name', async () => {
    const cert = await nameless()
    const address = await stranger(tlsServer({ cert: cert.certificatePem, key: cert.keyPem }))
    const error = await met(address)
    expect(error.code).toBe('PEER_CERTIFICATE_INVALID')
    expect(error.message).toContain('names no URI')
  })

  test('says that a name cannot be resolved', async () => {
    expect((await met('nowhere.invalid:7401')).code).toBe('PEER_UNREACHABLE')
  })

  test('treats a trailer that is no code as none, and shortens what it is told', async () => {
    for (const [code, expected] of [
      ["'; DROP TABLE", 'CALL_FAILED'],
      ['x'.repeat(100), 'CALL_FAILED'],
      ['OTHER_THING', 'OTHER_THING'],
    ] as const) {
      const metadata = new grpc.Metadata()
      metadata.set('coffer-code', code)
      const address = await strangeGrpc((stream) => {
        stream.emit('error', { code: grpc.status.INTERNAL, details: 'x'.repeat(6000), metadata })
      })
      await using client = dial(network, address, party)
      const error = await failure(client.round.declineTask(decline, calmly))
      expect(error).toMatchObject({ code: expected })
      expect(String(error).length).toBeLessThan(4200)
    }
  })

  test('refuses an answer that is no message, is none, or is too much', async () => {
    const answers: readonly (readonly [Buffer[], string])[] = [
      [[Buffer.from([0xff, 0xff, 0xff])], 'WIRE_INVALID'],
      [[], 'WIRE_INVALID'],
      [[Buffer.alloc(0), Buffer.alloc(0)], 'WIRE_INVALID'],
      [[Buffer.alloc(1024 * 1024 + 70_000)], 'WIRE_TOO_LARGE'],
    ]
    for (const [messages, code] of answers) {
      const address = await strangeGrpc((stream) => {
        for (const each of messages) stream.write(each)
        stream.end()
      })
      expect((await met(address)).code).toBe(code)
    }
  })

  test('finds its server by name, with an address of either family', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept, address: 'localhost:0' })
    await using client = dial(network, server.address, party)
    expect(await client.round.declineTask(decline, calmly)).toEqual({})
  })
})

describe('a server', () => {
  test.each([
    ['TLS 1.2', { maxVersion: 'TLSv1.2', ALPNProtocols: ['h2'] }, /TLS handshake failed/],
    ['no certificate', { cert: undefined, key: undefined, ALPNProtocols: ['h2'] }, /connection refused/],
    ['another protocol', { ALPNProtocols: ['http/1.1'] }, /TLS handshake failed|connection refused/],
    ['no protocol at all', {}, /connection refused/],
  ] as const)('lets nobody in with %s, and says so in its log', async (_what, changes, message) => {
    const { log, lines } = createTestLog()
    await using server = await serve({ network, identity: aggregator, round: accept, log })
    const credentials: ConnectionOptions = { cert: party.certificatePem, key: party.keyPem.reveal() }
    const options = {
      ...credentials,
      ...changes,
      port: portOf(server.address),
      host: '127.0.0.1',
      rejectUnauthorized: false,
    }
    const socket = connectTls(options)
    const heard: Buffer[] = []
    socket.on('error', () => undefined)
    socket.on('data', (data: Buffer) => heard.push(data))
    socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(heard).toEqual([])
    expect(lines.map((line) => line.message).join()).toMatch(message)
  })

  test('opens wide windows, and only as wide as it says', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    const session = connectHttp2(`https://${server.address}`, {
      cert: party.certificatePem,
      key: party.keyPem.reveal(),
      rejectUnauthorized: false,
    })
    leftovers.push(() => session.destroy())
    await once(session, 'remoteSettings')
    expect(session.remoteSettings.initialWindowSize).toBe(WAITING_WINDOW)
    expect(session.remoteSettings.maxConcurrentStreams).toBe(64)
    await vi.waitFor(() => expect(session.state.remoteWindowSize).toBe(SESSION_WINDOW))
  })

  test('widens the windows of a caller’s connection while anything of it is admitted, and of no other', async () => {
    const widened = inbox<() => void>()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask(_, { widen, signal }) {
          widened.put(widen())
          await abortOf(signal)
          return {}
        },
      },
    })
    const open = async () => {
      const session = connectHttp2(`https://${server.address}`, {
        cert: party.certificatePem,
        key: party.keyPem.reveal(),
        rejectUnauthorized: false,
      })
      leftovers.push(() => session.destroy())
      await once(session, 'remoteSettings')
      return session
    }
    // The same certificate: it is the connection that counts.
    const [session, other] = await Promise.all([open(), open()])
    const call = () => {
      const headers = { ':method': 'POST', ':path': '/coffer.v1.RoundService/DeclineTask', te: 'trailers' }
      const stream = session.request({ ...headers, 'content-type': 'application/grpc' })
      const message = Buffer.concat([
        Buffer.from([0x0a, 32]),
        Buffer.from(runId),
        Buffer.from([0x1a, 3]),
        Buffer.from('A_B'),
      ])
      stream.on('error', () => undefined)
      stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
    }
    const size = () => session.remoteSettings.initialWindowSize
    call()
    const first = await widened.next()
    await vi.waitFor(() => expect(size()).toBeGreaterThanOrEqual(LEAST_UPLOAD_WINDOW))
    const wide = size()
    call()
    const second = await widened.next()
    first()
    first()
    await new Promise<void>((resolve) => session.ping(() => resolve()))
    expect(size()).toBe(wide)
    second()
    await vi.waitFor(() => expect(size()).toBe(WAITING_WINDOW))
    expect(other.remoteSettings.initialWindowSize).toBe(WAITING_WINDOW)
    call()
    const third = await widened.next()
    session.destroy()
    await once(session, 'close')
    third()
  })

  test('refuses bytes that are no message, a second request, and more than a message may be', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    const good = Buffer.concat([
      Buffer.from([0x0a, 32]),
      Buffer.from(runId),
      Buffer.from([0x1a, 3]),
      Buffer.from('A_B'),
    ])
    const cases: readonly (readonly [Buffer[], string, number])[] = [
      [[Buffer.from([0xff])], 'WIRE_INVALID', grpc.status.INVALID_ARGUMENT],
      [[Buffer.alloc(0)], 'WIRE_INVALID', grpc.status.INVALID_ARGUMENT],
      [[], 'WIRE_INVALID', grpc.status.INVALID_ARGUMENT],
      [[good, good], 'WIRE_INVALID', grpc.status.INVALID_ARGUMENT],
      [[Buffer.alloc(1024 * 1024 + 70_000)], '', grpc.status.RESOURCE_EXHAUSTED],
      [[good], '', grpc.status.OK],
    ]
    for (const [messages, code, status] of cases) {
      const ended = await raw(server.address, '/coffer.v1.RoundService/DeclineTask', messages)
      expect(ended).toMatchObject({ code: status })
      expect(ended.metadata.get('coffer-code').join()).toBe(code)
      expect(JSON.stringify(ended)).not.toMatch(/\.ts:\d+/)
    }
  })

  test('answers health and reflection to the federation', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    // HealthCheckRequest { service: '' } is empty; HealthCheckResponse { status: SERVING } is field 1, value 1.
    const health = await raw(server.address, '/grpc.health.v1.Health/Check', [Buffer.alloc(0)])
    expect(health).toMatchObject({ code: grpc.status.OK, answers: [Buffer.from([8, 1])] })
    // ServerReflectionRequest { list_services: '*' } is field 7.
    const request = Buffer.from([0x3a, 1, 0x2a])
    const listed = await raw(server.address, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', [request])
    expect(listed.answers.join()).toContain('coffer.v1.RoundService')
  })

  test('says that an address is not one of this machine', async () => {
    const error = await failure(serve({ network, identity: aggregator, address: '192.0.2.1:0' }))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'ADDRESS_UNAVAILABLE' })
  })
})

describe('a peer that', () => {
  const watchful = createGrpcNetwork({ keepaliveMs: 100, keepaliveTimeoutMs: 100, backoffMs: 20, backoffLimitMs: 50 })

  async function joined() {
    const gone = createGate<unknown>()
    const server = await serve({
      network: watchful,
      identity: aggregator,
      round: {
        async *join(_request, { signal }) {
          yield { ...place, kind: 'statistics' }
          gone.open(await abortOf(signal))
        },
      },
    })
    leftovers.push(() => server[Symbol.asyncDispose]())
    const middle = await proxy(server.address)
    const client = dial(watchful, middle.address, party)
    leftovers.push(() => client[Symbol.asyncDispose]())
    const tasks = client.round.join(joining, lasting)[Symbol.asyncIterator]()
    await tasks.next()
    return { gone: gone.opened, tasks, middle }
  }

  test('vanishes in the middle of an upload did not end it', async () => {
    const told = createGate<unknown>()
    const entered = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *submitUpdate(parts) {
          try {
            for await (const part of parts) if (part.kind === 'header') entered.open()
            told.open('all')
          } catch (error) {
            told.open(error)
          }
          yield* []
        },
      },
    })
    const middle = await proxy(server.address)
    await using client = dial(watchful, middle.address, party)
    async function* parts() {
      yield { kind: 'header', runId, round: 1, digest, length: 1, weight: 1 } as const
      await createGate().opened
    }
    const uploading = failure(collected(client.round.submitUpdate(parts(), lasting)))
    await entered.opened
    middle.cut()
    expect(await uploading).toMatchObject({ code: 'PEER_LOST' })
    expect(await told.opened).toBeInstanceOf(Error)
  })

  test('freezes is noticed on both sides', async () => {
    const { gone, tasks, middle } = await joined()
    middle.freeze()
    const error = await failure(tasks.next())
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'PEER_LOST' })
    expect(await gone).toMatchObject({ code: 'CALL_ABORTED' })
  })

  test('vanishes is noticed on both sides', async () => {
    const { gone, tasks, middle } = await joined()
    middle.cut()
    expect(await failure(tasks.next())).toMatchObject({ code: 'PEER_LOST' })
    expect(await gone).toMatchObject({ code: 'CALL_ABORTED' })
  })
})

test('a window is as wide as the distance asks for, within bounds', () => {
  expect(uploadWindow(0.1)).toBe(LEAST_UPLOAD_WINDOW)
  expect(uploadWindow(20)).toBe(20 * 640 * 1024)
  expect(uploadWindow(50)).toBeGreaterThan(0.95 * UPLOAD_WINDOW)
  expect(uploadWindow(1000)).toBe(UPLOAD_WINDOW)
  expect(uploadWindow(undefined)).toBe(UPLOAD_WINDOW)
})

describe('the inside of the libraries', () => {
  test('is as this version knows it', () => {
    const server = new grpc.Server()
    expect(() => setReceiveWindows(server, () => undefined)).not.toThrow()
    server.forceShutdown()
  })

  test('is that of the pinned version, whose connector has a socket before HTTP/2 begins', () => {
    const { version } = createRequire(import.meta.url)('@grpc/grpc-js/package.json')
    // On an upgrade: read subchannel-connector.ts and channel-credentials.ts anew, then change the number here.
    expect(version).toBe('1.14.7')
    for (const name of ['_isSecure', '_equals', '_createSecureConnector']) {
      expect(Reflect.get(grpc.ChannelCredentials.createSsl(), name)).toBeTypeOf('function')
    }
    expect(Reflect.get(new grpc.Server(), 'createConnectionInjector')).toBeTypeOf('function')
  })

  test('is missed when it changes', () => {
    const server = new grpc.Server()
    Reflect.set(server, 'createHttp2Server', undefined)
    expect(() => setReceiveWindows(server, () => undefined)).toThrow(/inside of Server/)
    server.forceShutdown()
    expect(() => limitReadAhead({ readableHighWaterMark: 16 })).toThrow(/inside of Duplex/)
    expect(() => http2StreamOf({ call: { stream: new EventEmitter() } })).toThrow(/inside of ServerDuplexStream/)
    expect(() => http2StreamOf({})).toThrow(/inside of ServerDuplexStream/)
    expect(() => forgetMessages({ call: { decoder: {} } })).toThrow(/inside of StreamDecoder/)
  })

  test('holds nothing of the last message when a call is over', () => {
    const decoder = { readPartialMessage: [Buffer.alloc(1000)], readCompressFlag: Buffer.alloc(1000).subarray(0, 1) }
    forgetMessages({ call: { decoder } })
    expect(decoder.readPartialMessage).toEqual([])
    expect(decoder.readCompressFlag.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })
})

/** A certificate under our own root that names nobody. */
async function nameless(): Promise<{ certificatePem: string; keyPem: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = createPrivateKey(authority.rootKeyPem.reveal()).export({ type: 'pkcs8', format: 'der' })
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=nameless',
    issuer: new x509.X509Certificate(authority.rootPem).subject,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', root, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    certificatePem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  }
}

/** A gRPC server of grpc-js's own that answers DeclineTask as it likes. */
async function strangeGrpc(answer: (stream: grpc.ServerDuplexStream<Buffer, Buffer>) => void): Promise<string> {
  const server = new grpc.Server({ 'grpc.max_send_message_length': -1 })
  const same = (bytes: Buffer) => bytes
  server.register('/coffer.v1.RoundService/DeclineTask', answer, same, same, 'bidi')
  const pair = {
    private_key: Buffer.from(aggregator.keyPem.reveal()),
    cert_chain: Buffer.from(aggregator.certificatePem),
  }
  const credentials = grpc.ServerCredentials.createSsl(Buffer.from(aggregator.rootsPem), [pair], true)
  leftovers.push(() => server.forceShutdown())
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)))
  })
  return `127.0.0.1:${port}`
}

/** A call with whatever bytes; how it ended, and what came back. */
async function raw(address: string, path: string, messages: readonly Buffer[]) {
  const credentials = grpc.ChannelCredentials.createSsl(
    Buffer.from(party.rootsPem),
    Buffer.from(party.keyPem.reveal()),
    Buffer.from(party.certificatePem),
  )
  const client = new grpc.Client(address, credentials, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.ssl_target_name_override': 'localhost',
  })
  leftovers.push(() => client.close())
  const same = (bytes: Buffer) => bytes
  const stream = client.makeBidiStreamRequest(path, same, same, new grpc.Metadata(), {})
  const answers: Buffer[] = []
  stream.on('data', (answer: Buffer) => answers.push(answer))
  stream.on('error', () => undefined)
  const ended = new Promise<grpc.StatusObject>((resolve) => stream.once('status', resolve))
  for (const each of messages) stream.write(each)
  stream.end()
  return { ...(await ended), answers }
}

/** A way between two programs that can be blocked or cut. */
async function proxy(target: string) {
  const pairs: [Socket, Socket][] = []
  const server = createTcpServer((near) => {
    const far = connectTcp(portOf(target), '127.0.0.1')
    pairs.push([near, far])
    near.pipe(far).pipe(near)
    far.on('error', () => undefined)
  })
  const address = await stranger(server)
  const both = (act: (socket: Socket, other: Socket) => void) => {
    for (const [near, far] of pairs) {
      act(near, far)
      act(far, near)
    }
  }
  leftovers.push(() => both((socket) => socket.destroy()))
  return {
    address,
    /** Nothing passes any more, and nobody is told. */
    freeze: () => both((socket, other) => socket.unpipe(other).pause()),
    cut: () => both((socket) => socket.destroy()),
  }
}
