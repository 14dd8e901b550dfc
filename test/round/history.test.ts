import { describe, expect, test } from 'vitest'
import { planRound, RoundError, type RunRecord } from '../../src/round/index.ts'
import {
  attested,
  closed,
  committed,
  digestOf,
  ended,
  epoch,
  member,
  opened,
  partyChanged,
  played,
  received,
  replay,
} from './records.ts'

const rules = { cohort: 3, quorum: 2, enough: 3, staleness: 1 }
const opening = { number: 1, task: 'train' as const, cohort: ['bank-a', 'bank-b', 'bank-c'], deadlineMs: 9_000 }
const two = ['bank-a', 'bank-b']

describe('a history', () => {
  test('says what a restarted aggregator has to know', () => {
    const receipts: Uint8Array[] = []
    const records = [...played, opened(1), received(1, 'bank-c', { weight: 20 })]
    const history = replay(records, (receipt) => receipts.push(receipt))
    expect(receipts).toEqual([new Uint8Array(5).fill(0)])
    expect(history).toMatchObject({
      epochs: [{ epoch: '0'.repeat(32), receiptKey: '302a' }],
      members: new Map([
        ['bank-a', 10],
        ['bank-b', 10],
        ['bank-c', 20],
      ]),
      next: 1,
      stateDigest: digestOf('d'),
      ended: undefined,
    })
    expect(history.events.map(({ sequence, kind }) => `${sequence} ${kind}`)).toEqual([
      '1 attested',
      '2 party-changed',
      '3 round-closed',
    ])
    expect(history.pending).toMatchObject({ number: 1, task: 'train', weightUnit: 30, phase: 'gathering' })
    expect(history.pending?.acknowledged).toEqual(
      new Map([['bank-c', { digest: digestOf('1'), weight: 20, staleness: 0 }]]),
    )
    expect(history.counted.get('bank-a')).toEqual([{ digest: digestOf('1'), weight: 10, staleness: 0, round: 0 }])
    expect(history.counted.has('bank-c')).toBe(false)
  })

  test('of a run that is over says how it ended, as an event too', () => {
    const history = replay([...played, opened(1), ended(4), epoch('1'), attested(5)])
    expect(history.ended).toEqual({ state: 'abandoned', reason: 'round 1 had 1 of 2 updates' })
    expect(history.events[3]).toMatchObject({ sequence: 4, kind: 'state-changed', state: 'abandoned' })
  })

  test('without records knows nothing', () => {
    expect(replay([])).toMatchObject({ next: 0, events: [], pending: undefined, ended: undefined })
  })

  test('keeps no more of the past than may matter', () => {
    const history = replay(played)
    for (let round = 1; round <= 300; round++) {
      history.apply(opened(round))
      for (const party of two) history.apply(received(round, party))
      history.apply(closed(round, two))
      history.apply(committed(round, two, round + 3))
    }
    expect(history.opened.size).toBe(101)
    expect(history.counted.get('bank-a')).toHaveLength(101)
  })

  test('of a long run has the newest events, in order still, and gives receipts away', () => {
    const shelved: Uint8Array[] = []
    const history = replay(played, (receipt) => shelved.push(receipt))
    history.apply(partyChanged(4, 'bank-a', 'joined'))
    for (let sequence = 5; sequence <= 110_000; sequence += 1) history.apply(partyChanged(sequence, 'bank-b', 'late'))
    expect(shelved).toHaveLength(1)
    expect(history.events.length).toBeLessThanOrEqual(100_000)
    expect(history.events.at(-1)?.sequence).toBe(110_000)
    // Known from an event that was let go.
    expect([...history.present]).toEqual(['bank-a', 'bank-b'])
    for (const wrong of [110_000, 110_002]) {
      const apply = () => history.apply(partyChanged(wrong, 'bank-b'))
      expect(apply).toThrow(RoundError)
      expect(apply).toThrow(expect.objectContaining({ code: 'ROUND_LOG_INVALID' }))
    }
  })
})

describe('the plan of a round', () => {
  test('knows who was asked and what counted before', () => {
    const history = replay([...played, opened(1), ...two.map((party) => received(1, party))])
    const next = planRound(history, rules, { ...opening, number: 2 })
    expect(next).toMatchObject({ quorum: 2, enough: 3, staleness: 1, asked: new Map([[1, opening.cohort]]) })
    expect(next.acknowledged.size).toBe(0)
    expect([...next.counted.keys()]).toEqual(['bank-b', 'bank-a'].sort())
  })

  test('does not grow with the history that it was made from', () => {
    const history = replay([...played, opened(1)])
    const plan = planRound(history, rules, opening)
    history.apply(received(1, 'bank-a'))
    expect(plan.acknowledged.size).toBe(0)
    expect(planRound(history, rules, opening).acknowledged.size).toBe(1)
  })

  test('of a round that had closed lets in its contributors alone', () => {
    const gathered = [...played, opened(1), received(1, 'bank-a'), received(1, 'bank-b')]
    const history = replay([...gathered, closed(1, two), epoch('1')])
    const plan = planRound(history, rules, opening)
    expect(plan.enough).toBe(2)
    expect([...plan.acknowledged.keys()]).toEqual(two)
    const open = planRound(replay([...gathered, epoch('1')]), rules, opening)
    expect(open.enough).toBe(3)
    // bank-b did not come again until the deadline of the second epoch, whose sum was then lost as well.
    const again = [epoch('1'), opened(1), received(1, 'bank-a'), closed(1, ['bank-a']), epoch('2')]
    expect([...planRound(replay([...gathered, ...again]), rules, opening).acknowledged.keys()]).toEqual(['bank-a'])
  })
})

