import { describe, expect, test } from 'vitest'
import {
  admit,
  contributorsOf,
  openRound,
  type Round,
  type RoundEffect,
  RoundError,
  type RoundInput,
  type RoundPlan,
  step,
} from '../../src/round/index.ts'

const all = ['bank-a', 'bank-b', 'bank-c', 'bank-d']
/** Round 5 asks a and b; c and d were asked in round 4, a and d in round 3, b in round 2. */
const plan: RoundPlan = {
  number: 5,
  task: 'train',
  cohort: ['bank-a', 'bank-b'],
  quorum: 2,
  enough: 2,
  staleness: 2,
  asked: new Map([
    [4, ['bank-c', 'bank-d']],
    [3, ['bank-a', 'bank-d']],
    [2, ['bank-b']],
  ]),
  counted: new Map([['bank-c', [{ digest: 'c4', weight: 1, staleness: 0, round: 4 }]]]),
  acknowledged: new Map(),
  deadlineMs: 1_000,
}
const send = (party: string, round: number, digest = `${party.at(-1)}${round}`): RoundInput => {
  return { kind: 'received', party, round, digest, weight: 1 }
}
const refusal = (code: string) => expect.objectContaining({ code })

function play(start: Round, ...inputs: RoundInput[]) {
  const effects: RoundEffect[] = []
  let round = start
  for (const input of inputs) {
    const next = step(round, input)
    round = next.round
    effects.push(...next.effects)
  }
  return { round, effects }
}

describe('a late update', () => {
  const open = openRound({ ...plan, enough: 4 }, all)

  test('counts as the contribution of its party, with its age', () => {
    expect(admit(open, 'bank-d', 3, 'd3')).toEqual({ kind: 'new', staleness: 2 })
    const { round, effects } = play(open, send('bank-d', 3))
    expect(round.received.get('bank-d')).toEqual({ digest: 'd3', weight: 1, staleness: 2 })
    expect(effects).toEqual([
      { kind: 'add', party: 'bank-d', weight: 1, staleness: 2 },
      { kind: 'announce', party: 'bank-d', activity: 'delivered', detail: 'with its update for round 3' },
    ])
  })

  test('closes a round of which nobody who was asked has delivered', () => {
    const start = openRound({ ...plan, counted: new Map() }, all)
    const { round, effects } = play(start, send('bank-d', 4), send('bank-c', 4))
    expect(round.state).toBe('summing')
    expect(contributorsOf(round)).toEqual(['bank-c', 'bank-d'])
    expect(effects.map((effect) => ('party' in effect ? effect.party : effect.kind)).slice(-3)).toEqual([
      'bank-a',
      'bank-b',
      'sum',
    ])
  })

  test.each<[string, string, number, string, string]>([
    ['older than the job allows', 'bank-b', 2, 'b2', 'ROUND_CLOSED'],
    ['of a party that was not asked then', 'bank-c', 3, 'c3', 'ROUND_STRANGER'],
    ['of a party that was never asked', 'bank-x', 4, 'x4', 'ROUND_STRANGER'],
    ['for this round, of a party that is not asked in it', 'bank-c', 5, 'c5', 'ROUND_STRANGER'],
    ['that differs from the one that counted', 'bank-c', 4, 'other', 'ROUND_CONFLICT'],
  ])('is refused if it is %s', (_, party, number, digest, code) => {
    expect(() => admit(open, party, number, digest)).toThrow(refusal(code))
  })

  test('is known, with the round in whose sum it is, once it has counted', () => {
    expect(admit(open, 'bank-c', 4, 'c4')).toEqual({ kind: 'known', round: 4 })
    const late = { digest: 'd3', weight: 1, staleness: 1, round: 4 }
    const next = openRound({ ...plan, counted: new Map([['bank-d', [late]]]) }, all)
    expect(admit(next, 'bank-d', 3, 'd3')).toEqual({ kind: 'known', round: 4 })
    // It counted for round 3; the party's update for round 4 is another one, even with the same bytes.
    expect(admit(next, 'bank-d', 4, 'd3')).toEqual({ kind: 'new', staleness: 1 })
  })

  test('and one in time do not both count in one round', () => {
    const lateFirst = play(open, send('bank-a', 3)).round
    expect(() => admit(lateFirst, 'bank-a', 5, 'a5')).toThrow(RoundError)
    expect(() => admit(lateFirst, 'bank-a', 5, 'a5')).toThrow(refusal('ROUND_COUNTED'))
    const lateLast = play(open, send('bank-a', 5)).round
    expect(() => admit(lateLast, 'bank-a', 3, 'a3')).toThrow(refusal('ROUND_COUNTED'))
    expect(admit(lateLast, 'bank-a', 5, 'a5')).toEqual({ kind: 'known', round: 5 })
  })

  test('that is bad says nothing about the one of this round', () => {
    const bad: RoundInput = { kind: 'refused', party: 'bank-a', round: 3, detail: 'UPDATE_OVERFLOW' }
    expect(play(open, bad)).toEqual({ round: open, effects: [] })
    expect(play(open, { ...bad, round: 5 }).effects).toMatchObject([{ party: 'bank-a', activity: 'refused' }])
  })

  test('may still save a round whose own parties are all refused', () => {
    const refuse = (party: string): RoundInput => ({ kind: 'refused', party, round: 5, detail: 'UPDATE_OVERFLOW' })
    expect(play(open, refuse('bank-a'), refuse('bank-b')).round.state).toBe('gathering')
    const alone = openRound({ ...plan, staleness: 0 }, all)
    expect(play(alone, refuse('bank-a')).round.state).toBe('abandoned')
  })
})

