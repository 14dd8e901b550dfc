/**
 * What a job may declare about its updates, through real programs: strategies, robust rules against a party that lies,
 * compression, and all of them again with an aggregator that is started anew in the middle.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { JobSpec } from '../../src/job/index.ts'
import { createMemoryNetwork } from '../../src/rpc/index.ts'
import { createGate, createTrainers, scaled, type Trainers } from '../support/conduct.ts'
import { startFederation, type TestFederation } from '../support/federation.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'
import { closes, once, opens, play, type Played, type Watcher } from './played.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e']
const rounds = { count: 3, quorum: 5, minimumParties: 2, deadlineSeconds: 120 }
const training = { epochs: 1, batch: 16, learningRate: 0.05, optimizer: 'adam' }

const specOf = (changes: object = {}): JobSpec => loansSpec(parties, { rounds, training, ...changes })

let trainers: Trainers
let federation: TestFederation

beforeAll(async () => {
  trainers = createTrainers()
  federation = await startFederation(createMemoryNetwork(), writeLoans(parties, 150), { trainers: trainers.of })
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
  await trainers[Symbol.asyncDispose]()
})

const sgd = { ...training, learningRate: 0.5, optimizer: 'sgd' }
const wide = { model: { kind: 'mlp', hidden: [128, 32] } }
/** Same updates, same model: whatever is drawn is drawn from the seed. */
const deterministic: readonly [string, object][] = [
  ['scaffold', { strategy: { kind: 'scaffold' }, training: sgd }],
  ['fedyogi', { strategy: { kind: 'fedyogi', learningRate: 0.1 } }],
  ['the median', { robust: { kind: 'median' } }],
  ['centred clipping', { robust: { kind: 'centred-clipping', radius: 1 } }],
  ['a cohort', { rounds: { ...rounds, quorum: 3, cohort: 3 } }],
  ['a perceptron', wide],
  ['int8', { ...wide, compression: { kind: 'int8' } }],
  ['top-k', { ...wide, compression: { kind: 'top-k', share: 0.1 } }],
]
const undisturbed = new Map<string, Played>()

/** Each is its own run, and all are played at once. */
async function playAll(which: typeof deterministic, ...seen: readonly Watcher[]): Promise<Map<string, Played>> {
  const played = which.map(async ([name, changes]) => {
    return [name, await play(federation, specOf(changes), ...seen)] as const
  })
  return new Map(await Promise.all(played))
}

describe('learns', () => {
  beforeAll(async () => {
    for (const [name, played] of await playAll(deterministic)) undisturbed.set(name, played)
  }, 120_000)

  test.each(deterministic)('%s', (name) => {
    const { run, closed } = undisturbed.get(name) ?? {}
    expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', reason: '', round: 3, metricsModel: 3 })
    expect(run?.metrics.auc).toBeGreaterThan(0.75)
    expect(closed?.map(({ task }) => task)).toEqual(['statistics', 'train', 'train', 'train', 'evaluate'])
  })

  test('compression makes uploads smaller and hardly costs accuracy', () => {
    const [plain, int8, topK] = ['a perceptron', 'int8', 'top-k'].map((name) => {
      const { run } = undisturbed.get(name) ?? {}
      return { bytes: sent(run?.runId ?? ''), auc: run?.metrics.auc ?? Number.NaN }
    })
    // Inputs: two numbers and two regions.
    const parameters = 4 * 128 + 128 + 128 * 32 + 32 + 32 + 1
    expect((plain?.bytes ?? 0) - (int8?.bytes ?? 0)).toBeGreaterThan(2.9 * parameters)
    // A tenth of the values, each with its place.
    expect((plain?.bytes ?? 0) - (topK?.bytes ?? 0)).toBeGreaterThan(3.1 * parameters)
    expect(int8?.auc).toBeGreaterThan((plain?.auc ?? Number.NaN) - 0.01)
    expect(topK?.auc).toBeGreaterThan((plain?.auc ?? Number.NaN) - 0.03)
  })

  test('the same, bit for bit, when the aggregator is started anew while all of them are being played', async () => {
    // Each run is somewhere else by then; at the second one the first of them has ended, and the coordinator wants its model.
    const restart = () => federation.restart('aggregator')
    const played = await playAll(deterministic, once(closes(1), restart), once(closes(4), restart))
    for (const [name, { run, digest, events }] of played) {
      expect(run, name).toMatchObject({ state: 'finished', reason: '' })
      expect(digest, name).toBe(undisturbed.get(name)?.digest)
      const epochs = events.flatMap((event) => (event.kind === 'attested' ? [event.epoch] : []))
      expect(new Set(epochs).size, name).toBeGreaterThanOrEqual(2)
    }
  })

  test('the same when a party is started anew that keeps what its next update depends on', async () => {
    const keeping = deterministic.filter(([name]) => ['scaffold', 'int8', 'top-k'].includes(name))
    const restart = once(closes(2), async () => {
      await federation.parties.get('bank-b')?.[Symbol.asyncDispose]()
      await federation.startParty('bank-b')
    })
    for (const [name, { run, digest }] of await playAll(keeping, restart)) {
      expect(run, name).toMatchObject({ state: 'finished', reason: '' })
      expect(digest, name).toBe(undisturbed.get(name)?.digest)
    }
  })
})