describe('records are refused that contradict those before', () => {
  const gathering = [...played, opened(1)]
  const resumed = [...gathering, received(1, 'bank-a'), epoch('1'), opened(1)]
  const shut = [...gathering, received(1, 'bank-a'), received(1, 'bank-b'), closed(1, two)]
  const reopened = [...shut, epoch('1'), opened(1)]
  test.each<[string, readonly RunRecord[], RunRecord, string]>([
    ['a log without an epoch', [], member('bank-a'), 'record 1, member bank-a: the log does not begin with an epoch'],
    ['an epoch twice', played, epoch('0'), 'record 12, epoch: there was an epoch of this name'],
    ['a party that joins twice', played, member('bank-a', 11), 'record 12, member bank-a: the party had joined before'],
    ['a gap in the events', played, partyChanged(5), 'record 12, event (party-changed): event 5 follows event 3'],
    ['an event twice', played, partyChanged(3), 'event 3 follows event 3'],
    ['the end out of sequence', played, ended(7), 'record 12, ended: event 7 follows event 3'],
    ['a round after the end', [...played, ended(4)], opened(1), 'record 13, opened of round 1: the run had ended'],
    ['a round left out', played, opened(2), 'record 12, opened of round 2: round 1 is the next one'],
    ['a round opened twice', gathering, opened(1), 'opened of round 1: this epoch had opened it already'],
    [
      'another cohort',
      [...gathering, epoch('1')],
      opened(1, { cohort: two }),
      'with another task, cohort or weight unit',
    ],
    ['another unit', [...gathering, epoch('1')], opened(1, { weightUnit: 31 }), 'with another task, cohort or weight'],
    ['an update of no round', played, received(1, 'bank-a'), 'this epoch has not opened that round'],
    ['an update of another round', gathering, received(0, 'bank-a'), 'this epoch has not opened that round'],
    ['a round not opened again', [...gathering, epoch('1')], received(1, 'bank-a'), 'this epoch has not opened that'],
    [
      'a stranger',
      gathering,
      received(1, 'bank-x'),
      'received of round 1 by bank-x: a weight of 10, of a party that joined with none',
    ],
    ['other rows', gathering, received(1, 'bank-a', { weight: 11 }), 'a weight of 11, of a party that joined with 10'],
    [
      'an update twice',
      [...gathering, received(1, 'bank-a')],
      received(1, 'bank-a'),
      'the party is in the sum already',
    ],
    ['an update after closing', shut, received(1, 'bank-c', { weight: 20 }), 'the round had closed'],
    [
      'statistics that count as late',
      gathering,
      received(1, 'bank-c', { weight: 20, staleness: 1 }),
      'was not asked in round 0',
    ],
    [
      'other bytes after a restart',
      resumed,
      received(1, 'bank-a', { digest: digestOf('2') }),
      'another update of the party was acknowledged before',
    ],
    [
      'a newcomer to a closed round',
      reopened,
      received(1, 'bank-c', { weight: 20 }),
      'the round had closed without the party',
    ],
    [
      'other contributors',
      [...gathering, received(1, 'bank-a')],
      closed(1, two),
      'other contributors than were received',
    ],
    [
      'contributors out of order',
      [...gathering, received(1, 'bank-b'), received(1, 'bank-a')],
      closed(1, ['bank-b', 'bank-a']),
      'or not ascending',
    ],
    ['a round closed twice', shut, closed(1, two), 'the round had closed'],
    ['a commit before closing', gathering, committed(1, [], 4), 'committed of round 1: the round had not closed'],
    ['a commit of others', shut, committed(1, ['bank-a'], 4), 'its event names other contributors'],
    [
      'a commit of another task',
      shut,
      committed(1, two, 4, { task: 'evaluate' }),
      'its event is of another round or task',
    ],
    ['a commit out of sequence', shut, committed(1, two, 5), 'event 5 follows event 3'],
  ])('%s', (_, before, record, message) => {
    const history = replay(before)
    const known = structuredClone({ ...history })
    expect(() => history.apply(record)).toThrow(RoundError)
    expect(() => history.apply(record)).toThrow(expect.objectContaining({ code: 'ROUND_LOG_INVALID' }))
    expect(() => history.apply(record)).toThrow(message)
    expect({ ...history }).toEqual(known)
  })

  test('a late update that counted already', () => {
    const late = [
      ...shut,
      committed(1, two, 4),
      opened(2),
      received(2, 'bank-a', { digest: digestOf('2') }),
      received(2, 'bank-c', { weight: 20, staleness: 1 }),
      closed(2, ['bank-a', 'bank-c']),
      committed(2, ['bank-a', 'bank-c'], 5),
      opened(3),
    ]
    const history = replay([...late, received(3, 'bank-b', { staleness: 1 })])
    expect(history.pending?.acknowledged.get('bank-b')?.staleness).toBe(1)
    const again = () => replay([...late, received(3, 'bank-c', { weight: 20, staleness: 2 })])
    expect(again).toThrow('the update for round 1 counted in round 2')
  })
})
