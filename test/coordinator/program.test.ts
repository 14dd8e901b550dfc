/** The coordinator as a program, on the network in memory and over mTLS. */
import { afterEach, describe, expect, it } from 'vitest'
import { startCoordinator } from '../../src/coordinator/index.ts'
import { jobDigest } from '../../src/job/index.ts'
import { claimedLogKey, leafHash, openCheckpoint, parseLeaf, verifyInclusion } from '../../src/ledger/index.ts'
import type { Run } from '../../src/round/index.ts'
import {
  aggregationService,
  bind,
  type ClientCall,
  createMemoryNetwork,
  createRequest,
  createRoot,
  grpcNetwork,
  type Identity,
  type Listening,
  type Log,
  type Network,
  type Program,
  partyService,
  type Role,
  RpcError,
  RemoteError,
  runService,
  signRequest,
} from '../../src/rpc/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { createLedgerKey } from '../support/ledger.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { specBytes } from './harness.ts'

const now = new Date()
const root = await createRoot({ federation: 'test', now, days: 2 })
const identity = async (role: Role, name: string): Promise<Identity> => {
  const expected = { federation: 'test', role, name }
  const { csrPem, keyPem } = await createRequest(expected)
  const keys = { rootCertificatePem: root.certificatePem, rootKeyPem: root.keyPem }
  const hosts = ['127.0.0.1', 'localhost']
  const certificatePem = await signRequest({ ...keys, csrPem, expect: expected, hosts, now, days: 1 })
  return { certificatePem, keyPem, rootsPem: root.certificatePem }
}
const identities = {
  coordinator: await identity('coordinator', 'main'),
  aggregator: await identity('aggregator', 'main'),
  ana: await identity('user', 'ana'),
  'bank-a': await identity('party', 'bank-a'),
  'bank-b': await identity('party', 'bank-b'),
}
const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }
const call = (): ClientCall => ({ signal: new AbortController().signal, deadlineMs: 10_000 })
const lasting = (signal = new AbortController().signal): ClientCall => ({ signal, deadlineMs: 'open' })
const coded = (code: string) =>
  expect.toSatisfy((error) => (error instanceof RpcError || error instanceof RemoteError) && error.code === code)