/** Bytes of one training update of the run, which are all alike. */
function sent(runId: string): number {
  const lines = federation.log.filter((line) => line.includes('sending the update') && line.includes(runId))
  const sizes = lines.map((line) => JSON.parse(line.slice(line.indexOf('{')))).filter(({ round }) => round === 1)
  const [first] = sizes
  expect(new Set(sizes.map(({ bytes }) => bytes)).size).toBe(1)
  return first?.bytes
}

describe('against a party that sends the opposite of what it learnt, eight times as large', () => {
  const rules: readonly [string, object][] = [
    ['norm-bound', { kind: 'norm-bound', bound: 0.5 }],
    ['centred-clipping', { kind: 'centred-clipping', radius: 0.5 }],
    ['median', { kind: 'median' }],
    ['trimmed-mean', { kind: 'trimmed-mean', trim: 0.2 }],
    ['krum', { kind: 'krum', byzantine: 1 }],
    ['multi-krum', { kind: 'multi-krum', byzantine: 1, selected: 2 }],
  ]
  let mean: Played
  beforeAll(async () => {
    trainers.conduct.set('bank-e', scaled(-8))
    mean = await play(federation, specOf())
  })
  afterAll(() => trainers.conduct.clear())

  test('the mean is led astray', () => {
    expect(mean.run).toMatchObject({ state: 'finished' })
    expect(mean.run.metrics.auc).toBeLessThan(0.4)
  })

  test.each(rules)('%s is not', async (_, robust) => {
    const { run, closed } = await play(federation, specOf({ robust }))
    expect(run).toMatchObject({ state: 'finished' })
    expect(run.metrics.auc).toBeGreaterThan(0.75)
    expect(closed.every(({ contributors }) => contributors.length === 5)).toBe(true)
  })
})

describe('fedbuff', () => {
  const buffered = { rounds: { ...rounds, quorum: 4, count: 5 }, strategy: { kind: 'fedbuff', buffer: 4 } }

  test('closes with a full buffer, and takes what a slow party made for an older model', async () => {
    const slow = createGate((round) => round === 1)
    const missing = createGate((round) => round === 3)
    trainers.conduct.set('bank-e', slow.conduct).set('bank-d', missing.conduct)
    const [late, later] = [once(opens(3), slow.open), once(closes(3), missing.open)]
    const { run, receipts } = await play(federation, specOf(buffered), late, later)
    trainers.conduct.clear()
    expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', round: 5 })
    expect(run.metrics.auc).toBeGreaterThan(0.75)
    const parts = receipts.slice(1, 4).map(({ updates }) => updates.map(({ party, base }) => [party, base]))
    const others = (base: number) => ['bank-a', 'bank-b', 'bank-c'].map((party) => [party, base])
    expect(parts).toEqual([
      [...others(1), ['bank-d', 1]],
      [...others(2), ['bank-d', 2]],
      [...others(3), ['bank-e', 1]],
    ])
    // The party that went on with older work is asked again, and nobody left the run.
    expect(receipts.slice(4, 6).every(({ updates }) => updates.length >= 4)).toBe(true)
    expect(federation.log.filter((line) => line.includes('leaving the run'))).toEqual([])
  })

  test('an update that is too old is dropped, and its party goes on with the newest model', async () => {
    const slow = createGate((round) => round === 1)
    trainers.conduct.set('bank-e', slow.conduct)
    const strategy = { kind: 'fedbuff', buffer: 4, maximumStaleness: 1 }
    const { run, receipts } = await play(federation, specOf({ ...buffered, strategy }), once(closes(3), slow.open))
    trainers.conduct.clear()
    expect(run).toMatchObject({ state: 'finished', round: 5 })
    const bases = receipts.flatMap(({ round, updates }) => updates.map(({ base }) => round - base))
    expect(Math.max(...bases)).toBeLessThanOrEqual(1)
    expect(receipts.some(({ updates }) => updates.some(({ base }) => base === 1 && updates.length === 5))).toBe(false)
  })
})
