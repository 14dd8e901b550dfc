/** Who may connect, what an operator reads when it fails, and how a server ends: the same over mTLS and in memory. */
import { beforeAll, describe, expect, test } from 'vitest'
import { bind, type Identity, type Listening, type Role, roundService, RpcError } from '../../src/rpc/index.ts'
import { createTestClock } from '../support/clock.ts'
import { type Authority, createAuthority } from '../support/identities.ts'
import { createTestLog } from '../support/log.ts'
import {
  abortOf,
  calmly,
  collected,
  createGate,
  createKits,
  dial,
  failure,
  joining,
  lasting,
  place,
  rounds,
  runId,
  serve,
} from './kits.ts'

const DAY = 24 * 3600 * 1000
const decline = { runId, round: 3, code: 'DATA_MISSING' }
const accept = { declineTask: async () => ({}) }

let authority: Authority
let aggregator: Identity
let party: Identity
let user: Identity
beforeAll(async () => {
  authority = await createAuthority('demo', new Date(Date.now() - 20 * DAY))
  aggregator = await authority.issue('aggregator', 'aggregator', new Date())
  party = await authority.issue('party', 'bank-a', new Date())
  user = await authority.issue('user', 'admin', new Date())
})

describe.each(createKits())('over $name', ({ network: make }) => {
  const network = make()

  async function refusal(listening: Listening, identity: Identity, from = network): Promise<RpcError> {
    await using client = dial(from, listening.address, identity)
    const error = await failure(client.round.declineTask(decline, calmly))
    if (!(error instanceof RpcError)) throw error
    return error
  }

  test('a server of another federation is not believed', async () => {
    const other = await createAuthority('other')
    await using server = await serve({
      network,
      identity: await other.issue('aggregator', 'aggregator'),
      round: accept,
    })
    const error = await refusal(server, party)
    expect(error.code).toBe('PEER_OTHER_FEDERATION')
    expect(error.message).toContain('spiffe://other/aggregator/aggregator')
    expect(error.message).toContain('no root of demo')
  })

  test('a federation’s name under the right root must be the right one too', async () => {
    const other = await createAuthority('other')
    const both = `${other.rootPem}${party.rootsPem}`
    await using server = await serve({
      network,
      identity: await other.issue('aggregator', 'aggregator'),
      round: accept,
    })
    const error = await refusal(server, { ...party, rootsPem: both })
    expect(error.code).toBe('PEER_OTHER_FEDERATION')
    expect(error.message).toContain('expected federation demo')
  })

  test('a client of a federation that was set up again is refused, and both sides say so', async () => {
    const again = await createAuthority('demo')
    const old = await again.issue('party', 'bank-a')
    const { log, lines } = createTestLog()
    await using server = await serve({ network, identity: aggregator, round: accept, log })
    const error = await refusal(server, { ...old, rootsPem: `${old.rootsPem}${aggregator.rootsPem}` })
    expect(error.code).toBe('PEER_REFUSED_US')
    expect(error.message).toContain(server.address)
    const refused = lines.find((line) => line.message === 'connection refused')
    expect(refused?.fields.error).toMatchObject({ code: 'PEER_OTHER_FEDERATION' })
  })

  test('an expired certificate of the server is named with its dates', async () => {
    const then = new Date(Date.now() - 10 * DAY)
    const expired = await authority.issue('aggregator', 'aggregator', then)
    await using server = await serve({ network: make(() => then.getTime()), identity: expired, round: accept })
    const error = await refusal(server, party)
    expect(error.code).toBe('PEER_CERTIFICATE_EXPIRED')
    expect(error.message).toContain(`the program at ${server.address} has the certificate of spiffe://demo/aggregator`)
    expect(error.message).toContain(new Date(then.getTime() + DAY).toISOString().slice(0, 10))
  })

  test('a certificate that expires while the program runs is refused, and the server’s log has its dates', async () => {
    const then = new Date(Date.now() - 10 * DAY)
    const expired = await authority.issue('party', 'bank-a', then)
    const { log, lines } = createTestLog()
    await using server = await serve({ network, identity: aggregator, round: accept, log })
    const clock = createTestClock(then.getTime())
    await using client = dial(make(clock.now), server.address, expired)
    clock.advance(10 * DAY)
    const error = await failure(client.round.declineTask(decline, calmly))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'PEER_REFUSED_US' })
    const refused = lines.find((line) => line.message === 'connection refused')
    expect(refused?.fields.error).toMatchObject({ code: 'PEER_CERTIFICATE_EXPIRED' })
    expect(String(refused?.fields.error)).toContain(new Date(then.getTime() + DAY).toISOString().slice(0, 10))
  })

  test('reach asks for nothing but an answer, of any role, with the same checks and errors as a call', async () => {
    const other = await createAuthority('other')
    const server = await serve({ network, identity: aggregator, round: accept })
    const reach = async (identity: Identity, role: Role = 'aggregator') => {
      await using connection = network.connect({ address: server.address, identity, role })
      return await connection.reach(calmly)
    }
    await reach(party)
    await reach(user)
    await reach(aggregator)
    expect(await failure(reach(party, 'coordinator'))).toMatchObject({ code: 'PEER_OTHER_ROLE' })
    expect(await failure(reach(await other.issue('party', 'bank-a')))).toMatchObject({ code: 'PEER_OTHER_FEDERATION' })
    const old = await (await createAuthority('demo')).issue('party', 'bank-a')
    expect(await failure(reach({ ...old, rootsPem: `${old.rootsPem}${aggregator.rootsPem}` }))).toMatchObject({
      code: 'PEER_REFUSED_US',
    })
    await using closed = network.connect({ address: server.address, identity: party, role: 'aggregator' })
    expect(await failure(closed.reach({ signal: AbortSignal.abort(), deadlineMs: 1000 }))).toMatchObject({
      code: 'CALL_ABORTED',
    })
    await closed[Symbol.asyncDispose]()
    expect(await failure(closed.reach(calmly))).toMatchObject({ code: 'CALL_ABORTED' })
    await server[Symbol.asyncDispose]()
    const gone = await failure(reach(party))
    expect(gone).toBeInstanceOf(RpcError)
    expect(gone).toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  test('a program does not start with a certificate that is no good', async () => {
    const then = new Date(Date.now() - 10 * DAY)
    const expired = await authority.issue('party', 'bank-a', then)
    const stranger = await (await createAuthority('demo')).issue('party', 'bank-a')
    const cases = [
      [expired, 'IDENTITY_EXPIRED'],
      [{ ...party, keyPem: aggregator.keyPem }, 'IDENTITY_INVALID'],
      [{ ...party, rootsPem: stranger.rootsPem }, 'IDENTITY_INVALID'],
      [{ ...party, certificatePem: 'nothing' }, 'IDENTITY_INVALID'],
      [
        { certificatePem: authority.rootPem, keyPem: authority.rootKeyPem, rootsPem: authority.rootPem },
        'IDENTITY_INVALID',
      ],
    ] as const
    for (const [identity, code] of cases) {
      expect(() => network.connect({ address: 'localhost:1', identity, role: 'aggregator' })).toThrow(RpcError)
      expect(() => network.connect({ address: 'localhost:1', identity, role: 'aggregator' })).toThrow(
        expect.objectContaining({ code }),
      )
      expect(await failure(serve({ network, identity, round: accept }))).toMatchObject({ code })
    }
  })

  test('a program of another role at the address is not talked to', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    await using client = dial(network, server.address, party, 'coordinator')
    const error = await failure(client.round.declineTask(decline, calmly))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'PEER_OTHER_ROLE' })
    expect(String(error)).toContain('is spiffe://demo/aggregator/aggregator, expected the role coordinator')
  })

  test('what authorise throws is what the caller gets', async () => {
    const asked: unknown[] = []
    await using server = await network.serve({
      address: '127.0.0.1:0',
      identity: aggregator,
      log: createTestLog().log,
      signal: new AbortController().signal,
      services: [bind(roundService, rounds(accept), ['party'])],
      authorise: (peer, method) => {
        asked.push([peer.name, method])
        throw new RpcError('CALL_NOT_ALLOWED', 'not today')
      },
    })
    const error = await refusal(server, party)
    expect(error).toMatchObject({ code: 'CALL_NOT_ALLOWED', message: 'not today' })
    expect(asked).toEqual([['bank-a', { service: 'coffer.v1.RoundService', name: 'DeclineTask' }]])
  })

  test('nothing listening is said with the address', async () => {
    const server = await serve({ network, identity: aggregator, round: accept })
    await server[Symbol.asyncDispose]()
    const error = await refusal(server, party)
    expect(error.code).toBe('PEER_UNREACHABLE')
    expect(error.message).toBe(`nothing listens at ${server.address}`)
  })

  test('a connection finds its server again after a restart', async () => {
    const first = await serve({ network, identity: aggregator, round: accept })
    await using client = dial(network, first.address, party)
    await client.round.declineTask(decline, calmly)
    await first[Symbol.asyncDispose]()
    expect(await failure(client.round.declineTask(decline, calmly))).toBeInstanceOf(RpcError)
    await using second = await serve({ network, identity: aggregator, round: accept, address: first.address })
    expect(second.address).toBe(first.address)
    // The pause between attempts is 50 ms at most here; a call in between fails rather than waits.
    const answered = async (): Promise<unknown> => {
      try {
        return await client.round.declineTask(decline, calmly)
      } catch (error) {
        if (error instanceof RpcError && error.code === 'PEER_UNREACHABLE') return answered()
        throw error
      }
    }
    expect(await answered()).toEqual({})
  })

  test('a port in use is said with the address and the key to change', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    const error = await failure(serve({ network, identity: aggregator, round: accept, address: server.address }))
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code: 'ADDRESS_IN_USE', row: { next: expect.stringContaining('listen') } })
    expect(String(error)).toContain(server.address)
  })

  test.each(['localhost', 'localhost:', ':1', 'a b:1', 'localhost:65536', '::1:80', 'http://x:1', '[::1]', ''])(
    'the address "%s" is none',
    async (address) => {
      expect(await failure(serve({ network, identity: aggregator, address }))).toMatchObject({
        code: 'ADDRESS_INVALID',
      })
      expect(() => network.connect({ address, identity: party, role: 'aggregator' })).toThrow(RpcError)
    },
  )

  test('draining ends lasting streams at once, lets a call finish, and refuses new ones', async () => {
    const entered = createGate()
    const go = createGate()
    const server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask() {
          entered.open()
          await go.opened
          return {}
        },
        async *join(_request, { signal }) {
          yield { ...place, kind: 'statistics' }
          await abortOf(signal)
        },
      },
    })
    await using client = dial(network, server.address, party)
    const finishing = client.round.declineTask(decline, calmly)
    await entered.opened
    const joined = client.round.join(joining, lasting)[Symbol.asyncIterator]()
    await joined.next()
    const drained = server.drain(60_000)
    expect(await failure(joined.next())).toMatchObject({ code: 'PEER_DRAINING', row: { status: 'UNAVAILABLE' } })
    const late = await failure(client.round.declineTask(decline, calmly))
    expect(['PEER_DRAINING', 'PEER_UNREACHABLE']).toContain(late instanceof RpcError ? late.code : late)
    go.open()
    expect(await finishing).toEqual({})
    await drained
    await server[Symbol.asyncDispose]()
  })

  test('after the grace time a call that hangs is ended', async () => {
    const entered = createGate()
    const never = createGate()
    const server = await serve({
      network,
      identity: aggregator,
      round: {
        async declineTask() {
          entered.open()
          await never.opened
          return {}
        },
      },
    })
    await using client = dial(network, server.address, party)
    const hanging = failure(client.round.declineTask(decline, calmly))
    await entered.opened
    await server.drain(20)
    expect(await hanging).toMatchObject({ code: 'PEER_DRAINING' })
  })

  test('the signal closes the server, and disposing it again changes nothing', async () => {
    const closing = new AbortController()
    const server = await serve({ network, identity: aggregator, round: accept, signal: closing.signal })
    closing.abort()
    await server[Symbol.asyncDispose]()
    await server.drain(10)
    expect((await refusal(server, party)).code).toBe('PEER_UNREACHABLE')
    expect(await failure(serve({ network, identity: aggregator, round: accept, signal: closing.signal }))).toBeDefined()
  })

  test('many streams at once are kept apart', async () => {
    await using server = await serve({
      network,
      identity: aggregator,
      round: {
        async *join({ rows }) {
          for (let round = 0; round < 5; round += 1) {
            yield { ...place, kind: 'statistics', round, weightUnit: rows }
          }
        },
      },
    })
    await using client = dial(network, server.address, party)
    const all = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const tasks = await collected(client.round.join({ ...joining, rows: at + 1 }, lasting))
        return tasks.every((task, round) => task.weightUnit === at + 1 && task.round === round) && tasks.length === 5
      }),
    )
    expect(all.every((each) => each)).toBe(true)
  })

  test('a user and a party see the same server by their own roles', async () => {
    await using server = await serve({ network, identity: aggregator, round: accept })
    expect((await refusal(server, user)).code).toBe('CALL_NOT_ALLOWED')
  })
})
