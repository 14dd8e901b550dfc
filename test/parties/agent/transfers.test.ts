/** Updates up and parameters down: what becomes of each when its connection breaks, and when the other side refuses. */
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { IncomingUpload } from '../../../src/aggregator/incoming.ts'
import { Uploads } from '../../../src/aggregator/uploads.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { RoundError } from '../../../src/round/index.ts'
import { RpcError, type UpdatePart, type UploadStatus } from '../../../src/rpc/index.ts'
import { createGrpcNetwork } from '../../../src/rpc/grpc/network.ts'
import { fetchParameters } from '../../../parties/agent/download.ts'
import { uploadUpdate } from '../../../parties/agent/upload.ts'
import { dial, failure, runId, serve } from '../../rpc/kits.ts'
import { createAuthority } from '../../support/identities.ts'
import { createTestLog } from '../../support/log.ts'

const MIB = 1024 * 1024
const update = Uint8Array.from({ length: 3 * MIB }, (_, i) => (i * 31 + (i >> 8)) & 255)
const header = { kind: 'header', runId, round: 3, digest: sha256(update), length: update.length, weight: 5 } as const
const lost = () => new RpcError('PEER_LOST', 'the connection broke')
const never = new AbortController().signal

const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const end of leftovers.splice(0)) await end()
})

describe('an update', () => {
  type Answer = (parts: AsyncIterable<UpdatePart>) => AsyncIterable<UploadStatus>

  /** Each call is answered by the next of these. */
  const sendTo = async (answers: readonly Answer[], signal = never) => {
    const { log, lines } = createTestLog()
    let calls = 0
    const submitUpdate: Answer = (parts) => {
      const answer = answers[calls]
      calls += 1
      if (!answer) throw new Error('one call too many')
      return answer(parts)
    }
    const result = await uploadUpdate(update, header, { submitUpdate }, signal, log)
    return { result, calls, lines }
  }

  /** Admits at an offset and takes the chunks from there; breaks after so many, or accepts at the end. */
  const take = (
    from: number,
    chunks: { offset: number; length: number }[],
    breakAfter = Number.POSITIVE_INFINITY,
  ): Answer =>
    async function* (parts) {
      let taken = 0
      for await (const part of parts) {
        if (part.kind === 'header') {
          expect(part).toEqual(header)
          yield { kind: 'admitted', offset: from }
        } else {
          expect(crc32(part.data)).toBe(part.crc32)
          chunks.push({ offset: part.offset, length: part.data.length })
          taken += 1
          if (taken >= breakAfter) throw lost()
          yield { kind: 'progress', offset: part.offset + part.data.length }
        }
      }
      yield { kind: 'accepted', digest: header.digest, round: 4 }
    }

  test('goes in chunks from the offset that the aggregator names, each time, until it counts', async () => {
    const first: { offset: number; length: number }[] = []
    const second: { offset: number; length: number }[] = []
    const { result, calls, lines } = await sendTo([take(0, first, 2), take(MIB + 5, second)])
    expect(result).toEqual({ round: 4 })
    expect(calls).toBe(2)
    expect(first.map(({ offset }) => offset)).toEqual([0, MIB / 2])
    expect(second[0]?.offset).toBe(MIB + 5)
    expect(second.reduce((sum, { length }) => sum + length, 0)).toBe(update.length - MIB - 5)
    expect(lines.filter(({ message }) => message === 'sending the update')).toHaveLength(1)
  })

  test('is not sent at all before there is room, nor when it counts already', async () => {
    const known: Answer = async function* () {
      yield { kind: 'accepted', digest: header.digest, round: 3 }
    }
    expect((await sendTo([known])).result).toEqual({ round: 3 })
    const waiting: Answer = async function* (parts) {
      const iterator = parts[Symbol.asyncIterator]()
      await iterator.next()
      const chunk = iterator.next().then(() => 'a chunk came')
      const quiet = new Promise((resolve) => setImmediate(resolve)).then(() => 'nothing came')
      expect(await Promise.race([chunk, quiet])).toBe('nothing came')
      yield { kind: 'admitted', offset: update.length - 1 }
      expect(await chunk).toBe('a chunk came')
      yield { kind: 'accepted', digest: header.digest, round: 3 }
    }
    expect((await sendTo([waiting])).result).toEqual({ round: 3 })
  })

  test('that is refused is not sent again; one whose answer never came is', async () => {
    const refuse: Answer = () => {
      throw new RoundError('ROUND_CLOSED', 'over')
    }
    expect(await failure(sendTo([refuse]))).toMatchObject({ code: 'ROUND_CLOSED' })
    const silent: Answer = async function* () {
      yield* []
    }
    expect((await sendTo([silent, take(0, [])])).calls).toBe(2)
  })

  test('ends with its signal', async () => {
    const leaving = new AbortController()
    const hanging: Answer = async function* () {
      leaving.abort(new Error('a newer task'))
      yield* []
    }
    expect(await failure(sendTo([hanging], leaving.signal))).toEqual(new Error('a newer task'))
  })
})

