/**
 * The attested channel, end to end over real sockets: what an attacker at the aggregator's address may try, each refused
 * with its own code before the party has said anything; and on both networks, that a good connection comes about, once
 * for every dial, with its record written first.
 */
import { readdir } from 'node:fs/promises'
import { connect as connectPlain, createServer as createPlainServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { createRecords } from '../../parties/index.ts'
import { AppraisalError, EvidenceError, type Session, SessionError } from '../../src/attestation/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import { type Identity, type Listening, type Prover, RpcError } from '../../src/rpc/index.ts'
import { createGrpcNetwork } from '../../src/rpc/grpc/network.ts'
import { OPENING, readExactly, sessionOf } from '../../src/rpc/attested/preamble.ts'
import { encodeAnswer } from '../../src/rpc/wire/attestation.ts'
import { createSimulatedAttester, createSimulatedPlatform } from '../../src/tee/simulator/index.ts'
import { createTestAttestation, type TestAttestation } from '../support/attestation.ts'
import { type Authority, createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'
import { calmly, createGate, createKits, failure } from './kits.ts'

const closing: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]()
})
const kept = <T extends AsyncDisposable>(resource: T): T => {
  closing.push(resource)
  return resource
}

interface Stage {
  readonly authority: Authority
  readonly attestation: TestAttestation
  readonly aggregator: Identity
  readonly bank: Identity
}

async function prepare(): Promise<Stage> {
  const authority = await createAuthority('test')
  const attestation = kept(await createTestAttestation('test', authority.rootPem))
  const [aggregator, bank] = [await authority.issue('aggregator', 'main'), await authority.issue('party', 'bank-a')]
  return { authority, attestation, aggregator, bank }
}

const [mtls, memory] = createKits()
if (mtls === undefined || memory === undefined) throw new Error('there are two networks')

function serve(kit: typeof mtls, identity: Identity, prover: Prover | undefined, address = '127.0.0.1:0') {
  const { signal } = new AbortController()
  const log = createTestLog()
  const served = kit
    ?.network()
    .serve({ address, identity, services: [], signal, log: log.log, ...(prover && { prover }) })
  if (served === undefined) throw new Error('no network')
  return served.then((listening): Listening & { log: typeof log } => Object.assign(kept(listening), { log }))
}

type Changes = Parameters<TestAttestation['appraiser']>[1]

/** Dials as the party and says what came of it: undefined when the connection came about. */
async function dial(kit: typeof mtls, address: string, stage: Stage, changes?: Changes): Promise<unknown> {
  const appraiser = stage.attestation.appraiser('bank-a', changes)
  const connection = kit?.network().connect({ address, identity: stage.bank, role: 'aggregator', appraiser })
  if (connection === undefined) throw new Error('no network')
  kept(connection)
  return connection.reach(calmly).then(
    () => undefined,
    (error: unknown) => error,
  )
}

const records = (stage: Stage) => readdir(join(stage.attestation.recordsOf('bank-a'), 'records'))

