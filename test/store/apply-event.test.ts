import { describe, expect, it } from 'vitest'
import type { PartyActivity, Run, RunEventBody } from '../../src/round/index.ts'
import { applyEvent, applyEvents } from '../../src/store/index.ts'
import { attestedEvent } from '../support/events.ts'
import { closed, newRun } from './fixtures.ts'

const { parties: names, reason, ...rest } = newRun()
const proposed: Run = {
  ...rest,
  reason,
  state: 'proposed',
  endedMs: undefined,
  round: 0,
  parties: names.map((party) => ({ party, decision: 'undecided', reasons: [], activity: 'absent' })),
  metrics: {},
  metricsModel: 0,
  modelId: undefined,
  tee: '',
}
const runAfter = (...bodies: RunEventBody[]): Run =>
  bodies.reduce<Run>(
    (run, body, index) => applyEvent(run, { sequence: index + 1, atMs: 1_000 + index, ...body }),
    proposed,
  )
const activities = (run: Run) => Object.fromEntries(run.parties.map((party) => [party.party, party.activity]))
const party = (name: string, activity: PartyActivity): RunEventBody => ({
  kind: 'party-changed',
  party: name,
  activity,
  round: 1,
  detail: '',
})
const opened: RunEventBody = {
  kind: 'round-opened',
  round: 1,
  task: 'train',
  cohort: ['bank-a', 'bank-b'],
  deadlineMs: 9,
}

describe('what an event says about a run', () => {
  it('takes state and reason from a change of state, and the end from a final one only', () => {
    const running = runAfter({ kind: 'state-changed', state: 'running', reason: 'three parties' })
    expect(running).toMatchObject({ state: 'running', reason: 'three parties', endedMs: undefined })
    const stopped = runAfter({ kind: 'state-changed', state: 'stopped', reason: 'by alice' })
    expect(stopped).toMatchObject({ state: 'stopped', reason: 'by alice', endedMs: 1_000 })
  })

  it('knows where the aggregator runs from its own word', () => {
    const run = runAfter(attestedEvent('simulated tdx-v4'))
    expect(run).toEqual({ ...proposed, tee: 'simulated tdx-v4' })
    const restarted = runAfter(attestedEvent('simulated tdx-v4'), attestedEvent('SGX by Gramine'))
    expect(restarted).toEqual({ ...proposed, tee: 'SGX by Gramine' })
  })

  it('shows what each party does: asked, delivered, late, and gone or refused rather than late', () => {
    expect(activities(runAfter(opened))).toEqual({ 'bank-a': 'working', 'bank-b': 'working', 'bank-c': 'absent' })
    const missing = ['bank-b', 'bank-c']
    const run = runAfter(opened, party('bank-c', 'gone'), closed(1, { contributors: ['bank-a'], missing }))
    expect(activities(run)).toEqual({ 'bank-a': 'delivered', 'bank-b': 'late', 'bank-c': 'gone' })
    const refused = runAfter(opened, party('bank-b', 'refused'), closed(1, { contributors: [], missing }))
    expect(activities(refused)).toMatchObject({ 'bank-b': 'refused' })
  })

  it('does not call a party late that never joined', () => {
    const run = runAfter(opened, closed(1, { contributors: ['bank-a', 'bank-b'], missing: ['bank-c'] }))
    expect(activities(run)).toEqual({ 'bank-a': 'delivered', 'bank-b': 'delivered', 'bank-c': 'absent' })
  })

  it('calls a contributor delivered unless it has gone, before the round closed or after', () => {
    const both = closed(1, { contributors: ['bank-a', 'bank-b'], missing: ['bank-c'] })
    const before = runAfter(opened, party('bank-a', 'gone'), party('bank-b', 'refused'), both)
    expect(activities(before)).toMatchObject({ 'bank-a': 'gone', 'bank-b': 'delivered' })
    expect(activities(runAfter(opened, party('bank-a', 'gone'), both, opened))).toMatchObject({ 'bank-a': 'working' })
    const after = runAfter(opened, both, party('bank-a', 'gone'))
    expect(activities(after)).toMatchObject({ 'bank-a': 'gone', 'bank-b': 'delivered' })
  })

  it('does not say of a contributor that it works, or has gone, when the next round asks others', () => {
    const both = closed(1, { contributors: ['bank-a', 'bank-c'], missing: [] })
    expect(activities(runAfter(opened, both, opened))).toMatchObject({ 'bank-a': 'working', 'bank-c': 'joined' })
  })

  it('ignores a party that the run does not name', () => {
    expect(runAfter(party('stranger', 'joined'))).toEqual(proposed)
  })

  it('counts released training rounds, and knows which model the metrics belong to', () => {
    const metrics = { auc: 0.8 }
    const statistics = runAfter(closed(0, { task: 'statistics', metrics: {} }))
    expect(statistics).toMatchObject({ round: 0, metrics: {}, metricsModel: 0 })
    const second = runAfter(closed(1, { metrics: { auc: 0.5 } }), closed(2, { metrics }))
    expect(second).toMatchObject({ round: 2, metrics, metricsModel: 1 })
    const evaluated = runAfter(closed(3, { metrics: {} }), closed(4, { task: 'evaluate', metrics }))
    expect(evaluated).toMatchObject({ round: 3, metrics, metricsModel: 3 })
  })

  it('makes of many events at once what it makes of one after the other', () => {
    const bodies: RunEventBody[] = [
      party('bank-a', 'joined'),
      party('bank-b', 'joined'),
      party('bank-a', 'gone'),
      opened,
      party('bank-a', 'joined'),
      party('stranger', 'joined'),
      party('bank-b', 'delivered'),
      closed(1, { contributors: ['bank-b'], missing: ['bank-a', 'bank-c'] }),
      party('bank-c', 'joined'),
      party('bank-c', 'refused'),
    ]
    const events = bodies.map((body, index) => ({ sequence: index + 1, atMs: 1_000 + index, ...body }))
    expect(applyEvents(proposed, events)).toEqual(runAfter(...bodies))
    expect(activities(applyEvents(proposed, events.slice(0, 3)))).toMatchObject({
      'bank-a': 'gone',
      'bank-b': 'joined',
    })
    expect(applyEvents(proposed, [])).toEqual(proposed)
  })

  it('does not change what it is given', () => {
    const before = structuredClone(proposed)
    runAfter(opened, closed(1), party('bank-a', 'late'))
    expect(proposed).toEqual(before)
  })
})