describe('parameters', () => {
  const parameters = Float32Array.from({ length: 1000 }, (_, i) => i / 7)
  const bytes = new Uint8Array(parameters.buffer)
  const wanted = { runId, digest: sha256(bytes), size: parameters.length }
  type Answer = (offset: number) => AsyncIterable<Uint8Array>

  const fetchFrom = async (answers: readonly Answer[]) => {
    const offsets: number[] = []
    const { log, lines } = createTestLog()
    const rounds = {
      fetchParameters: ({ offset }: { offset: number }) => {
        const answer = answers[offsets.length]
        offsets.push(offset)
        if (!answer) throw new Error('one call too many')
        return answer(offset)
      },
    }
    return { found: await fetchParameters(wanted, rounds, never, log), offsets, lines }
  }
  const whole: Answer = async function* (offset) {
    for (let at = offset; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300)
  }

  test('go on where the connection broke, checked as a whole', async () => {
    const breaking: Answer = async function* (offset) {
      yield bytes.subarray(offset, offset + 1000)
      throw lost()
    }
    const { found, offsets } = await fetchFrom([breaking, breaking, whole])
    expect(found).toEqual(parameters)
    expect(offsets).toEqual([0, 1000, 2000])
  })

  test.each<[string, Answer]>([
    [
      'wrong',
      async function* () {
        yield bytes.map(() => 1)
      },
    ],
    [
      'too many',
      async function* () {
        yield new Uint8Array(bytes.length + 4)
      },
    ],
    [
      'too few',
      async function* () {
        yield bytes.subarray(0, 8)
      },
    ],
  ])('that are %s are fetched anew from the beginning', async (_, answer) => {
    const { found, offsets, lines } = await fetchFrom([answer, whole])
    expect(found).toEqual(parameters)
    expect(offsets).toEqual([0, 0])
    expect(lines.map(({ fields }) => fields.code)).toContain('AGENT_MODEL_DIGEST')
  })
})

test('an upload whose connection is cut in the middle of a chunk resumes over mTLS, and counts once', async () => {
  const { issue } = await createAuthority('demo')
  const network = createGrpcNetwork({ backoffMs: 20, backoffLimitMs: 50 })
  const uploads = new Uploads()
  const offsets: number[] = []
  const delivered: Uint8Array[] = []
  await using server = await serve({
    network,
    identity: await issue('aggregator', 'main'),
    round: {
      async *submitUpdate(parts, { peer, signal, widen }) {
        const incoming = new IncomingUpload(parts, signal)
        try {
          const first = await incoming.header()
          const reception = {
            runId,
            party: peer.name,
            header: first,
            expectedBytes: first.length,
            closed: never,
            widen,
          }
          const statuses = uploads.receive(incoming, reception, async (body) => {
            delivered.push(body.slice())
            return { round: 3 }
          })
          for await (const status of statuses) {
            if (status.kind === 'admitted') offsets.push(status.offset)
            yield status
          }
        } finally {
          incoming.end()
        }
      },
    },
  })
  const address = await cutter(server.address, MIB * 1.7)
  await using client = dial(network, address, await issue('party', 'bank-a'))
  const { log } = createTestLog()
  expect(await uploadUpdate(update, header, client.round, never, log)).toEqual({ round: 3 })
  expect(offsets).toHaveLength(2)
  expect(offsets[0]).toBe(0)
  expect(offsets[1]).toBeGreaterThanOrEqual(MIB / 2)
  expect(offsets[1]).toBeLessThan(update.length)
  expect(delivered.map((body) => Buffer.compare(body, update))).toEqual([0])
})

/** A way to a program that is cut once, after so many bytes have passed; the next connection is left alone. */
async function cutter(target: string, afterBytes: number): Promise<string> {
  const sockets: Socket[] = []
  let left = afterBytes
  const server = createServer((near) => {
    const far = connectTcp(Number(target.split(':').at(-1)), '127.0.0.1')
    sockets.push(near, far)
    for (const each of [near, far]) each.on('error', () => undefined)
    far.pipe(near)
    near.on('data', (bytes: Buffer) => {
      const before = left
      left -= bytes.length
      if (before > 0 && left <= 0) for (const each of [near, far]) each.destroy()
      else far.write(bytes)
    })
    near.on('close', () => far.destroy())
  })
  leftovers.push(() => {
    server.close()
    for (const each of sockets) each.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) throw new Error('no port')
  return `127.0.0.1:${bound.port}`
}