describe.each([
  ['in memory', () => createMemoryNetwork()],
  ['over mTLS', () => grpcNetwork],
])('a coordinator %s', (_, createNetwork) => {
  const cleaning: AsyncDisposable[] = []
  const later = <T extends AsyncDisposable>(resource: T): T => {
    cleaning.unshift(resource)
    return resource
  }
  afterEach(async () => {
    for (const each of cleaning.splice(0)) await each[Symbol.asyncDispose]()
  })

  const serveAggregator = (network: Network, fake: FakeAggregator, address = '127.0.0.1:0'): Promise<Listening> =>
    network.serve({
      address,
      identity: identities.aggregator,
      services: [bind(aggregationService, fake.api, ['coordinator'])],
      signal: new AbortController().signal,
      log,
    })
  const start = async (network: Network, aggregator: string, store?: Store): Promise<Program> =>
    startCoordinator({
      federation: 'test',
      ledgerKey: createLedgerKey('test'),
      listen: '127.0.0.1:0',
      aggregator,
      identity: identities.coordinator,
      network,
      store: store ?? later(await openStore('sqlite::memory:')),
      storeName: 'sqlite::memory:',
      now: Date.now,
      log,
      version: '1.2.3',
    })
  const connect = (network: Network, { address }: Program, who: keyof typeof identities) =>
    later(network.connect({ address, identity: identities[who], role: 'coordinator' }))

  it('takes a run from submission to a model', { timeout: 20_000 }, async () => {
    const network = createNetwork()
    const fake = new FakeAggregator()
    const aggregator = later(await serveAggregator(network, fake))
    const program = later(await start(network, aggregator.address))
    const ana = connect(network, program, 'ana').client(runService)
    const parties = ['bank-a', 'bank-b'] as const
    const joined: Promise<void>[] = parties.map(async (party) => {
      const client = connect(network, program, party).client(partyService)
      for await (const assignment of client.attend({ agentVersion: '1' }, lasting())) {
        const { runId, specJson } = assignment
        if (assignment.phase === 'join') return
        await client.decide({ runId, jobDigest: jobDigest(specJson), accepted: true, reasons: [] }, call())
      }
    })
    const run: Run = await ana.submitRun({ specJson: specBytes({ parties }) }, call())
    await Promise.all(joined)
    fake.finish(run.runId, 2)
    let events = 0
    for await (const event of ana.watchRun({ runId: run.runId, afterSequence: 0 }, lasting()))
      expect(event.sequence).toBe(++events)
    const finished = await ana.getRun({ runId: run.runId.slice(0, 8) }, call())
    expect(finished).toMatchObject({ state: 'finished', round: 2, submittedBy: 'ana' })
    const parts: Uint8Array[] = []
    for await (const part of ana.downloadModel({ modelId: finished.modelId ?? '' }, lasting())) parts.push(part)
    expect(new Uint8Array(Buffer.concat(parts))).toEqual(fake.model)
    expect((await ana.listRuns({ limit: 0 }, call())).runs).toHaveLength(1)
    expect(await ana.getStatus({}, call())).toMatchObject({ federation: 'test', aggregatorReachable: true })
    await expect(ana.getRun({ runId: 'ffff' }, call())).rejects.toEqual(coded('RUN_UNKNOWN'))
    const leaves: Uint8Array[] = []
    for await (const leaf of ana.readLeaves({ from: 0, count: 1_000 }, lasting())) leaves.push(leaf)
    expect(leaves.map((leaf) => parseLeaf(leaf).kind)).toEqual(['approval', 'approval'])
    const bank = connect(network, program, 'bank-a').client(partyService)
    const { checkpoint } = await bank.getCheckpoint({ size: 0 }, call())
    const log = { origin: 'coffer/test', log: claimedLogKey(checkpoint), witnesses: [], threshold: 0 }
    const head = openCheckpoint(checkpoint, log)
    const hash = leafHash(leaves[1] ?? new Uint8Array())
    const { index, path } = await bank.proveInclusion({ leafHash: hash, size: head.size }, call())
    verifyInclusion(hash, index, head, path)
    expect(await ana.getCheckpoint({ size: head.size }, call())).toEqual({ checkpoint, consistency: [] })
    const unknown = ana.proveInclusion({ leafHash: new Uint8Array(32), size: head.size }, call())
    await expect(unknown).rejects.toEqual(coded('LEDGER_LEAF_UNKNOWN'))
  })

  it('starts and serves without an aggregator, and goes on when there is one', { timeout: 20_000 }, async () => {
    const network = createNetwork()
    const fake = new FakeAggregator()
    const first = await serveAggregator(network, fake)
    const { address } = first
    const program = later(await start(network, address))
    await first[Symbol.asyncDispose]()
    const ana = connect(network, program, 'ana').client(runService)
    expect(await ana.getStatus({}, call())).toMatchObject({ aggregatorReachable: false })
    const run = await ana.submitRun({ specJson: specBytes({ parties: ['bank-a', 'bank-b'] }) }, call())
    for (const party of ['bank-a', 'bank-b'] as const) {
      const client = connect(network, program, party).client(partyService)
      await client.decide({ runId: run.runId, jobDigest: run.jobDigest, accepted: true, reasons: [] }, call())
    }
    for await (const event of ana.watchRun({ runId: run.runId, afterSequence: 0 }, lasting())) {
      if (event.kind !== 'state-changed') continue
      if (event.reason.includes(`waiting for the aggregator at ${address}`))
        later(await serveAggregator(network, fake, address))
      if (event.state === 'running') break
    }
    expect(fake.runs.get(run.runId)?.parties).toEqual(['bank-a', 'bank-b'])
  })

  it('lets nobody use what is not for their role', async () => {
    const network = createNetwork()
    const program = later(await start(network, '127.0.0.1:1'))
    const asParty = connect(network, program, 'bank-a').client(runService)
    await expect(asParty.listRuns({ limit: 0 }, call())).rejects.toEqual(coded('CALL_NOT_ALLOWED'))
    const asUser = connect(network, program, 'ana').client(partyService)
    const answer = { runId: '0'.repeat(32), jobDigest: new Uint8Array(32), accepted: true, reasons: [] }
    await expect(asUser.decide(answer, call())).rejects.toEqual(coded('CALL_NOT_ALLOWED'))
  })

  it('ends its streams when it drains, then itself, and leaves the store to its owner', async () => {
    const network = createNetwork()
    const store = later(await openStore('sqlite::memory:'))
    const program = await start(network, '127.0.0.1:1', store)
    const ana = connect(network, program, 'ana').client(runService)
    const run = await ana.submitRun({ specJson: specBytes() }, call())
    const watch = ana.watchRun({ runId: run.runId, afterSequence: 0 }, lasting())[Symbol.asyncIterator]()
    expect(await watch.next()).toMatchObject({ value: { sequence: 1 } })
    const watching = watch.next()
    const client = connect(network, program, 'bank-a').client(partyService)
    const attending = client.attend({ agentVersion: '1' }, lasting())[Symbol.asyncIterator]()
    expect(await attending.next()).toMatchObject({ value: { phase: 'decide', runId: run.runId } })
    const ends = [
      expect(watching).rejects.toEqual(coded('PEER_DRAINING')),
      expect(attending.next()).rejects.toEqual(coded('PEER_DRAINING')),
    ]
    await Promise.all([program.drain(2_000), program.drain(0), ...ends])
    await program.ended
    await program[Symbol.asyncDispose]()
    expect(await store.runs.get(run.runId)).toMatchObject({ state: 'proposed' })
    await expect(ana.listRuns({ limit: 0 }, call())).rejects.toBeInstanceOf(RpcError)
  })

  it('does not start on a port in use, and leaves nothing behind', async () => {
    const network = createNetwork()
    const program = later(await start(network, '127.0.0.1:1'))
    const store = later(await openStore('sqlite::memory:'))
    const second = startCoordinator({
      federation: 'test',
      ledgerKey: createLedgerKey('test'),
      listen: program.address,
      aggregator: '127.0.0.1:1',
      identity: identities.coordinator,
      network,
      store,
      storeName: '',
      now: Date.now,
      log,
      version: '1',
    })
    await expect(second).rejects.toEqual(coded('ADDRESS_IN_USE'))
  })
})
