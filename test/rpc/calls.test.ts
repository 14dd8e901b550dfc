/** Calls and their ends, the same over mTLS and in memory. */
import { beforeAll, describe, expect, test } from 'vitest'
import { CodedError, type ErrorTable } from '../../src/errors/index.ts'
import { type Identity, RemoteError, RpcError } from '../../src/rpc/index.ts'
import { createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'
import {
  abortOf,
  calmly,
  collected,
  createGate,
  createKits,
  dial,
  digest,
  failure,
  joining,
  lasting,
  place,
  runId,
  serve,
} from './kits.ts'

const MIB = 1024 * 1024
const table = {
  TEST_REFUSED: { status: 'FAILED_PRECONDITION', cause: 'A test wants it.', next: 'Nothing.' },
} as const satisfies ErrorTable<string>
class TestError extends CodedError<keyof typeof table> {}

let aggregator: Identity
let party: Identity
let user: Identity
beforeAll(async () => {
  const authority = await createAuthority('demo')
  aggregator = await authority.issue('aggregator', 'aggregator')
  party = await authority.issue('party', 'bank-a')
  user = await authority.issue('user', 'admin')
})

const decline = { runId, round: 3, code: 'DATA_MISSING' }
const header = { kind: 'header', runId, round: 1, digest, length: 4, weight: 9 } as const
const accepted = { kind: 'accepted', digest, round: 1 } as const
const chunk = (data: Uint8Array) => ({ kind: 'chunk', offset: 0, data, crc32: 0 }) as const

describe.each(createKits())('over $name', ({ network: make }) => {
  const network = make()

  test('a unary call carries request, answer and caller', async () => {
    const seen: unknown[] = []
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask(request, { peer }) {
          seen.push(request, peer)
          return {}
        },
      },
    })
    await using client = dial(network, server.address, party)
    expect(await client.round.declineTask(decline, calmly)).toEqual({})
    expect(seen).toEqual([decline, { federation: 'demo', role: 'party', name: 'bank-a' }])
  })

  test('a server stream arrives in order and ends', async () => {
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *fetchParameters() {
          for (let length = 1; length <= 40; length += 1) yield new Uint8Array(length)
        },
      },
    })
    await using client = dial(network, server.address, party)
    const chunks = await collected(client.round.fetchParameters({ runId, modelDigest: digest, offset: 0 }, lasting))
    expect(chunks.map((each) => each.length)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1))
  })

  test('an upload arrives in order, bytes intact', async () => {
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *submitUpdate(parts) {
          const all = await collected(parts)
          expect(all[0]).toEqual(header)
          expect(all.slice(1).map((part) => part.kind === 'chunk' && part.data[MIB - 1])).toEqual([0, 1, 2, 3, 4])
          yield accepted
        },
      },
    })
    await using client = dial(network, server.address, party)
    async function* parts() {
      yield header
      for (let at = 0; at < 5; at += 1) yield chunk(new Uint8Array(MIB).fill(at))
    }
    expect(await collected(client.round.submitUpdate(parts(), calmly))).toEqual([accepted])
  })

  test('a coded error keeps code, status and message, in calls and in streams', async () => {
    const refuse = () => {
      throw new TestError(table, 'TEST_REFUSED', 'bank-a: "no" – 100 %\nand a half \ud800')
    }
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        declineTask: refuse,
        async *join() {
          yield { ...place, kind: 'ended', state: 'stopped', reason: '' } as const
          refuse()
        },
      },
    })
    await using client = dial(network, server.address, party)
    const error = await failure(client.round.declineTask(decline, calmly))
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ code: 'TEST_REFUSED', row: { status: 'FAILED_PRECONDITION' } })
    expect(error).toMatchObject({ message: 'bank-a: "no" – 100 %\nand a half \ufffd' })
    const tasks: unknown[] = []
    const reading = (async () => {
      for await (const task of client.round.join(joining, lasting)) tasks.push(task)
    })()
    expect(await failure(reading)).toMatchObject({ code: 'TEST_REFUSED' })
    expect(tasks).toHaveLength(1)
  })

  test('any other error leaves a correlation id, and its text in the log only', async () => {
    const { log, lines } = createTestLog()
    await using server = await serve({
      network,
      identity: aggregator,
      log,
      round: {
        async declineTask() {
          throw new Error('password is 1234')
        },
      },
    })
    await using client = dial(network, server.address, party)
    const error = await failure(client.round.declineTask(decline, calmly))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'CALL_FAILED' })
    expect(String(error)).not.toContain('1234')
    const line = lines.find((each) => each.level === 'error')
    expect(String(line?.fields.error)).toContain('password is 1234')
    expect(String(error)).toContain(String(line?.fields.correlation))
  })

  test('an answer out of bounds is the server’s fault', async () => {
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *submitUpdate() {
          yield { ...accepted, digest: new Uint8Array(31) }
        },
      },
    })
    await using client = dial(network, server.address, party)
    async function* parts() {
      yield header
    }
    expect(await failure(collected(client.round.submitUpdate(parts(), calmly)))).toMatchObject({ code: 'CALL_FAILED' })
  })

  test('a deadline ends the call on both sides', async () => {
    const told = createGate<unknown>()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask({ round }, { signal }) {
          if (round === 0) return {}
          told.open(await abortOf(signal))
          return {}
        },
      },
    })
    await using client = dial(network, server.address, party)
    // Connected before, so that the time below is the handler's alone, on however busy a machine.
    await client.round.declineTask({ ...decline, round: 0 }, calmly)
    const error = await failure(client.round.declineTask(decline, { ...calmly, deadlineMs: 100 }))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'CALL_DEADLINE' })
    expect(await told.opened).toBeInstanceOf(RpcError)
    const never = { ...calmly, deadlineMs: 0 }
    expect(await failure(client.round.declineTask(decline, never))).toBeInstanceOf(RangeError)
  })

  test('an abort ends the call on both sides', async () => {
    const told = createGate<unknown>()
    const entered = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *join(_request, { signal }) {
          entered.open()
          told.open(await abortOf(signal))
          yield { ...place, kind: 'statistics' }
        },
      },
    })
    await using client = dial(network, server.address, party)
    const leaving = new AbortController()
    const call = { signal: leaving.signal, deadlineMs: 'open' } as const
    const reading = failure(collected(client.round.join(joining, call)))
    await entered.opened
    leaving.abort(new Error('enough'))
    const error = await reading
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'CALL_ABORTED', cause: { message: 'enough' } })
    expect(await told.opened).toMatchObject({ code: 'CALL_ABORTED' })
    const late = client.round.declineTask(decline, { signal: leaving.signal, deadlineMs: 1000 })
    expect(await failure(late)).toMatchObject({ code: 'CALL_ABORTED' })
  })

  test('leaving a stream ends the handler, even one that does not look', async () => {
    const told = createGate<unknown>()
    const stopped = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *fetchParameters(_request, { signal }) {
          void abortOf(signal).then(told.open)
          try {
            for (;;) yield new Uint8Array(10)
          } finally {
            stopped.open()
          }
        },
      },
    })
    await using client = dial(network, server.address, party)
    for await (const chunk of client.round.fetchParameters({ runId, modelDigest: digest, offset: 0 }, lasting)) {
      expect(chunk).toHaveLength(10)
      break
    }
    expect(await told.opened).toMatchObject({ code: 'CALL_ABORTED' })
    await stopped.opened
  })

  test('closing the connection ends its calls on both sides', async () => {
    const told = createGate<unknown>()
    const entered = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask(_request, { signal }) {
          entered.open()
          told.open(await abortOf(signal))
          return {}
        },
      },
    })
    const client = dial(network, server.address, party)
    const calling = failure(client.round.declineTask(decline, calmly))
    await entered.opened
    await client[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
    expect(await calling).toMatchObject({ code: 'CALL_ABORTED' })
    expect(await told.opened).toMatchObject({ code: 'CALL_ABORTED' })
    expect(await failure(client.round.declineTask(decline, calmly))).toMatchObject({ code: 'CALL_ABORTED' })
  })

  test('a slow reader stops the sender', async () => {
    let sent = 0
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *fetchParameters() {
          for (;;) {
            sent += 1
            yield new Uint8Array(MIB)
          }
        },
        async declineTask() {
          return {}
        },
      },
    })
    await using client = dial(network, server.address, party)
    const stream = client.round
      .fetchParameters({ runId, modelDigest: digest, offset: 0 }, lasting)
      [Symbol.asyncIterator]()
    await stream.next()
    await still(
      () => sent,
      () => client.round.declineTask(decline, calmly),
    )
    // A window of 8 MiB, two messages read ahead, and what is being written.
    expect(sent).toBeLessThanOrEqual(16)
    const before = sent
    for (let at = 0; at < before + 5; at += 1) await stream.next()
    expect(sent).toBeGreaterThan(before)
    await stream.return?.()
  })

  test('a call that its server fails ends with that error, whatever was being sent to a caller that did not read', async () => {
    const failing = createGate<(reason: Error) => void>()
    const stopped = createGate()
    let sent = 0
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *fetchParameters(_request, { fail }) {
          failing.open(fail)
          try {
            for (;;) {
              sent += 1
              yield new Uint8Array(MIB)
            }
          } finally {
            stopped.open()
          }
        },
        declineTask: async () => ({}),
      },
    })
    await using client = dial(network, server.address, party)
    const request = { runId, modelDigest: digest, offset: 0 }
    const stream = client.round.fetchParameters(request, lasting)[Symbol.asyncIterator]()
    await stream.next()
    await still(
      () => sent,
      () => client.round.declineTask(decline, calmly),
    )
    const fail = await failing.opened
    fail(new TestError(table, 'TEST_REFUSED', 'a newer one came'))
    const before = sent
    // Before the caller reads anything.
    await stopped.opened
    const reading = (async () => {
      while (!(await stream.next()).done);
    })()
    const error = await failure(reading)
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ code: 'TEST_REFUSED' })
    // No more than what the handler had ready.
    expect(sent).toBeLessThanOrEqual(before + 1)
  })

  test('a slow server stops the uploader', async () => {
    let sent = 0
    const go = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *submitUpdate(parts) {
          let received = 0
          for await (const _part of parts) {
            received += 1
            if (received === 1) await go.opened
          }
          yield { ...accepted, round: received }
        },
        async declineTask() {
          return {}
        },
      },
    })
    await using client = dial(network, server.address, party)
    async function* parts() {
      yield header
      while (sent < 40) {
        sent += 1
        yield chunk(new Uint8Array(MIB))
      }
    }
    const uploading = collected(client.round.submitUpdate(parts(), calmly))
    await still(
      () => sent,
      () => client.round.declineTask(decline, calmly),
    )
    expect(sent).toBeLessThanOrEqual(8)
    go.open()
    expect(await uploading).toEqual([{ ...accepted, round: 41 }])
  })

  test('an upload that its source breaks off is aborted at the server', async () => {
    const told = createGate<unknown>()
    const entered = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *submitUpdate(parts, { signal }) {
          entered.open()
          void abortOf(signal).then(told.open)
          await collected(parts)
          yield accepted
        },
      },
    })
    await using client = dial(network, server.address, party)
    async function* parts() {
      yield header
      await entered.opened
      throw new Error('the disk is gone')
    }
    expect(await failure(collected(client.round.submitUpdate(parts(), calmly)))).toMatchObject({
      message: 'the disk is gone',
    })
    expect(await told.opened).toMatchObject({ code: 'CALL_ABORTED' })
  })

  test('an upload that the server refuses stops its source', async () => {
    const returned = createGate()
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        // biome-ignore lint/correctness/useYield: it refuses before it has anything to say
        async *submitUpdate(parts) {
          for await (const part of parts) if (part.kind === 'chunk') break
          throw new TestError(table, 'TEST_REFUSED', 'too late')
        },
      },
    })
    await using client = dial(network, server.address, party)
    async function* parts() {
      try {
        yield header
        for (;;) yield chunk(new Uint8Array(MIB))
      } finally {
        returned.open()
      }
    }
    expect(await failure(collected(client.round.submitUpdate(parts(), calmly)))).toMatchObject({ code: 'TEST_REFUSED' })
    await returned.opened
  })

  describe('a stream both ways', () => {
    test('is a conversation: each side answers what the other has said', async () => {
      await using server = await serve({
        network,
        identity: aggregator,
        round: {
          async *submitUpdate(parts) {
            for await (const part of parts) if (part.kind === 'chunk') yield { kind: 'progress', offset: part.offset }
            yield accepted
          },
        },
      })
      await using client = dial(network, server.address, party)
      const heard = createGate<number>()
      async function* parts() {
        yield header
        yield { ...chunk(new Uint8Array(1)), offset: 10 }
        // Not before the server has answered the one before.
        yield { ...chunk(new Uint8Array(1)), offset: (await heard.opened) + 1 }
      }
      const statuses: unknown[] = []
      for await (const status of client.round.submitUpdate(parts(), calmly)) {
        statuses.push(status)
        if (status.kind === 'progress') heard.open(status.offset)
      }
      expect(statuses).toEqual([{ kind: 'progress', offset: 10 }, { kind: 'progress', offset: 11 }, accepted])
    })

    test('that the server ends early is a whole answer, and stops the source', async () => {
      const returned = createGate()
      await using server = await serve({
        network,
        identity: aggregator,
        round: {
          async *submitUpdate(parts) {
            for await (const part of parts) if (part.kind === 'header') break
            yield accepted
          },
        },
      })
      await using client = dial(network, server.address, party)
      async function* parts() {
        try {
          yield header
          for (;;) yield chunk(new Uint8Array(MIB))
        } finally {
          returned.open()
        }
      }
      expect(await collected(client.round.submitUpdate(parts(), calmly))).toEqual([accepted])
      await returned.opened
    })

    test('whose source waits for ever ends with the server’s answer or error all the same', async () => {
      await using server = await serve({
        network,
        identity: aggregator,
        round: {
          async *submitUpdate(parts) {
            for await (const part of parts) if (part.kind === 'header' && part.round === 1) break
            yield { kind: 'admitted', offset: 0 }
            throw new TestError(table, 'TEST_REFUSED', 'after all')
          },
        },
      })
      await using client = dial(network, server.address, party)
      async function* parts() {
        yield header
        await createGate().opened
      }
      const statuses: unknown[] = []
      const reading = (async () => {
        for await (const status of client.round.submitUpdate(parts(), calmly)) statuses.push(status)
      })()
      expect(await failure(reading)).toMatchObject({ code: 'TEST_REFUSED' })
      expect(statuses).toEqual([{ kind: 'admitted', offset: 0 }])
    })

    test.each(['aborts', 'leaves', 'is late'])('whose caller %s ends on both sides', async (how) => {
      const told = createGate<unknown>()
      const stopped = createGate()
      await using server = await serve({
        network,
        identity: aggregator,
        round: {
          async *submitUpdate(parts, { signal }) {
            void abortOf(signal).then(told.open)
            yield { kind: 'admitted', offset: 0 }
            await collected(parts).catch(() => undefined)
            stopped.open()
          },
          declineTask: async () => ({}),
        },
      })
      await using client = dial(network, server.address, party)
      await client.round.declineTask(decline, calmly)
      const leaving = new AbortController()
      async function* parts() {
        yield header
        await createGate().opened
      }
      const deadlineMs = how === 'is late' ? 200 : 'open'
      const reading = (async () => {
        for await (const _ of client.round.submitUpdate(parts(), { signal: leaving.signal, deadlineMs })) {
          if (how === 'aborts') leaving.abort(new Error('enough'))
          if (how === 'leaves') break
        }
      })()
      const code = how === 'is late' ? 'CALL_DEADLINE' : 'CALL_ABORTED'
      if (how === 'leaves') await reading
      else expect(await failure(reading)).toMatchObject({ code })
      expect(await told.opened).toMatchObject({ code })
      await stopped.opened
    })

    test('whose caller does not listen stops the server', async () => {
      let said = 0
      await using server = await serve({
        network,
        identity: aggregator,
        round: {
          async *submitUpdate() {
            for (;;) {
              said += 1
              yield { kind: 'progress', offset: said }
              // Statuses are a few bytes: what stops their sender is the reader, not the window.
              if (said % 1000 === 0) await new Promise(setImmediate)
            }
          },
          declineTask: async () => ({}),
        },
      })
      await using client = dial(network, server.address, party)
      async function* parts() {
        yield header
        await createGate().opened
      }
      const statuses = client.round.submitUpdate(parts(), lasting)[Symbol.asyncIterator]()
      await statuses.next()
      await statuses.return?.()
      await still(
        () => said,
        () => client.round.declineTask(decline, calmly),
      )
    })
  })

  test('messages out of bounds are refused before they leave, with every bad field named', async () => {
    await using server = await serve({ network, identity: aggregator, round: {} })
    await using client = dial(network, server.address, party)
    const calling = collected(
      client.round.join({ ...joining, runId: 'XYZ', jobDigest: new Uint8Array(3), rows: 0 }, calmly),
    )
    const error = await failure(calling)
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({
      code: 'WIRE_INVALID',
      message:
        'JoinRequest: run_id: found "XYZ", expected 32 lower-case hex digits; ' +
        'job_digest: found 3 bytes, expected 32 bytes; ' +
        'rows: found 0, expected an integer from 1 to 2147483647',
    })
  })

  test('an answer larger than a message may be is refused by its sender', async () => {
    const reasons = Array.from({ length: 20 }, () => 'x'.repeat(500))
    await using server = await serve({
      network,
      identity: aggregator,
      run: {
        async getRun() {
          const party = (at: number) =>
            ({ party: `bank-${at}`, decision: 'declined', reasons, activity: 'absent' }) as const
          const parties = Array.from({ length: 10 }, (_, at) => party(at))
          const run = {
            runId,
            name: 'r',
            jobDigest: digest,
            state: 'rejected',
            reason: '',
            submittedBy: 'admin',
          } as const
          const counts = {
            createdMs: 1,
            endedMs: 2,
            round: 0,
            rounds: 1,
            metrics: {},
            metricsModel: 0,
            modelId: undefined,
            tee: '',
          }
          return { ...run, ...counts, parties, specJson: new Uint8Array(MIB) }
        },
      },
    })
    await using client = dial(network, server.address, user)
    const error = await failure(client.run.getRun({ runId: 'abab' }, calmly))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'WIRE_TOO_LARGE' })
  })

  test('a role that may not call is told which may', async () => {
    await using server = await serve({ network, identity: aggregator, round: {} })
    await using client = dial(network, server.address, user)
    const error = await failure(client.round.declineTask(decline, calmly))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'CALL_NOT_ALLOWED', row: { status: 'PERMISSION_DENIED' } })
    expect(error).toMatchObject({ message: 'coffer.v1.RoundService is for the role party; the caller is user admin' })
  })

  test('a service that the program does not offer is unknown', async () => {
    await using server = await serve({ network, identity: aggregator, round: {} })
    await using client = dial(network, server.address, user)
    expect(await failure(client.run.getStatus({}, calmly))).toMatchObject({ code: 'CALL_UNKNOWN' })
  })
})

/** Waits, by calls back and forth rather than by the clock, until `count` has stood still for 30 of them. */
async function still(count: () => number, roundTrip: () => Promise<unknown>): Promise<void> {
  let seen = -1
  for (let quiet = 0; quiet < 30; quiet += 1) {
    if (count() !== seen) quiet = 0
    seen = count()
    await roundTrip()
  }
}
