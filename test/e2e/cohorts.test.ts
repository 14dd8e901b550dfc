/**
 * Who is asked in a round, who is waited for, and what becomes of the others, through real programs. A gate holds a party's
 * training until the test lets it go, so that nothing here depends on how fast a machine is.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { TrainerError } from '../../parties/index.ts'
import type { JobSpec } from '../../src/job/index.ts'
import { selectCohort, type RunEvent } from '../../src/round/index.ts'
import { createMemoryNetwork } from '../../src/rpc/index.ts'
import { createGate, createTrainers, type Trainers } from '../support/conduct.ts'
import { startFederation, type TestFederation } from '../support/federation.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'
import { closes, once, opens, play } from './played.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d', 'bank-e']
const rounds = { count: 4, quorum: 3, minimumParties: 2, deadlineSeconds: 120 }

const specOf = (changes: object = {}, other: object = {}): JobSpec =>
  loansSpec(parties, { rounds: { ...rounds, ...changes }, ...other })

let trainers: Trainers
let federation: TestFederation

beforeAll(async () => {
  trainers = createTrainers()
  federation = await startFederation(createMemoryNetwork(), writeLoans(parties, 100), { trainers: trainers.of })
})
afterEach(() => trainers.conduct.clear())
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
  await trainers[Symbol.asyncDispose]()
})

test('a cohort smaller than the parties: chosen anew each round by the seed, and nobody else is asked', async () => {
  const { run, events, receipts } = await play(federation, specOf({ cohort: 3 }))
  expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', round: 4 })
  const expected = [0, 1, 2, 3, 4, 5].map((round) => selectCohort(parties, 3, 5, round))
  expect(new Set(expected.map((cohort) => cohort.join())).size).toBeGreaterThan(2)
  const asked = events.flatMap((event) => (event.kind === 'round-opened' ? [event.cohort] : []))
  expect(asked).toEqual(expected)
  expect(receipts.map(({ updates }) => updates.map(({ party }) => party))).toEqual(expected)
  const uploads = federation.log.filter((line) => line.includes('sending the update') && line.includes(run.runId))
  expect(uploads).toHaveLength(3 * 6)
})

test('over-selection: a round closes with enough, and who comes after that is told late', async () => {
  const held = createGate(() => true)
  trainers.conduct.set('bank-e', held.conduct)
  const { run, events, closed } = await play(federation, specOf({ cohort: 5, enough: 4, count: 2 }))
  expect(run).toMatchObject({ state: 'finished', round: 2 })
  const trained = closed.filter(({ task }) => task === 'train')
  expect(trained.map(({ contributors, missing }) => [contributors, missing])).toEqual([
    [parties.slice(0, 4), ['bank-e']],
    [parties.slice(0, 4), ['bank-e']],
  ])
  // Statistics and the last evaluation are closed with enough as well, whoever comes first.
  const late = events.filter((event) => event.kind === 'party-changed' && event.activity === 'late')
  expect(late).toHaveLength(4)
  expect(late.slice(1, 3)).toMatchObject([1, 2].map((round) => ({ party: 'bank-e', round })))
  expect(federation.log.filter((line) => /bank-e error .*round/.test(line) && line.includes(run.runId))).toEqual([])
})

describe('an update that is late by one round', () => {
  /** bank-e is held in round 1 until round 2 is open, and bank-d in round 2 until it has closed. */
  async function playLate(late: 'keep' | 'drop') {
    const [slow, missing] = [createGate((round) => round === 1), createGate((round) => round === 2)]
    trainers.conduct.set('bank-e', slow.conduct).set('bank-d', missing.conduct)
    return play(
      federation,
      specOf({ enough: 4, late, count: 3 }),
      once(opens(2), slow.open),
      once(closes(2), missing.open),
    )
  }
  const others = (base: number) => ['bank-a', 'bank-b', 'bank-c'].map((party) => ({ party, base }))

  test('counts in the next round where the job keeps it, and the receipt says which model it answered', async () => {
    const { run, receipts } = await playLate('keep')
    expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', round: 3 })
    expect(receipts[1]?.updates).toMatchObject([...others(1), { party: 'bank-d', base: 1 }])
    expect(receipts[2]?.updates).toMatchObject([...others(2), { party: 'bank-e', base: 1 }])
    expect(federation.log.filter((line) => line.includes('leaving the run'))).toEqual([])
  })

  test('is not waited for and not made where the job drops it: its party does the newest task', async () => {
    const { run, receipts } = await playLate('drop')
    expect(run).toMatchObject({ state: 'finished', round: 3 })
    expect(receipts[2]?.updates).toMatchObject([...others(2), { party: 'bank-e', base: 2 }])
    expect(receipts.every(({ round, updates }) => updates.every(({ base }) => base === round))).toBe(true)
  })
})

test('parties leave and join between rounds: the others go on, and who is back is asked again', async () => {
  const waiting = createGate((round) => round === 4)
  trainers.conduct.set('bank-a', waiting.conduct)
  const back = (event: RunEvent) =>
    event.kind === 'party-changed' && event.party === 'bank-e' && event.activity === 'joined' && event.round >= 2
  const { run, closed } = await play(
    federation,
    specOf({ count: 5 }),
    once(closes(1), async () => federation.parties.get('bank-e')?.[Symbol.asyncDispose]()),
    once(opens(4), () => federation.startParty('bank-e')),
    once(back, waiting.open),
  )
  expect(run, federation.log.join('\n')).toMatchObject({ state: 'finished', round: 5 })
  expect(closed[3]).toMatchObject({ round: 3, contributors: parties.slice(0, 4), missing: ['bank-e'] })
  expect(closed[5]).toMatchObject({ round: 5, contributors: parties })
})

describe('a run that cannot reach its quorum is abandoned, and says who was missing and why', () => {
  test('when a party cannot do the task', async () => {
    trainers.conduct.set('bank-e', ({ round, train }) => {
      if (round < 2) return train()
      throw new TrainerError('TRAINER_DIVERGED', 'the loss became NaN')
    })
    const { run, events, closed } = await play(federation, specOf({ quorum: 5 }))
    expect(run).toMatchObject({ state: 'abandoned', modelId: undefined })
    // The others may not have delivered by then.
    expect(run.reason).toMatch(/^round 2 had \d of 5 updates and can get no more; missing: .*bank-e \(refused\)$/)
    expect(closed.map(({ round }) => round)).toEqual([0, 1])
    const refused = events.filter((event) => event.kind === 'party-changed' && event.activity === 'refused')
    // Why it failed would tell of its rows: its own log has that.
    expect(refused).toMatchObject([{ party: 'bank-e', round: 2, detail: 'AGENT_FAILED' }])
    expect(federation.log.join('\n')).toMatch(/party\/bank-e error .*the loss became NaN/)
  })

  test('when a party has gone and is not back by the deadline', async () => {
    const held = createGate((round) => round === 1)
    trainers.conduct.set('bank-e', held.conduct)
    const spec = specOf({ quorum: 5, deadlineSeconds: 10 })
    const gone = once(opens(1), async () => federation.parties.get('bank-e')?.[Symbol.asyncDispose]())
    const { run } = await play(federation, spec, gone)
    await federation.startParty('bank-e')
    expect(run).toMatchObject({ state: 'abandoned' })
    expect(run.reason).toMatch(/^round 1 had \d of 5 updates at its deadline; missing: .*bank-e \(gone\)$/)
  })
})
