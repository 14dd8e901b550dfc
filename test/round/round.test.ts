import { describe, expect, test } from 'vitest'
import {
  admit,
  contributorsOf,
  missingFrom,
  openRound,
  type Round,
  type RoundEffect,
  RoundError,
  type RoundInput,
  type RoundPlan,
  step,
} from '../../src/round/index.ts'

const cohort = ['bank-a', 'bank-b', 'bank-c']
const plan: RoundPlan = {
  number: 3,
  task: 'train',
  cohort,
  quorum: 2,
  enough: 3,
  staleness: 0,
  asked: new Map(),
  counted: new Map(),
  acknowledged: new Map(),
  deadlineMs: 1_000,
}

const received = (party: string, digest = `update of ${party}`, round = plan.number): RoundInput => ({
  kind: 'received',
  party,
  round,
  digest,
  weight: 10,
})

function play(inputs: readonly RoundInput[], start: Round = openRound(plan, cohort)) {
  const effects: RoundEffect[] = []
  let round = start
  for (const input of inputs) {
    const next = step(round, input)
    round = next.round
    effects.push(...next.effects)
  }
  return { round, kinds: effects.map(describeEffect) }
}

function describeEffect(effect: RoundEffect): string {
  if (effect.kind === 'add') return `add ${effect.party}`
  return effect.kind === 'announce' ? `${effect.party} ${effect.activity}` : effect.kind
}

describe('a round closes', () => {
  test('as soon as every party has delivered', () => {
    const { round, kinds } = play([received('bank-a'), received('bank-b'), received('bank-c'), { kind: 'summed' }])
    expect(round.state).toBe('released')
    expect(kinds).toEqual([
      'add bank-a',
      'bank-a delivered',
      'add bank-b',
      'bank-b delivered',
      'add bank-c',
      'bank-c delivered',
      'sum',
    ])
  })

  test('with the quorum when the missing party has left, and names it', () => {
    const { round } = play([received('bank-a'), received('bank-c'), { kind: 'left', party: 'bank-b' }])
    expect(round.state).toBe('summing')
    expect(missingFrom(round)).toEqual(['bank-b'])
  })

  test('at the deadline with the quorum, and announces who was late', () => {
    const { round, kinds } = play([received('bank-a'), received('bank-c'), { kind: 'time', nowMs: 1_000 }])
    expect(round.state).toBe('summing')
    expect(kinds.slice(-2)).toEqual(['bank-b late', 'sum'])
  })

  test('without a party whose update was refused', () => {
    const { round, kinds } = play([
      received('bank-a'),
      { kind: 'refused', party: 'bank-b', round: 3, detail: 'UPDATE_OUT_OF_RANGE' },
      received('bank-c'),
    ])
    expect(round.state).toBe('summing')
    expect(kinds).toContain('bank-b refused')
  })

  test('without waiting once there are enough, and tells who was asked in vain', () => {
    const start = openRound({ ...plan, enough: 2 }, cohort)
    const { round, kinds } = play([received('bank-c'), received('bank-a')], start)
    expect(round.state).toBe('summing')
    expect(kinds.slice(-2)).toEqual(['bank-b late', 'sum'])
    expect(contributorsOf(round)).toEqual(['bank-a', 'bank-c'])
    expect(() => admit(round, 'bank-b', 3, 'd')).toThrow(expect.objectContaining({ code: 'ROUND_CLOSED' }))
  })

  test('with everybody when a party left and came back in time', () => {
    const left: RoundInput = { kind: 'left', party: 'bank-b' }
    const back: RoundInput = { kind: 'present', party: 'bank-b' }
    const { round } = play([received('bank-a'), left, back, received('bank-b'), received('bank-c')])
    expect(round.received.size).toBe(3)
  })
})

describe('a round waits', () => {
  test('for a present party although the quorum is there, until the deadline', () => {
    expect(play([received('bank-a'), received('bank-c'), { kind: 'time', nowMs: 999 }]).round.state).toBe('gathering')
  })
  test('for the quorum although nobody is present', () => {
    const left = cohort.map((party): RoundInput => ({ kind: 'left', party }))
    expect(play([received('bank-a'), ...left]).round.state).toBe('gathering')
  })
})

describe('a round is abandoned', () => {
  test('at the deadline under the quorum, saying who is missing and why', () => {
    const { round } = play([received('bank-a'), { kind: 'left', party: 'bank-b' }, { kind: 'time', nowMs: 1_000 }])
    expect(round).toMatchObject({
      state: 'abandoned',
      reason: 'round 3 had 1 of 2 updates at its deadline; missing: bank-b (gone), bank-c (late)',
    })
  })
  test('at once when refusals make the quorum impossible', () => {
    const refuse = (party: string): RoundInput => ({ kind: 'refused', party, round: 3, detail: 'UPDATE_OVERFLOW' })
    expect(play([refuse('bank-b'), refuse('bank-c')]).round.state).toBe('abandoned')
  })
  test('when the run is stopped, and stays so', () => {
    const { round, kinds } = play([
      { kind: 'stopped', reason: 'by a person' },
      { kind: 'time', nowMs: 2_000 },
    ])
    expect(round).toMatchObject({ state: 'abandoned', reason: 'by a person' })
    expect(kinds).toEqual(['abandon'])
  })
})

test('a round that is stopped while its sum is being opened is abandoned', () => {
  const stop: RoundInput = { kind: 'stopped', reason: 'by a person' }
  const { round, kinds } = play([received('bank-a'), received('bank-b'), received('bank-c'), stop, { kind: 'summed' }])
  expect(round).toMatchObject({ state: 'abandoned', reason: 'by a person' })
  expect(kinds.slice(-2)).toEqual(['sum', 'abandon'])
})

describe('an update is refused', () => {
  const delivered = play([received('bank-a')]).round
  const closed = play([received('bank-a'), received('bank-c'), { kind: 'time', nowMs: 1_000 }]).round
  const cases: [string, Round, string, number, string, string][] = [
    ['from a party outside the cohort', delivered, 'bank-x', 3, 'd', 'ROUND_STRANGER'],
    ['of a later round', delivered, 'bank-b', 4, 'd', 'ROUND_OTHER'],
    ['of an earlier round', delivered, 'bank-b', 2, 'd', 'ROUND_CLOSED'],
    ['that differs from the one that counts', delivered, 'bank-a', 3, 'other', 'ROUND_CONFLICT'],
    ['after the round closed', closed, 'bank-b', 3, 'd', 'ROUND_CLOSED'],
  ]
  test.each(cases)('%s', (_, round, party, number, digest, code) => {
    const refusal = expect.objectContaining({ code })
    expect(() => admit(round, party, number, digest)).toThrow(RoundError)
    expect(() => admit(round, party, number, digest)).toThrow(refusal)
    expect(() => step(round, received(party, digest, number))).toThrow(refusal)
  })
  test('but the same bytes again are known, even after the round closed', () => {
    expect(admit(delivered, 'bank-a', 3, 'update of bank-a')).toEqual({ kind: 'known', round: 3 })
    expect(admit(closed, 'bank-a', 3, 'update of bank-a')).toEqual({ kind: 'known', round: 3 })
  })
})