describe('a round that opens again after a restart', () => {
  const acknowledged = new Map([
    ['bank-a', { digest: 'a5', weight: 1, staleness: 0 }],
    ['bank-b', { digest: 'b5', weight: 1, staleness: 0 }],
  ])
  const resumed: RoundPlan = { ...plan, cohort: all, enough: 3, acknowledged }

  test('refuses other bytes than those that it had acknowledged', () => {
    const round = openRound(resumed, all)
    expect(() => admit(round, 'bank-a', 5, 'other')).toThrow(refusal('ROUND_CONFLICT'))
    expect(() => admit(round, 'bank-a', 3, 'a3')).toThrow(refusal('ROUND_COUNTED'))
    expect(admit(round, 'bank-a', 5, 'a5')).toEqual({ kind: 'new', staleness: 0 })
  })

  test('keeps the places of what it had acknowledged', () => {
    const { round } = play(openRound(resumed, all), send('bank-d', 5))
    expect(() => admit(round, 'bank-c', 5, 'c5')).toThrow(refusal('ROUND_CLOSED'))
    const { round: closed } = play(round, send('bank-b', 5), send('bank-a', 5))
    expect(closed.state).toBe('summing')
    expect(contributorsOf(closed)).toEqual(['bank-a', 'bank-b', 'bank-d'])
  })

  test('waits for a party that is not back yet, though everybody else has delivered', () => {
    const { round } = play(openRound(resumed, ['bank-c', 'bank-b']), send('bank-c', 5), send('bank-b', 5))
    expect(round.state).toBe('gathering')
    expect(play(round, send('bank-a', 5)).round.state).toBe('summing')
    const late = play(round, { kind: 'time', nowMs: 1_000 }).round
    expect(late.state).toBe('summing')
    expect(contributorsOf(late)).toEqual(['bank-b', 'bank-c'])
  })

  test('gives a place to others once its party cannot fill it', () => {
    const declined: RoundInput = { kind: 'refused', party: 'bank-a', round: 5, detail: 'TRAINING_FAILED' }
    const { round } = play(openRound(resumed, all), send('bank-d', 5), declined)
    expect(admit(round, 'bank-c', 5, 'c5')).toEqual({ kind: 'new', staleness: 0 })
    // It finds a way after all, and was told that it counts.
    const filled = play(round, send('bank-c', 5)).round
    expect(admit(filled, 'bank-a', 5, 'a5')).toEqual({ kind: 'new', staleness: 0 })
  })

  test('takes the very same updates if it had closed', () => {
    const closed = openRound({ ...resumed, enough: 2 }, all)
    expect(() => admit(closed, 'bank-c', 5, 'c5')).toThrow(refusal('ROUND_CLOSED'))
    const { round } = play(closed, send('bank-b', 5), send('bank-a', 5))
    expect(contributorsOf(round)).toEqual(['bank-a', 'bank-b'])
  })
})
