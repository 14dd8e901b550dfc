import { describe, expect, it } from 'vitest'
import { abandon, aggregatorAway, finish, follow, started, stop, transitions } from '../../src/coordinator/runs.ts'
import { cleanText, listNames, withinCharacters } from '../../src/coordinator/text.ts'
import { CoordinatorError, type coordinatorErrors } from '../../src/coordinator/index.ts'
import { JobError } from '../../src/job/index.ts'
import { LearningError } from '../../src/learning/index.ts'
import { finalRunStates, type Run, runStates } from '../../src/round/index.ts'
import { openStore, StoreError } from '../../src/store/index.ts'
import { storeOn } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { sql } from 'kysely'
import { ana, createHarness, type Harness, specBytes, specObject } from './harness.ts'

const refuses = (code: keyof typeof coordinatorErrors) =>
  expect.toSatisfy((error) => error instanceof CoordinatorError && error.code === code)
const withHarness = async (test: (harness: Harness) => Promise<void>): Promise<void> => {
  await using harness = await createHarness()
  await test(harness)
}

describe('submitting', () => {
  it('names what is wrong with a spec', () =>
    withHarness(async (harness) => {
      const misspelt = harness.submit({ rounds: undefined, rouds: 3 })
      await expect(misspelt).rejects.toSatisfy((error) => error instanceof JobError && error.message.includes('rouds'))
      expect((await harness.control.runs.listRuns({ limit: 0 }, ana)).runs).toEqual([])
    }))

  it('refuses a model that does not fit its task', () =>
    withHarness(async (harness) => {
      const layers = [{ className: 'Dense', config: { units: 7, activation: 'softmax' } }]
      const failure = await harness.submit({ model: { kind: 'layers', layers } }).catch((error: unknown) => error)
      expect(failure).toSatisfy((error) => error instanceof LearningError || error instanceof JobError)
      expect(String(failure)).toMatch(/7|units|output/)
    }))

  it('refuses a canonical form that would not fit a message with its parties', () =>
    withHarness(async (harness) => {
      const feature = { type: 'category', missing: 'refuse', other: 'refuse' }
      const features = Array.from({ length: 30 }, (_, f) => ({
        ...feature,
        name: `column_${f}`,
        values: Array.from({ length: 100 }, (_, v) => `${v}`.padEnd(240, 'x')),
      }))
      const failure = harness.submit({ data: { ...specObject().data, features } })
      await expect(failure).rejects.toEqual(refuses('RUN_SPEC_TOO_LARGE'))
    }))

  it('holds a bounded number of runs that have not ended', async () => {
    await using harness = await createHarness({ maximumRuns: 2 })
    const first = await harness.submit()
    await harness.submit()
    await expect(harness.submit()).rejects.toEqual(refuses('RUN_LIMIT'))
    await harness.control.runs.stopRun({ runId: first.runId, reason: '' }, ana)
    await harness.submit()
  })

  it('gives each submission a run of its own', () =>
    withHarness(async (harness) => {
      const [first, second] = [await harness.submit(), await harness.submit()]
      expect(first.runId).toMatch(/^[0-9a-f]{32}$/)
      expect(second.runId).not.toBe(first.runId)
      expect(second.jobDigest).toEqual(first.jobDigest)
    }))

  it('says that the disk is full, goes on with what it holds, and takes runs again when there is room', async () => {
    const engine = openSqlite(':memory:')
    await using harness = await createHarness({ store: await storeOn(engine) })
    const limit = (pages: number) => sql.raw(`pragma max_page_count = ${pages}`).execute(engine.db)
    const kept = await harness.running()
    await limit(1)
    const full = expect.toSatisfy((error) => error instanceof StoreError && error.code === 'STORE_FULL')
    const failures = new Set<unknown>()
    while (failures.size === 0) await harness.submit().catch((error: unknown) => failures.add(error))
    expect([...failures]).toEqual([full])
    expect(await harness.run(kept.runId)).toMatchObject({ state: 'running' })
    await limit(100_000)
    await harness.submit()
    harness.aggregator.finish(kept.runId, 2)
    await harness.untilState(kept.runId, 'finished')
  })
})

