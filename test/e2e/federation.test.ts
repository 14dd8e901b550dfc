import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import type { Metrics } from '../../src/learning/index.ts'
import { agentErrors } from '../../parties/index.ts'
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
    expect(run).toMatchObject({ state: 'finished', round: 3, rounds: 3, metricsModel: 3, tee: 'simulated tdx-v4' })
    expect(events.filter((event) => event.kind === 'attested')).toMatchObject([{ tee: 'simulated tdx-v4' }])
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

test('a party whose agent is started again takes part again', async () => {
  await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties))
  const rounds = { count: 4, quorum: 3, minimumParties: 2, deadlineSeconds: 60 }
  const { runId } = await federation.submit(loansSpec(parties, { rounds }))
  let restarted: Promise<void> | undefined
  const { run, events } = await federation.follow(runId, (event) => {
    if (event.kind !== 'round-opened' || event.round !== 2) return
    restarted = (async () => {
      await federation.parties.get('bank-c')?.[Symbol.asyncDispose]()
      await federation.startParty('bank-c')
    })()
  })
  await restarted
  expect(run.state).toBe('finished')
  expect(events).toContainEqual(expect.objectContaining({ kind: 'party-changed', party: 'bank-c', activity: 'gone' }))
  const last = events.findLast((event) => event.kind === 'round-closed')
  expect(last).toMatchObject({ contributors: parties })
})

describe('every kind of task learns', () => {
  const region = { name: 'region', type: 'category', values: ['north', 'south'] }
  const income = { name: 'income', type: 'number', minimum: 0, maximum: 1 }
  const data = { dataset: 'loans', id: 'id', label: 'income' }
  const mlp = { kind: 'mlp', hidden: [8] }
  const cases: [string, object, (metrics: Metrics) => void][] = [
    [
      'regression',
      {
        task: { kind: 'regression', minimum: 0, maximum: 1 },
        model: mlp,
        data: { ...data, features: [region, { name: 'default', type: 'category', values: ['0', '1'] }] },
        strategy: { kind: 'fedprox', mu: 0.01 },
      },
      ({ mse, mae }) => {
        expect(mse).toBeLessThan(1 / 12)
        expect(mae).toBeLessThan(1 / 4)
      },
    ],
    [
      'multi-class',
      {
        task: { kind: 'multiclass-classification', classes: ['0', '1'] },
        data: { ...data, label: 'default', features: [region, income] },
        strategy: { kind: 'fedadam', learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.001 },
      },
      ({ accuracy }) => expect(accuracy).toBeGreaterThan(0.7),
    ],
  ]
  test.each(cases)('%s', async (_, changes, learnt) => {
    await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties))
    const rounds = { count: 6, quorum: 3, minimumParties: 2, deadlineSeconds: 60 }
    const { runId } = await federation.submit(loansSpec(parties, { rounds, ...changes }))
    const { run } = await federation.follow(runId)
    expect(run).toMatchObject({ state: 'finished' })
    learnt(run.metrics)
  })
})

describe('a party declines', () => {
  test('a job its policy does not allow, with every reason, and the run is rejected when too few are left', async () => {
    const strict = { ...openPolicy, models: ['mlp' as const], maximumRounds: 2 }
    const policies = { 'bank-a': strict, 'bank-b': strict }
    await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties), { policies })
    const { runId } = await federation.submit(loansSpec(parties))
    const { run } = await federation.follow(runId)
    expect(run.state).toBe('rejected')
    const declined = run.parties.find(({ party }) => party === 'bank-a')
    expect(declined?.decision).toBe('declined')
    expect(declined?.reasons.join()).toMatch(/POLICY_MODEL.*POLICY_ROUNDS/)
  })

  test('data that breaks the contract: neither the cell nor what is wrong with it leaves the bank', async () => {
    const files = writeLoans(parties)
    const path = files['bank-b'] ?? ''
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^(bank-b-3,)[^,]*/m, '$1secret-income'))
    await using federation = await startFederation(createMemoryNetwork(), files)
    const { runId } = await federation.submit(loansSpec(parties))
    const { run } = await federation.follow(runId)
    expect(run.state).toBe('finished')
    const told = run.parties.find(({ party }) => party === 'bank-b')?.reasons.join() ?? ''
    expect(told).toBe(`AGENT_DATA: ${agentErrors.AGENT_DATA.cause}`)
    expect(told).not.toContain('secret-income')
    expect(federation.log.join('\n')).toMatch(/party\/bank-b error .*income/)
  })
})
