/**
 * Differential privacy through real programs: what is told of a run, what is not, and where it ends. And the policies of
 * parties that insist on it, or on other rules about whose update is seen.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { judgeJob, parsePartyPolicy, type JobSpec } from '../../src/job/index.ts'
import { declaredStandardisation, epsilonOfStep } from '../../src/learning/index.ts'
import { createMemoryNetwork } from '../../src/rpc/index.ts'
import { createTrainers, type Trainers } from '../support/conduct.ts'
import { startFederation, type TestFederation } from '../support/federation.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'
import { closes, once, play, type Played } from './played.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e']
const rounds = { count: 5, quorum: 5, minimumParties: 2, deadlineSeconds: 120 }
const delta = 1e-5
const noiseMultiplier = 1
const epsilonAfter = (count: number) => epsilonOfStep({ noiseMultiplier, samplingRate: 1, rounds: count }, delta)
/** Enough for two rounds and not for three. */
const budget = (epsilonAfter(2) + epsilonAfter(3)) / 2
const fixed = { clip: { kind: 'fixed', bound: 0.5 }, noiseMultiplier, delta, budget }
const adaptive = { ...fixed, clip: { kind: 'adaptive', initial: 0.1, learningRate: 1 } }

const specOf = (privacy: object, changes: object = {}): JobSpec => loansSpec(parties, { rounds, privacy, ...changes })

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

describe('a run with a privacy budget', () => {
  let played: Played
  beforeAll(async () => {
    played = await play(federation, specOf(fixed))
  })

  test('ends before the round that would pass it, finished, with the reason and a model', async () => {
    const { run, closed } = played
    expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', round: 2 })
    expect(run.reason).toMatch(/^before round 3: the privacy budget is spent: epsilon is /)
    expect(closed.map(({ task }) => task)).toEqual(['statistics', 'train', 'train'])
    const { parameters } = await federation.model(run.modelId ?? '')
    expect(parameters.every(Number.isFinite)).toBe(true)
    expect(parameters.some((value) => value !== 0)).toBe(true)
  })

  test('says in each receipt the clip bound, the noise, and what is spent, rising', () => {
    const [statistics, ...training] = played.receipts
    expect(statistics).toMatchObject({ round: 0, privacySpent: { epsilon: 0, delta } })
    expect(training).toMatchObject([
      { clip: 0.5, noise: 1, privacySpent: { epsilon: epsilonAfter(1), delta } },
      { clip: 0.5, noise: 1, privacySpent: { epsilon: epsilonAfter(2), delta } },
    ])
  })

  test('learns nothing in round 0: columns are standardised by the contract', async () => {
    const { run, receipts } = played
    const { standardisation } = await federation.model(run.modelId ?? '')
    expect(standardisation).toEqual(declaredStandardisation(specOf(fixed).data.features))
    expect(receipts[0]?.modelAfter).toBe(receipts[0]?.modelBefore)
  })

  test('releases no metric of the federation, neither of a round nor with the model', async () => {
    const { run, closed } = played
    expect(closed.map(({ metrics, trainingLoss }) => ({ metrics, trainingLoss }))).toEqual(
      new Array(3).fill({ metrics: {}, trainingLoss: 0 }),
    )
    expect(run).toMatchObject({ metrics: {}, metricsModel: 0 })
    const call = { signal: new AbortController().signal, deadlineMs: 10_000 }
    expect(await federation.runs.getModel({ modelId: run.modelId ?? '' }, call)).toMatchObject({ metrics: {} })
  })

  test('draws noise that no seed tells: the same job gives another model, and a restart resumes what was spent', async () => {
    const again = await play(
      federation,
      specOf(fixed),
      once(closes(1), () => federation.restart('aggregator')),
    )
    expect(again.run).toMatchObject({ state: 'finished', round: 2, reason: played.run.reason })
    expect(again.receipts.map(({ privacySpent }) => privacySpent)).toEqual(
      played.receipts.map(({ privacySpent }) => privacySpent),
    )
    expect(new Set(again.receipts.map(({ epoch }) => epoch)).size).toBe(2)
    expect(again.digest).not.toBe(played.digest)
  })
})