describe('asking for runs and model versions', () => {
  it('takes a beginning of an id when it is one run only', async () => {
    const store = await openStore('sqlite::memory:')
    await using harness = await createHarness({ store })
    const base = { name: 'x', specJson: specBytes(), jobDigest: new Uint8Array(32), submittedBy: 'ana', createdMs: 1 }
    for (const end of ['0', '1']) {
      await store.runs.create({
        ...base,
        runId: `abcd${end}`.padEnd(32, '0'),
        rounds: 1,
        parties: ['a', 'b'],
        reason: '',
      })
    }
    const get = (runId: string) => harness.control.runs.getRun({ runId }, ana)
    expect((await get('abcd0')).runId).toBe('abcd0'.padEnd(32, '0'))
    await expect(get('abcd')).rejects.toEqual(refuses('RUN_AMBIGUOUS'))
    await expect(get('ffff')).rejects.toEqual(refuses('RUN_UNKNOWN'))
    await expect(harness.control.runs.stopRun({ runId: 'ffff', reason: '' }, ana)).rejects.toEqual(
      refuses('RUN_UNKNOWN'),
    )
    const watching = harness.control.runs.watchRun({ runId: 'ffff', afterSequence: 0 }, ana)
    await expect(watching[Symbol.asyncIterator]().next()).rejects.toEqual(refuses('RUN_UNKNOWN'))
  })

  it('does the same for model versions', () =>
    withHarness(async (harness) => {
      const ids: string[] = []
      for (let n = 0; n < 2; n++) {
        const { runId } = await harness.running()
        harness.aggregator.finish(runId, 2)
        ids.push((await harness.untilState(runId, 'finished')).modelId ?? '')
      }
      expect(new Set(ids).size).toBe(2)
      const get = (modelId: string) => harness.control.runs.getModel({ modelId }, ana)
      await expect(get('')).rejects.toEqual(refuses('MODEL_AMBIGUOUS'))
      await expect(get('zzzz')).rejects.toEqual(refuses('MODEL_UNKNOWN'))
      const bytes = harness.control.runs.downloadModel({ modelId: 'zzzz' }, ana)
      await expect(bytes[Symbol.asyncIterator]().next()).rejects.toEqual(refuses('MODEL_UNKNOWN'))
      expect((await harness.control.runs.listModels({ limit: 1 }, ana)).models.map((m) => m.modelId)).toEqual([ids[1]])
    }))

  it('lists newest first, and no more than fits one message', async () => {
    const store = await openStore('sqlite::memory:')
    const many: Run[] = []
    const listing = { ...store.runs, list: async (limit: number) => many.slice(0, limit) }
    await using harness = await createHarness({ store: { ...store, runs: listing } })
    const parties = Array.from({ length: 1_024 }, (_, n) => `bank-${n}`.padEnd(60, 'x'))
    const run = await harness.submit({ parties })
    await harness.decide(run, parties[0] ?? '', false, ['a reason that only the run itself shows'])
    const full = await harness.run(run.runId)
    for (let n = 0; n < 16; n++) many.push({ ...full, createdMs: n })
    const { runs } = await harness.control.runs.listRuns({ limit: 500 }, ana)
    expect(runs.length).toBeGreaterThan(8)
    expect(runs.length).toBeLessThan(16)
    expect(runs.map((each) => each.createdMs)).toEqual(runs.map((_, n) => n))
    expect(runs[0]?.parties[0]).toMatchObject({ decision: 'declined', reasons: [] })
    expect(full.parties[0]?.reasons).toHaveLength(1)
    expect((await harness.control.runs.listRuns({ limit: 2 }, ana)).runs).toHaveLength(2)
  })

  it('says who is connected, where the aggregator stands and what time it is', () =>
    withHarness(async (harness) => {
      expect(await harness.control.runs.getStatus({}, ana)).toEqual({
        version: '1.2.3',
        federation: 'test',
        store: 'sqlite::memory:',
        connectedParties: [],
        aggregatorReachable: true,
        aggregatorDetail: 'active runs: 0',
        timeMs: expect.any(Number),
      })
    }))
})

describe('the life of a run', () => {
  const inState = async (harness: Harness, state: Run['state']): Promise<Run> => ({
    ...(await harness.submit()),
    state,
  })

  it('never leaves a final state', () =>
    withHarness(async (harness) => {
      for (const state of finalRunStates) {
        expect(transitions[state]).toEqual([])
        const run = await inState(harness, state)
        const last = { sequence: 1, atMs: 1, kind: 'state-changed', state: 'finished', reason: '' } as const
        const model = {} as Parameters<typeof finish>[3]
        for (const change of [
          started(run, 1),
          aggregatorAway(run, 'x', 'y', 1),
          abandon(run, 'x', true, 1),
          stop(run, 'ana', '', 1),
          follow(run, 0, [last], 1),
          finish(run, 0, last, model),
        ]) {
          expect(change).toEqual({ events: [] })
        }
      }
    }))

  it('reaches every state', () => {
    const reached = new Set<string>(['proposed'])
    for (const state of runStates) for (const next of transitions[state]) if (reached.has(state)) reached.add(next)
    expect([...reached].sort()).toEqual([...runStates].sort())
  })

  it('does not take an event of the aggregator twice', () =>
    withHarness(async (harness) => {
      const run = await inState(harness, 'running')
      const events = [1, 2, 3].map(
        (sequence) =>
          ({
            sequence,
            atMs: 1,
            kind: 'party-changed',
            party: 'bank-a',
            activity: 'joined',
            round: 0,
            detail: '',
          }) as const,
      )
      expect(follow(run, 2, events, 1).events.map((event) => event.sourceSequence)).toEqual([3])
      expect(follow(run, 3, events, 1)).toEqual({ events: [] })
    }))
})

describe('text from elsewhere', () => {
  it('loses what a terminal would obey', () => {
    expect(cleanText('a\u001b[31mb\u0000\r\nc\u009bd')).toBe('a [31mb c d')
  })
  it('is cut between characters', () => {
    expect(withinCharacters('abcdef', 4)).toBe('abc…')
    expect(withinCharacters('ab😀cd', 4)).toBe('ab…')
    expect(withinCharacters('abcd', 4)).toBe('abcd')
  })
  it('names a few of many', () => {
    expect(listNames(['a', 'b', 'c'])).toBe('a, b and c')
    expect(listNames(['a'])).toBe('a')
    expect(listNames(Array.from({ length: 10 }, (_, n) => `p${n}`))).toBe('p0, p1, p2, p3, p4, p5, p6, p7 and 2 more')
  })
  it('has reasons of all parties cut to what a message holds', () =>
    withHarness(async (harness) => {
      const parties = Array.from({ length: 1_024 }, (_, n) => `bank-${n}`)
      const run = await harness.submit({ parties })
      await harness.decide(
        run,
        'bank-0',
        false,
        Array.from({ length: 20 }, () => 'x'.repeat(500)),
      )
      const reasons = (await harness.run(run.runId)).parties[0]?.reasons ?? []
      expect(reasons.join('').length).toBeLessThanOrEqual(97)
      expect(reasons.join('').length).toBeGreaterThan(90)
    }))
})