describe.each(createKits())('over $name', (kit) => {
  test('the party speaks only after its verdict, and every dial is attested and recorded anew', async () => {
    const stage = await prepare()
    const { attestation, aggregator } = stage
    const sessions: Session[] = []
    const prover = attestation.prover(aggregator)
    const noting: Prover = {
      prove: (session) => {
        sessions.push(session)
        return prover.prove(session)
      },
    }
    const { address } = await serve(kit, aggregator, noting)
    expect(await dial(kit, address, stage)).toBeUndefined()
    expect(await dial(kit, address, stage)).toBeUndefined()
    expect(new Set(sessions.map(({ nonce }) => Buffer.from(nonce).toString('hex'))).size).toBe(2)
    expect(new Set(sessions.map(({ exporter }) => Buffer.from(exporter).toString('hex'))).size).toBe(2)
    const names = await records(stage)
    expect(names).toHaveLength(2)
    expect(names.every((name) => name.endsWith('-accepted.json'))).toBe(true)
  })

  test('one quote serves many connections, and a new one is made when its time is over', async () => {
    const stage = await prepare()
    const { attestation, aggregator } = stage
    let [quotes, now] = [0, Date.now()]
    const attester = {
      name: 'counted',
      quote: (data: Uint8Array, signal: AbortSignal) => {
        quotes += 1
        return attestation.attester.quote(data, signal)
      },
    }
    const { log } = createTestLog()
    const { createProver } = await import('../../src/aggregator/prover.ts')
    const options = { federation: 'test', identity: aggregator, attester, policy: attestation.policy, log }
    const { address } = await serve(kit, aggregator, createProver({ ...options, now: () => now }))
    const later = { now: () => now }
    const storm = await Promise.all(Array.from({ length: 10 }, () => dial(kit, address, stage, later)))
    expect(storm.every((outcome) => outcome === undefined)).toBe(true)
    expect(quotes).toBe(1)
    now += 5 * 60_000
    expect(await dial(kit, address, stage, later)).toBeUndefined()
    expect(quotes).toBe(2)
  })

  test('an aggregator restarted under another policy is refused, and the message says who is behind', async () => {
    const stage = await prepare()
    const { attestation, aggregator } = stage
    const first = await serve(kit, aggregator, attestation.prover(aggregator))
    const appraiser = attestation.appraiser('bank-a')
    const network = kit.network()
    const { address } = first
    const connection = kept(network.connect({ address, identity: stage.bank, role: 'aggregator', appraiser }))
    await connection.reach(calmly)
    await first[Symbol.asyncDispose]()
    await serve(
      kit,
      aggregator,
      attestation.prover(aggregator, { policy: { digest: 'ab'.repeat(32), version: 2 } }),
      address,
    )
    // The channel dials again by itself; until it has, calls meet the old loss.
    const refused = await firstOf(
      () => failure(connection.reach(calmly)),
      (error) => error instanceof SessionError,
    )
    expect(refused).toMatchObject({ code: 'SESSION_POLICY', message: expect.stringContaining('this party is behind') })
  })

  test('a silent reconnect that meets another machine is refused', async () => {
    const stage = await prepare()
    const { attestation, aggregator } = stage
    const first = await serve(kit, aggregator, attestation.prover(aggregator))
    const { address } = first
    const appraiser = attestation.appraiser('bank-a')
    const connection = kept(kit.network().connect({ address, identity: stage.bank, role: 'aggregator', appraiser }))
    await connection.reach(calmly)
    await first[Symbol.asyncDispose]()
    const other = createSimulatedPlatform({ seed: 'federation tests', now: new Date(), tee: 'tdx-v4' })
    const changed = createSimulatedAttester(other, { rtmr3: new Uint8Array(48).fill(9) })
    await serve(kit, aggregator, attestation.prover(aggregator, { attester: changed }), address)
    const refused = await firstOf(
      () => failure(connection.reach(calmly)),
      (error) => error instanceof AppraisalError,
    )
    expect(refused).toMatchObject({ code: 'APPRAISAL_MEASUREMENT', message: expect.stringContaining('rtmr3') })
    expect((await records(stage)).filter((name) => name.endsWith('-refused.json')).length).toBeGreaterThan(0)
  })

  test('a server that gives no evidence is refused', async () => {
    const stage = await prepare()
    const { address } = await serve(kit, stage.aggregator, undefined)
    expect(await dial(kit, address, stage)).toMatchObject({ code: 'PEER_NOT_ATTESTED' })
  })

  test('an aggregator whose TEE gives no quote says so, and its log has the reason', async () => {
    const stage = await prepare()
    const attester = { name: 'broken', quote: () => Promise.reject(new Error('the device is busy')) }
    const { address, log } = await serve(
      kit,
      stage.aggregator,
      stage.attestation.prover(stage.aggregator, { attester }),
    )
    const refused = await dial(kit, address, stage)
    expect(refused).toBeInstanceOf(RpcError)
    expect(refused).toMatchObject({ code: 'PEER_CANNOT_ATTEST' })
    expect(JSON.stringify(log.lines.map(({ fields }) => String(fields.error)))).toContain('the device is busy')
  })

  test('a party that does not ask for evidence is not served', async () => {
    const stage = await prepare()
    const { address } = await serve(kit, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const connection = kept(kit.network().connect({ address, identity: stage.bank, role: 'aggregator' }))
    expect(await failure(connection.reach(calmly))).toMatchObject({ code: 'PEER_REFUSED_US' })
  })

  test('a verdict that cannot be written down is a refusal', async () => {
    const stage = await prepare()
    const { address } = await serve(kit, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const full: Appraising = { write: () => Promise.reject(new Error('ENOSPC: no space left on device')) }
    const refused = await dialWith(kit, address, stage, full)
    expect(refused).toMatchObject({ code: 'PEER_NOT_ATTESTED', message: expect.stringContaining('ENOSPC') })
  })
})

type Appraising = Pick<ReturnType<typeof createRecords>, 'write'>

async function dialWith(kit: typeof mtls, address: string, stage: Stage, changes: Appraising): Promise<unknown> {
  const { createAppraiser } = await import('../../parties/index.ts')
  const { attestation } = stage
  const records = { ...createRecords(attestation.recordsOf('bank-a')), ...changes }
  const { signed, collateral } = attestation
  const { log } = createTestLog()
  const appraiser = createAppraiser({
    federation: 'test',
    rootsPem: stage.bank.rootsPem,
    policy: signed,
    collateral,
    records,
    now: Date.now,
    log,
  })
  const connection = kit?.network().connect({ address, identity: stage.bank, role: 'aggregator', appraiser })
  if (connection === undefined) throw new Error('no network')
  return failure(kept(connection).reach(calmly))
}

/** Asks again until the answer is what is waited for; the test's own time limit ends it otherwise. */
async function firstOf<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
  }
}