test('an adaptive clip bound moves from round to round', async () => {
  const { run, receipts } = await play(federation, specOf(adaptive))
  expect(run).toMatchObject({ state: 'finished', round: 2 })
  const clips = receipts.slice(1).map(({ clip }) => clip)
  expect(clips[0]).toBe(0.1)
  expect(clips[1]).not.toBe(0.1)
  expect(clips[1]).toBeGreaterThan(0)
  expect(receipts.map(({ privacySpent }) => privacySpent?.epsilon)).toEqual([0, epsilonAfter(1), epsilonAfter(2)])
})

test('a run that asks for exact metrics has them, of its last model too when the budget lasts to the end', async () => {
  const privacy = { ...fixed, noiseMultiplier: 0.1, clip: { kind: 'fixed', bound: 2 }, budget: 1000, metrics: 'exact' }
  const short = { rounds: { ...rounds, count: 2 }, compression: { kind: 'int8' } }
  const { run, closed } = await play(federation, specOf(privacy, short))
  expect(run).toMatchObject({ state: 'finished', reason: '', metricsModel: 2 })
  expect(closed.map(({ task }) => task)).toEqual(['statistics', 'train', 'train', 'evaluate'])
  expect(closed[0]?.metrics).toEqual({})
  expect(closed[1]?.metrics.auc).toBeGreaterThan(0)
  expect(closed[1]?.trainingLoss).toBeGreaterThan(0)
})

test('a budget that no round fits: abandoned before anything is trained', async () => {
  const { run, closed } = await play(federation, specOf({ ...fixed, budget: epsilonAfter(1) / 2 }))
  expect(run).toMatchObject({ state: 'abandoned', modelId: undefined })
  expect(run.reason).toMatch(/^before round 1: the privacy budget/)
  expect(closed.map(({ task }) => task)).toEqual(['statistics'])
})

describe('policies', () => {
  const files = writeLoans(parties, 150)
  const written = { models: ['logistic'], datasets: { loans: { columns: '*', minimumRows: 1 } } }
  const limits = { maximumRounds: 10, maximumEpochs: 5 }
  /** What a party has that says nothing about robust rules and privacy. */
  const defaults = parsePartyPolicy(JSON.stringify({ ...written, ...limits }))
  const careful = parsePartyPolicy(JSON.stringify({ ...written, ...limits, maximumEpsilon: budget }))

  /** Reasons of whoever declined; all would say the same, and the first of them ends a run that needs everybody. */
  async function refusal(policy: typeof defaults, changes: object): Promise<string[]> {
    const policies = Object.fromEntries(parties.map((party) => [party, policy]))
    await using strict = await startFederation(createMemoryNetwork(), files, { policies, trainers: trainers.of })
    const { run } = await play(strict, loansSpec(parties, { rounds, ...changes }))
    expect(run).toMatchObject({ state: 'rejected', modelId: undefined })
    const declined = run.parties.filter(({ decision }) => decision === 'declined').map(({ reasons }) => reasons)
    for (const reasons of declined) expect(reasons).toEqual(declined[0])
    return [...(declined[0] ?? [])]
  }
  const krum = { robust: { kind: 'krum', byzantine: 1 } }
  const noKrum =
    'POLICY_ROBUST: robust.kind: found krum, this party allows none, norm-bound, centred-clipping, median, trimmed-mean, multi-krum'

  test('a party that says nothing refuses krum, which shows one update to everybody', async () => {
    expect(await refusal(defaults, krum)).toEqual([noKrum])
  })

  test('a party that asks for privacy refuses a job without it, with too large a budget, and with exact metrics', async () => {
    expect(await refusal(careful, krum)).toEqual([
      noKrum,
      `POLICY_PRIVACY: privacy: found nothing, this party allows a budget of at most ${budget}`,
    ])
    expect(await refusal(careful, { privacy: { ...fixed, budget: 2 * budget, metrics: 'exact' } })).toEqual([
      `POLICY_PRIVACY: privacy.budget: found ${2 * budget}, this party allows at most ${budget}`,
      'POLICY_PRIVACY: privacy.metrics: found exact, this party allows withheld',
    ])
    expect(judgeJob(specOf(fixed), careful, 150, 'bank-b')).toEqual([])
  })
})
