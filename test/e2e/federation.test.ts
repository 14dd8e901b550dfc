import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { createMemoryNetwork, grpcNetwork, type Network } from '../../src/rpc/index.ts'
import { openPolicy, startFederation } from '../support/federation.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'

/** Each federation trains in worker threads that load TensorFlow.js: seconds on a loaded machine. */
vi.setConfig({ testTimeout: 60_000 })

const parties = ['bank-a', 'bank-b', 'bank-c']
const networks: [string, () => Network][] = [
  ['in memory', createMemoryNetwork],
  ['over mTLS', () => grpcNetwork],
]

describe.each(networks)('three banks train one model, %s', (_, network) => {
  test('from submission to a model that is better than chance', async () => {
    await using federation = await startFederation(network(), writeLoans(parties))
    const { runId } = await federation.submit(loansSpec(parties))
    const { run, events } = await federation.follow(runId)
    expect(run).toMatchObject({ state: 'finished', round: 3, rounds: 3, metricsModel: 3 })
    expect(run.parties.map(({ decision }) => decision)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(run.metrics.auc).toBeGreaterThan(0.75)
    const rounds = events.filter((event) => event.kind === 'round-closed')
    expect(rounds.map(({ task }) => task)).toEqual(['statistics', 'train', 'train', 'train', 'evaluate'])
    expect(rounds.every(({ contributors }) => contributors.length === 3)).toBe(true)
  })

  test('two runs at once, each with its own model', async () => {
    await using federation = await startFederation(network(), writeLoans(parties))
    const runs = await Promise.all([1, 2].map((seed) => federation.submit(loansSpec(parties, { seed }))))
    const ended = await Promise.all(runs.map(({ runId }) => federation.follow(runId)))
    expect(ended.map(({ run }) => run.state)).toEqual(['finished', 'finished'])
    expect(new Set(ended.map(({ run }) => run.modelId)).size).toBe(2)
  })
})

test('the same job and seed give the same model, bit for bit', async () => {
  const models = new Set<string | undefined>()
  for (let i = 0; i < 2; i++) {
    await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties))
    const { runId } = await federation.submit(loansSpec(parties))
    const { events } = await federation.follow(runId)
    const last = events.findLast((event) => event.kind === 'round-closed')
    models.add(last?.kind === 'round-closed' ? Buffer.from(last.modelDigest).toString('hex') : undefined)
  }
  expect(models.size).toBe(1)
})

test('a party that dies in a round leaves the others finishing, and whoever watches is told', async () => {
  await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties))
  const { runId } = await federation.submit(
    loansSpec(parties, { rounds: { count: 4, quorum: 2, minimumParties: 2, deadlineSeconds: 60 } }),
  )
  const { run, events } = await federation.follow(runId, (event) => {
    if (event.kind === 'round-opened' && event.round === 2)
      void federation.parties.get('bank-c')?.[Symbol.asyncDispose]()
  })
  expect(run.state).toBe('finished')
  expect(events).toContainEqual(expect.objectContaining({ kind: 'party-changed', party: 'bank-c', activity: 'gone' }))
  expect(run.parties.find(({ party }) => party === 'bank-c')).toMatchObject({ activity: 'gone' })
})

describe('a party declines', () => {
  test('a job its policy does not allow, with every reason, and the run is rejected when too few are left', async () => {
    const strict = { ...openPolicy, models: ['mlp' as const], maximumRounds: 2 }
    const policies = { 'bank-a': strict, 'bank-b': strict }
    await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties), policies)
    const { runId } = await federation.submit(loansSpec(parties))
    const { run } = await federation.follow(runId)
    expect(run.state).toBe('rejected')
    const declined = run.parties.find(({ party }) => party === 'bank-a')
    expect(declined?.decision).toBe('declined')
    expect(declined?.reasons.join()).toMatch(/POLICY_MODEL.*POLICY_ROUNDS/)
  })

  test('data that breaks the contract: the code leaves the bank, the cell does not', async () => {
    const files = writeLoans(parties)
    const path = files['bank-b'] ?? ''
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^(bank-b-3,)[^,]*/m, '$1secret-income'))
    await using federation = await startFederation(createMemoryNetwork(), files)
    const { runId } = await federation.submit(loansSpec(parties))
    const { run } = await federation.follow(runId)
    expect(run.state).toBe('finished')
    const told = run.parties.find(({ party }) => party === 'bank-b')?.reasons.join() ?? ''
    expect(told).toMatch(/^DATA_/)
    expect(told).not.toContain('secret-income')
    expect(federation.log.join('\n')).toMatch(/party\/bank-b error .*income/)
  })
})