/** A server with the aggregator's own certificate and key, stolen, that does with each connection what it is told. */
async function serveStolen(
  identity: Identity,
  behave: (socket: TLSSocket) => void | Promise<void>,
): Promise<{ readonly address: string }> {
  const sockets = new Set<Socket>()
  const server = createTlsServer(
    {
      cert: identity.certificatePem,
      key: identity.keyPem.reveal(),
      ca: identity.rootsPem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      requestCert: true,
    },
    (socket) => {
      socket.on('error', () => undefined)
      // An attacker's program that fails just drops the connection.
      Promise.resolve(behave(socket)).catch(() => socket.destroy())
    },
  )
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  closing.push({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return { address: `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}` }
}

const patience = () => AbortSignal.timeout(20_000)

function frame(answer: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(answer.length)
  return Buffer.concat([length, answer])
}

describe('an attacker with the TLS key of the aggregator', () => {
  test('relays to the real aggregator as itself: the evidence is for another client', async () => {
    const stage = await prepare()
    const real = await serve(mtls, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const mallory = await stage.authority.issue('party', 'mallory')
    const { address } = await serveStolen(stage.aggregator, (socket) => relay(socket, real.address, mallory))
    expect(await dial(mtls, address, stage)).toMatchObject({
      code: 'SESSION_CLIENT_KEY',
      reasons: [{ code: 'SESSION_CLIENT_KEY' }, { code: 'SESSION_CONNECTION' }],
    })
  })

  test('relays with the party’s own key, stolen too: the evidence is of another TLS session', async () => {
    const stage = await prepare()
    const real = await serve(mtls, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const { address } = await serveStolen(stage.aggregator, (socket) => relay(socket, real.address, stage.bank))
    const refused = await dial(mtls, address, stage)
    expect(refused).toBeInstanceOf(SessionError)
    expect(refused).toMatchObject({ reasons: [{ code: 'SESSION_CONNECTION' }] })
  })

  test('claims the right session for relayed evidence: the attestation key did not sign it', async () => {
    const stage = await prepare()
    const { attestation, aggregator, bank } = stage
    const honest = attestation.prover(aggregator)
    const { address } = await serveStolen(aggregator, async (socket) => {
      const mine = await sessionAtServer(socket, aggregator, bank)
      const theirs = await honest.prove({ ...mine, exporter: new Uint8Array(32) })
      const right = await honest.prove(mine)
      socket.write(frame(encodeAnswer({ ...right, signature: theirs.signature })))
    })
    expect(await dial(mtls, address, stage)).toMatchObject({ code: 'SESSION_PROOF' })
  })

  test('plays recorded evidence again: nonce and session are of an earlier connection', async () => {
    const stage = await prepare()
    const { attestation, aggregator, bank } = stage
    const honest = attestation.prover(aggregator)
    const recorded = createGate<Uint8Array>()
    const { address } = await serveStolen(aggregator, async (socket) => {
      recorded.open(encodeAnswer(await honest.prove(await sessionAtServer(socket, aggregator, bank))))
      socket.write(frame(await recorded.opened))
    })
    // The first connection is believed, and is then left without a word of HTTP/2.
    const first = dial(mtls, address, stage)
    await recorded.opened
    const refused = await dial(mtls, address, stage)
    await Promise.all(closing.splice(2).map((each) => each[Symbol.asyncDispose]()))
    await first
    expect(refused).toMatchObject({ reasons: [{ code: 'SESSION_NONCE' }, { code: 'SESSION_CONNECTION' }] })
  })

  test('answers with evidence in the role of a party, as the party itself might have made it', async () => {
    const stage = await prepare()
    const { aggregator, bank, attestation } = stage
    const honest = attestation.prover(aggregator)
    const { address } = await serveStolen(aggregator, async (socket) => {
      const answer = await honest.prove(await sessionAtServer(socket, aggregator, bank))
      const text = new TextDecoder().decode(answer.statement).replace('"role":"aggregator"', '"role":"party"')
      socket.write(frame(encodeAnswer({ ...answer, statement: new Uint8Array(Buffer.from(text)) })))
    })
    expect(await dial(mtls, address, stage)).toMatchObject({ code: 'SESSION_ROLE' })
  })

  test('takes certificates of a root of its own for members, so that parties of its own could be subtracted', async () => {
    const stage = await prepare()
    const other = await createAuthority('test')
    const rootsPem = stage.aggregator.rootsPem + other.rootPem
    const identity = { ...stage.aggregator, rootsPem }
    const { address } = await serve(mtls, identity, stage.attestation.prover(identity))
    expect(await dial(mtls, address, stage)).toMatchObject({ code: 'SESSION_ROOTS' })
  })

  test.each(['X509 CERTIFICATE', 'TRUSTED CERTIFICATE'])(
    'hides a root of its own under the name %s, which no digest counts: nobody of it is let in',
    async (name) => {
      const stage = await prepare()
      const other = await createAuthority('test')
      const identity = {
        ...stage.aggregator,
        rootsPem: stage.aggregator.rootsPem + other.rootPem.replaceAll('CERTIFICATE', name),
      }
      const { address } = await serve(mtls, identity, stage.attestation.prover(identity))
      expect(await dial(mtls, address, stage)).toBeUndefined()
      const mallory = await other.issue('party', 'mallory')
      const bank = { ...mallory, rootsPem: mallory.rootsPem + stage.bank.rootsPem }
      expect(await dial(mtls, address, { ...stage, bank })).toMatchObject({ code: 'PEER_REFUSED_US' })
    },
  )

  test('sends the party’s own bytes back', async () => {
    const stage = await prepare()
    const { address } = await serveStolen(stage.aggregator, (socket) => {
      socket.pipe(socket)
    })
    expect(await dial(mtls, address, stage)).toMatchObject({ code: 'PEER_NOT_ATTESTED' })
  })

  test('has a genuine TEE with a key of its own: the quote does not cover the statement', async () => {
    const stage = await prepare()
    const { aggregator, bank, attestation } = stage
    const [ours, theirs] = [attestation.prover(aggregator), attestation.prover(aggregator)]
    const { address } = await serveStolen(aggregator, async (socket) => {
      const session = await sessionAtServer(socket, aggregator, bank)
      const [answer, other] = [await ours.prove(session), await theirs.prove(session)]
      socket.write(frame(encodeAnswer({ ...answer, quote: other.quote })))
    })
    const refused = await dial(mtls, address, stage)
    expect(refused).toBeInstanceOf(EvidenceError)
    expect(refused).toMatchObject({ code: 'EVIDENCE_BINDING' })
  })

  test('names another TLS key than the one it uses', async () => {
    const stage = await prepare()
    const other = await stage.authority.issue('aggregator', 'other')
    const { address } = await serve(mtls, stage.aggregator, stage.attestation.prover(other))
    expect(await dial(mtls, address, stage)).toMatchObject({ code: 'SESSION_SERVER_KEY' })
  })

  test.each([
    ['nothing and closes', (socket: TLSSocket) => void socket.end(), 'PEER_REFUSED_US'],
    [
      'an answer longer than any',
      (socket: TLSSocket) => void socket.write(Buffer.from('ffffffff', 'hex')),
      'PEER_NOT_ATTESTED',
    ],
    ['half an answer', (socket: TLSSocket) => void socket.end(Buffer.from('0000100041', 'hex')), 'PEER_NOT_ATTESTED'],
    [
      'bytes that are no message',
      (socket: TLSSocket) => void socket.write(frame(Buffer.alloc(64, 0xff))),
      'WIRE_INVALID',
    ],
    [
      'an HTTP response',
      (socket: TLSSocket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'PEER_NOT_ATTESTED',
    ],
  ])('says %s', async (_what, behave, code) => {
    const stage = await prepare()
    const { address } = await serveStolen(stage.aggregator, async (socket) => {
      await readExactly(socket, 40, patience())
      behave(socket)
    })
    expect(await dial(mtls, address, stage)).toMatchObject({ code })
  })
})

test('an aggregator that never answers is given up, and the message says for how long it was waited', async () => {
  const stage = await prepare()
  const { address } = await serveStolen(stage.aggregator, () => undefined)
  const network = createGrpcNetwork({ attestationMs: 150 })
  const appraiser = stage.attestation.appraiser('bank-a')
  const connection = kept(network.connect({ address, identity: stage.bank, role: 'aggregator', appraiser }))
  const refused = await failure(connection.reach(calmly))
  expect(refused).toMatchObject({ code: 'PEER_NOT_ATTESTED', message: expect.stringContaining('within 150 ms') })
})

test('a connection that is given up at the party ends the appraisal', async () => {
  const stage = await prepare()
  const asked = createGate()
  const { address } = await serveStolen(stage.aggregator, () => asked.open())
  const appraiser = stage.attestation.appraiser('bank-a')
  const connection = kept(createGrpcNetwork().connect({ address, identity: stage.bank, role: 'aggregator', appraiser }))
  const reaching = failure(connection.reach(calmly))
  await asked.opened
  await connection[Symbol.asyncDispose]()
  expect(await reaching).toMatchObject({ code: 'CALL_ABORTED' })
})

test('a party that never asks is closed by the aggregator', async () => {
  const stage = await prepare()
  const { aggregator, bank } = stage
  const { log, lines } = createTestLog()
  const prover = stage.attestation.prover(aggregator)
  const options = { address: '127.0.0.1:0', identity: aggregator, services: [], log, prover }
  const { signal } = new AbortController()
  const listening = kept(await createGrpcNetwork({ handshakeMs: 1_500 }).serve({ ...options, signal }))
  expect(await closedAfter(listening.address, bank, OPENING)).toBe(0)
  expect(lines.map(({ message }) => message)).toContain('no attested connection came about')
})

/** As a server that was asked: reads the request and computes the session. */
async function sessionAtServer(socket: TLSSocket, own: Identity, client: Identity): Promise<Session> {
  const request = await readExactly(socket, 40, patience())
  const { X509Certificate } = await import('node:crypto')
  const ends = { server: new X509Certificate(own.certificatePem), client: new X509Certificate(client.certificatePem) }
  return sessionOf(socket, new Uint8Array(request.subarray(OPENING.length)), ends)
}

/** Passes bytes both ways between the party and the real aggregator, each over a TLS session of its own. */
function relay(victim: TLSSocket, address: string, identity: Identity): void {
  const [host, port] = address.split(':')
  const upstream = connectTls({
    host,
    port: Number(port),
    cert: identity.certificatePem,
    key: identity.keyPem.reveal(),
    ca: identity.rootsPem,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  })
  upstream.on('error', () => victim.destroy())
  victim.on('close', () => upstream.destroy())
  victim.pipe(upstream).pipe(victim)
}

describe('hostile callers of the aggregator', () => {
  test.each([
    ['HTTP/2 at once', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.padEnd(40, '\0'))],
    ['another opening', Buffer.concat([Buffer.from('coffera2'), Buffer.alloc(32)])],
    ['more than the request', Buffer.concat([OPENING, Buffer.alloc(33)])],
  ])('a party that sends %s is closed, and the next one is served', async (_what, bytes) => {
    const stage = await prepare()
    const served = await serve(mtls, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const closed = await closedAfter(served.address, stage.bank, bytes)
    expect(closed).toBe(0)
    expect(await dial(mtls, served.address, stage)).toBeUndefined()
    expect(served.log.lines.map(({ message }) => message)).toContain('no attested connection came about')
  })

  test('evidence of connection A on B: a man in the middle of TCP alone changes nothing', async () => {
    const stage = await prepare()
    const real = await serve(mtls, stage.aggregator, stage.attestation.prover(stage.aggregator))
    const [, port] = real.address.split(':')
    const pipe = createPlainServer((socket) => {
      const upstream = connectPlain({ host: '127.0.0.1', port: Number(port) })
      for (const each of [socket, upstream]) each.on('error', () => undefined)
      socket.pipe(upstream).pipe(socket)
    })
    await new Promise<void>((resolve) => pipe.listen(0, '127.0.0.1', resolve))
    closing.push({ [Symbol.asyncDispose]: async () => void pipe.close() })
    const bound = pipe.address()
    const middle = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`
    expect(await dial(mtls, middle, stage)).toBeUndefined()
  })
})

/** How many bytes came back before the server closed. */
function closedAfter(address: string, identity: Identity, bytes: Uint8Array): Promise<number> {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    let received = 0
    const socket = connectTls({
      host,
      port: Number(port),
      cert: identity.certificatePem,
      key: identity.keyPem.reveal(),
      ca: identity.rootsPem,
      ALPNProtocols: ['h2'],
      checkServerIdentity: () => undefined,
    })
    socket.on('secureConnect', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)))
    socket.on('close', () => resolve(received))
  })
}

test('every refusal a party may meet on the way to the aggregator is coded', async () => {
  const stage = await prepare()
  const { address } = await serve(mtls, stage.aggregator, stage.attestation.prover(stage.aggregator))
  const future = { now: () => Date.now() + 10 * 60_000 }
  const refused = await dial(mtls, address, stage, future)
  expect(refused).toBeInstanceOf(CodedError)
  expect(refused).toMatchObject({ code: 'SESSION_KEY_TIME', message: expect.stringContaining('here it is') })
})
