import { describe, expect, it } from 'vitest'
import type { Run } from '../../src/round/index.ts'
import { applyEvent, openStore, type Store, StoreError } from '../../src/store/index.ts'
import { engines } from './engines.ts'
import { closed, modelVersion, newRun, runId, state } from './fixtures.ts'

const raise = (text: string): never => {
  throw new Error(text)
}
const rejects = (code: string) => expect.toSatisfy((error) => error instanceof StoreError && error.code === code)

describe.each(engines)('runs on $name', (engine) => {
  const withStore = async (test: (store: Store, url: string) => Promise<void>): Promise<void> => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await test(store, database.url)
  }

  it('keeps a run with its first event, and the same run again changes nothing', () =>
    withStore(async (store) => {
      const run = await store.runs.create(newRun())
      const { parties, ...rest } = newRun()
      expect(run).toEqual({
        ...rest,
        state: 'proposed',
        endedMs: undefined,
        round: 0,
        parties: parties.map((party) => ({ party, decision: 'undecided', reasons: [], activity: 'absent' })),
        metrics: {},
        metricsModel: 0,
        modelId: undefined,
        tee: '',
      } satisfies Run)
      await store.runs.change(run.runId, () => ({ events: [state('accepted')] }))
      expect(await store.runs.create(newRun())).toMatchObject({ state: 'accepted' })
      expect(await store.events.read(run.runId, 0, 10)).toHaveLength(2)
    }))

  it('refuses another job under an id that is taken', () =>
    withStore(async (store) => {
      await store.runs.create(newRun(1))
      const other = newRun(1, { jobDigest: newRun(2).jobDigest })
      await expect(store.runs.create(other)).rejects.toEqual(rejects('STORE_CONFLICT'))
    }))

  it('shows the parties as another program has left them', () =>
    withStore(async (store, url) => {
      await using other = await openStore(url)
      const { runId: id } = await store.runs.create(newRun())
      const decisions = async () => (await store.runs.get(id))?.parties.map(({ decision }) => decision)
      const accepted = (party: string) => () => {
        return { decision: { party, decision: 'accepted', reasons: [] }, events: [state('proposed')] } as const
      }
      await store.runs.change(id, accepted('bank-a'))
      await other.runs.change(id, accepted('bank-b'))
      expect(await decisions()).toEqual(['accepted', 'accepted', 'undecided'])
      // What is undone was never so.
      await expect(store.runs.change(id, () => raise('no'))).rejects.toThrow('no')
      await store.runs.change(id, accepted('bank-c'))
      expect((await other.runs.get(id))?.parties.map(({ decision }) => decision)).toEqual(Array(3).fill('accepted'))
      expect(await decisions()).toEqual(Array(3).fill('accepted'))
    }))

  it('finds by prefix and shows ambiguity', () =>
    withStore(async (store) => {
      for (const id of ['aa00', 'aa11', 'bb00']) await store.runs.create(newRun(1, { runId: id.padEnd(32, '0') }))
      const found = async (prefix: string) => (await store.runs.find(prefix)).map((run) => run.runId.slice(0, 4))
      expect(await found('bb00')).toEqual(['bb00'])
      expect((await found('aa')).sort()).toEqual(['aa00', 'aa11'])
      expect(await found('cc00')).toEqual([])
      expect(await store.runs.get('bb00')).toBeUndefined()
    }))

  it('lists newest first, and which have not ended, of all or of one party', () =>
    withStore(async (store) => {
      for (let n = 1; n <= 4; n++) await store.runs.create(newRun(n))
      await store.runs.create(newRun(5, { parties: ['bank-x', 'bank-y'] }))
      await store.runs.change(runId(2), () => ({ events: [state('stopped')], stopPending: true }))
      expect((await store.runs.list(3)).map((run) => run.runId)).toEqual([5, 4, 3].map(runId))
      expect(await store.runs.unfinished()).toEqual([1, 3, 4, 5].map(runId))
      expect(await store.runs.unfinished('bank-x')).toEqual([runId(5)])
      expect(await store.runs.countUnfinished()).toBe(4)
      expect(await store.runs.pendingStops()).toEqual([runId(2)])
      await store.runs.change(runId(2), () => ({ events: [], stopPending: false }))
      expect(await store.runs.pendingStops()).toEqual([])
    }))

  it('numbers events without gaps, derives the run from them, and says where the aggregator stands', () =>
    withStore(async (store) => {
      await store.runs.create(newRun())
      await store.runs.change(runId(1), () => ({
        decision: { party: 'bank-a', decision: 'declined', reasons: ['too few rows', 'quote " and \u0000'] },
        events: [state('accepted')],
      }))
      const { run, events } = await store.runs.change(runId(1), (before, source) => {
        expect(source).toBe(0)
        expect(before.parties[1]).toMatchObject({
          decision: 'declined',
          reasons: ['too few rows', 'quote " and \u0000'],
        })
        return {
          events: [
            { ...state('running'), sourceSequence: 1 },
            {
              atMs: 5,
              kind: 'round-opened',
              round: 1,
              task: 'train',
              cohort: ['bank-b'],
              deadlineMs: 9,
              sourceSequence: 2,
            },
            { atMs: 6, ...closed(1, { trainingLoss: Number.NaN, metrics: { auc: 0.1 + 0.2 } }), sourceSequence: 3 },
            {
              atMs: 7,
              kind: 'party-changed',
              party: 'bank-c',
              activity: 'gone',
              round: 1,
              detail: 'reset',
              sourceSequence: 5,
            },
          ],
          sourceSequence: 6,
        }
      })
      expect(events.map((event) => event.sequence)).toEqual([3, 4, 5, 6])
      expect(await store.runs.get(runId(1))).toEqual(run)
      expect(await store.runs.sourceSequence(runId(1))).toBe(6)
      const history = await store.events.read(runId(1), 0, 100)
      expect(history.map((event) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6])
      expect(history.slice(2)).toEqual(events)
      expect(history[4]).toMatchObject({ trainingLoss: Number.NaN, metrics: { auc: 0.1 + 0.2 } })
      expect(await store.events.read(runId(1), 2, 2)).toEqual(events.slice(0, 2))
      expect(run).toMatchObject({ state: 'running', round: 1, metricsModel: 0 })
      const created = await store.runs.create(newRun(9))
      const replayed = history.reduce(applyEvent, { ...created, ...newRun(1), parties: created.parties })
      expect(replayed.parties.map((party) => party.activity)).toEqual(run.parties.map((party) => party.activity))
    }))

  it('leaves nothing behind when the plan throws or a part of the change is refused', () =>
    withStore(async (store) => {
      await store.runs.create(newRun())
      const refusal = new Error('not now')
      await expect(
        store.runs.change(runId(1), () => {
          throw refusal
        }),
      ).rejects.toBe(refusal)
      const twice = { ...state('running'), sourceSequence: 4 }
      await store.runs.change(runId(1), () => ({ events: [twice] }))
      await expect(store.runs.change(runId(1), () => ({ events: [state('stopped'), twice] }))).rejects.toThrow(
        /unique/i,
      )
      expect(await store.runs.get(runId(1))).toMatchObject({ state: 'running' })
      expect(await store.events.read(runId(1), 0, 10)).toHaveLength(2)
    }))

  it('refuses a change of a run it does not hold', () =>
    withStore(async (store) => {
      await expect(store.runs.change(runId(7), () => ({ events: [] }))).rejects.toEqual(rejects('STORE_UNKNOWN_RUN'))
      expect(await store.runs.sourceSequence(runId(7))).toBe(0)
    }))

  it('registers a model version together with the end of its run', () =>
    withStore(async (store) => {
      await store.runs.create(newRun())
      const model = modelVersion(new Uint8Array(8))
      const { run } = await store.runs.change(runId(1), () => ({ events: [state('finished')], model }))
      expect(run).toMatchObject({ state: 'finished', modelId: model.modelId })
      expect(await store.runs.get(runId(1))).toEqual(run)
      expect(await store.models.get(model.modelId)).toEqual(model)
    }))

  it('finds the last round that closed with a model', () =>
    withStore(async (store) => {
      await store.runs.create(newRun())
      expect(await store.events.lastModelRound(runId(1))).toBeUndefined()
      const append = (...bodies: ReturnType<typeof closed>[]) =>
        store.runs.change(runId(1), () => ({ events: bodies.map((body) => ({ atMs: 1, ...body })) }))
      await append(closed(0, { task: 'statistics', metrics: {} }))
      expect(await store.events.lastModelRound(runId(1))).toBeUndefined()
      await append(closed(1), closed(2), closed(3, { task: 'evaluate' }))
      await store.runs.change(runId(1), () => ({ events: [state('running', 'more')] }))
      expect(await store.events.lastModelRound(runId(1))).toMatchObject({ round: 3, task: 'evaluate' })
    }))

  it('puts two writers of one run in order, without a gap and without losing one', async () => {
    await using database = await engine.create()
    await using one = await openStore(database.url)
    await using other = await openStore(database.url)
    await one.runs.create(newRun())
    const each = 25
    const write = async (store: Store, name: string): Promise<void> => {
      for (let n = 0; n < each; n++) {
        await store.runs.change(runId(1), (run) => ({
          events: [state('running', `${run.reason.length} ${name} ${n}`)],
        }))
      }
    }
    await Promise.all([write(one, 'one'), write(other, 'other'), write(one, 'third')])
    const history = await other.events.read(runId(1), 0, 1_000)
    expect(history.map((event) => event.sequence)).toEqual(Array.from({ length: 3 * each + 1 }, (_, n) => n + 1))
    // Each plan saw the run as the event before left it: nobody worked on an old reading.
    let length = newRun().reason.length
    for (const event of history.slice(1)) {
      if (event.kind !== 'state-changed') throw new Error('another event came in')
      expect(event.reason.split(' ')[0]).toBe(String(length))
      length = event.reason.length
    }
  })

  it('lets two writers create the same run at once', async () => {
    await using database = await engine.create()
    await using one = await openStore(database.url)
    await using other = await openStore(database.url)
    const [a, b] = await Promise.all([one.runs.create(newRun()), other.runs.create(newRun())])
    expect(a).toEqual(b)
    expect(await one.events.read(runId(1), 0, 10)).toHaveLength(1)
  })

  it('keeps a run of 1,024 parties', () =>
    withStore(async (store) => {
      const parties = Array.from({ length: 1_024 }, (_, n) => `bank-${n}`)
      await store.runs.create(newRun(1, { parties }))
      const { run } = await store.runs.change(runId(1), () => ({
        events: parties.map((party) => ({
          atMs: 1,
          kind: 'party-changed',
          party,
          activity: 'joined',
          round: 0,
          detail: '',
        })),
      }))
      expect(run.parties.map((party) => party.party)).toEqual(parties)
      expect(await store.runs.get(runId(1))).toEqual(run)
    }))
})
