/**
 * How fast does an update get to the aggregator over a distance, and what does it cost there?
 *
 * The receiver is a process of its own, and the distance another one between the two (delay-relay.ts); without distance
 * they are connected directly. Ours is all of the product's path: the party's upload with the CRC-32 of each chunk, the
 * admission, the copy into shared memory, the SHA-256 over the whole. Beside it are a bare TLS socket and a stream of
 * grpc-js as it comes, which check nothing; all over mutual TLS 1.3 with the same certificates. Kinds take turns, after
 * one turn that does not count, and the best turn of each is what is compared; the digest in the header is made before, as a party does when it writes its update down.
 */
import { fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { uploadUpdate } from '../parties/agent/upload.ts'
import { sha256 } from '../src/crypto/index.ts'
import { grpcNetwork, type Identity, roundService } from '../src/rpc/index.ts'
import { createAuthority } from '../test/support/identities.ts'
import type { Question, Row, Setting } from './question.ts'
import { type Kind, STOCK_METHOD } from './upload-child.ts'

const MB = 1e6
const BYTES = { quick: 64 * MB, full: 500 * MB }
/** What grpc-js as it comes sends within some seconds over a distance. */
const CRAWLING_BYTES = 4 * MB
const RTTS_MS = [0, 20, 50] as const
const TURNS = { quick: 1, full: 5 }
const PIECE_BYTES = 512 * 1024
/** Shares of a bare TLS socket over a distance, and of a bare stream of grpc-js without: the targets of the product. */
const TARGET = { tls: 0.6, stock: 0.8 }

export const upload: Question = {
  name: 'upload',
  asks:
    'Throughput of one upload over mutual TLS at emulated round-trip times, checks included, and the CPU it costs the ' +
    'receiver; beside a bare TLS socket and a stream of grpc-js as it comes, which check nothing.',
  async *measure(setting) {
    const { issue } = await createAuthority('benchmark')
    const receiver = await issue('aggregator', 'bench')
    const sender = await issue('party', 'bank-a')
    const update = randomFillSync(new Uint8Array(setting.quick ? BYTES.quick : BYTES.full))
    const digest = sha256(update)
    for (const rttMs of RTTS_MS) yield* measureAt(rttMs, { receiver, sender, update, digest }, setting)
  },
}

interface Stage {
  readonly receiver: Identity
  readonly sender: Identity
  readonly update: Uint8Array
  readonly digest: Uint8Array
}

interface Measured {
  readonly mbPerS: number
  readonly cpuMsPerMb: number
}

async function* measureAt(rttMs: number, stage: Stage, setting: Setting): AsyncGenerator<Row> {
  const lanes = new Map<Kind, Lane>()
  const measured = new Map<Kind, Measured[]>([
    ['tls', []],
    ['stock', []],
    ['ours', []],
  ])
  try {
    for (const kind of measured.keys()) lanes.set(kind, await openLane(kind, rttMs, stage))
    const turns = setting.quick ? TURNS.quick : TURNS.full
    for (let turn = 0; turn <= turns; turn++) {
      for (const [kind, lane] of lanes) {
        const crawls = kind === 'stock' && rttMs > 0
        const update = crawls ? stage.update.subarray(0, CRAWLING_BYTES) : stage.update
        const result = await lane.send(update, crawls ? new Uint8Array(32) : stage.digest)
        if (turn > 0) measured.get(kind)?.push(result)
        setting.remark(`${rttMs} ms, ${kind}: ${result.mbPerS.toFixed(0)} MB/s`)
      }
    }
  } finally {
    for (const lane of lanes.values()) await lane[Symbol.asyncDispose]()
  }
  yield* rowsOf(rttMs, stage.update.length, measured)
}

function* rowsOf(rttMs: number, bytes: number, measured: ReadonlyMap<Kind, readonly Measured[]>): Generator<Row> {
  // The best of its turns for each kind: whatever else the machine does only takes away.
  const speed = (kind: Kind) => Math.max(...(measured.get(kind) ?? []).map(({ mbPerS }) => mbPerS))
  const cpu = (kind: Kind) => Math.min(...(measured.get(kind) ?? []).map(({ cpuMsPerMb }) => cpuMsPerMb)) * (bytes / MB)
  const row = (what: string, value: number, unit: string, ratio: number | null, against: string | null): Row => {
    return { question: 'upload', case: `${rttMs} ms: ${what}`, value, unit, ratio, against }
  }
  yield row('bare TLS socket', speed('tls'), 'MB/s', null, null)
  yield row('grpc-js as it comes', speed('stock'), 'MB/s', speed('stock') / speed('tls'), 'the bare TLS socket')
  const tlsTarget = rttMs > 0 ? ` (target: at least ${TARGET.tls})` : ''
  yield row('ours', speed('ours'), 'MB/s', speed('ours') / speed('tls'), `the bare TLS socket${tlsTarget}`)
  if (rttMs === 0) {
    const against = `the stream of grpc-js (target: at least ${TARGET.stock})`
    yield row('ours', speed('ours'), 'MB/s', speed('ours') / speed('stock'), against)
  }
  const unit = `CPU ms of the receiver for ${bytes / MB} MB`
  yield row('bare TLS socket', cpu('tls'), unit, null, null)
  if (rttMs === 0)
    yield row('grpc-js as it comes', cpu('stock'), unit, cpu('stock') / cpu('tls'), 'the bare TLS socket')
  yield row('ours', cpu('ours'), unit, cpu('ours') / cpu('tls'), 'the bare TLS socket')
}

interface Lane extends AsyncDisposable {
  send(update: Uint8Array, digest: Uint8Array): Promise<Measured>
}

/** A receiver, the distance to it, and a sender that is connected before the clock starts. */
async function openLane(kind: Kind, rttMs: number, { receiver, sender }: Stage): Promise<Lane> {
  const child = start('upload-child.ts')
  child.send({ kind, identity: { ...receiver, keyPem: receiver.keyPem.reveal() } })
  const [{ port: target }] = await once(child, 'message')
  const relay = rttMs > 0 ? start('delay-relay.ts') : undefined
  relay?.send({ target, rttMs })
  const [{ port }] = relay ? await once(relay, 'message') : [{ port: target }]
  const usage = async (): Promise<number> => {
    child.send('usage')
    const [{ cpuMs }] = await once(child, 'message')
    return cpuMs
  }
  const client = await clients[kind](port, sender)
  return {
    async send(update, digest) {
      const cpuBefore = await usage()
      const began = performance.now()
      const arrived = await client.send(update, digest)
      const seconds = (performance.now() - began) / 1000
      if (arrived !== update.length) throw new Error(`${arrived} of ${update.length} bytes arrived`)
      const megabytes = update.length / MB
      return { mbPerS: megabytes / seconds, cpuMsPerMb: ((await usage()) - cpuBefore) / megabytes }
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      for (const process of [child, relay]) {
        if (!process) continue
        const exit = once(process, 'exit')
        process.kill()
        await exit
      }
    },
  }
}

const start = (name: string) =>
  fork(fileURLToPath(new URL(name, import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

interface Client {
  /** How many bytes arrived. */
  send(update: Uint8Array, digest: Uint8Array): Promise<number>
  close(): Promise<void>
}

const clients: Readonly<Record<Kind, (port: number, identity: Identity) => Promise<Client>>> = {
  /** A connection for each: its end is what tells the receiver that all has come. */
  async tls(port, identity) {
    let next = dialTls(port, identity)
    await next
    return {
      async send(update) {
        const socket = await next
        const answer = once(socket, 'data')
        for (const piece of pieces(update)) if (!socket.write(piece)) await once(socket, 'drain')
        socket.end()
        const [bytes] = await answer
        next = dialTls(port, identity)
        await next
        return Number(bytes)
      },
      close: async () => {
        ;(await next).destroy()
      },
    }
  },
  async stock(port, identity) {
    const credentials = grpc.ChannelCredentials.createSsl(
      Buffer.from(identity.rootsPem),
      Buffer.from(identity.keyPem.reveal()),
      Buffer.from(identity.certificatePem),
    )
    const client = new grpc.Client(`localhost:${port}`, credentials)
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve()))
    })
    return { send: (update) => sendStock(client, update), close: async () => client.close() }
  },
  async ours(port, identity) {
    const connection = grpcNetwork.connect({ address: `127.0.0.1:${port}`, identity, role: 'aggregator' })
    const { signal } = new AbortController()
    await connection.reach({ signal, deadlineMs: 10_000 })
    const rounds = connection.client(roundService)
    const quiet = () => undefined
    const log = { info: quiet, warn: quiet, error: quiet }
    return {
      async send(update, digest) {
        const runId = '00112233445566778899aabbccddeeff'
        const header = { kind: 'header', runId, round: 1, digest, length: update.length, weight: 1 } as const
        await uploadUpdate(update, header, rounds, signal, log)
        return update.length
      },
      close: async () => connection[Symbol.asyncDispose](),
    }
  },
}

async function dialTls(port: number, { certificatePem, keyPem, rootsPem }: Identity): Promise<TLSSocket> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    cert: certificatePem,
    key: keyPem.reveal(),
    ca: rootsPem,
    minVersion: 'TLSv1.3',
  })
  await once(socket, 'secureConnect')
  return socket
}

function sendStock(client: grpc.Client, update: Uint8Array): Promise<number> {
  const same = (bytes: Buffer) => bytes
  return new Promise((resolve, reject) => {
    const stream = client.makeClientStreamRequest(STOCK_METHOD, same, same, (error, answer) => {
      if (error) reject(error)
      else resolve(Number(answer))
    })
    const feed = async () => {
      for (const piece of pieces(update)) if (!stream.write(piece)) await once(stream, 'drain')
      stream.end()
    }
    feed().catch(reject)
  })
}

function* pieces(update: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < update.length; at += PIECE_BYTES) {
    yield Buffer.from(update.buffer, update.byteOffset + at, Math.min(PIECE_BYTES, update.length - at))
  }
}
