/** Decisions and their deadline: who is waited for, for how long, and what the run's reason says of it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CoordinatorError, type CoordinatorCode } from '../../src/coordinator/index.ts'
import * as job from '../../src/job/index.ts'
import { RemoteError } from '../../src/rpc/index.ts'
import { openStore, StoreError } from '../../src/store/index.ts'
import { ana, attend, caller, createHarness, type Harness } from './harness.ts'

vi.mock('../../src/job/index.ts', async (original) => {
  const actual = await original<typeof job>()
  return { ...actual, readCanonicalSpec: vi.fn(actual.readCanonicalSpec) }
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const refuses = (code: CoordinatorCode) =>
  expect.toSatisfy((error) => error instanceof CoordinatorError && error.code === code)
const withHarness = async (test: (harness: Harness) => Promise<void>): Promise<void> => {
  await using harness = await createHarness()
  await test(harness)
}
/** The tasks that see to runs work beside the calls that wake them. */
const turns = async (until: () => boolean | Promise<boolean>): Promise<void> => {
  for (let turn = 0; !(await until()); turn++) {
    if (turn > 2_000) throw new Error('it does not happen')
    await new Promise(setImmediate)
  }
}
const deadlineBegins = () => turns(() => vi.getTimerCount() === 1)
const parties = ['bank-a', 'bank-b', 'bank-c', 'bank-d']
const submitted = async (harness: Harness, rounds: Record<string, unknown> = {}) => {
  const all = { count: 2, quorum: 2, minimumParties: 2, deadlineSeconds: 60, ...rounds }
  const run = await harness.submit({ parties, rounds: all })
  await deadlineBegins()
  return run
}

describe('the deadline for decisions', () => {
  it('starts the run without those that are silent, says who they are, and answers them when they come late', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness)
      const late = attend(harness.control, 'bank-c')
      expect(await late.next()).toMatchObject({ phase: 'decide' })
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-b')
      vi.advanceTimersByTime(59_999)
      expect(await harness.run(run.runId)).toMatchObject({
        state: 'proposed',
        reason: 'waiting for the decision of bank-c and bank-d (not connected)',
      })
      vi.advanceTimersByTime(1)
      await harness.untilState(run.runId, 'accepted', 'no answer within 60 s: bank-c, bank-d (not connected)')
      await harness.untilState(run.runId, 'running')
      expect(harness.aggregator.runs.get(run.runId)?.parties).toEqual(['bank-a', 'bank-b'])
      for (const accepted of [true, false]) {
        await expect(harness.decide(run, 'bank-c', accepted)).rejects.toEqual(refuses('RUN_NOT_PROPOSED'))
      }
      expect(await harness.run(run.runId)).toMatchObject({ parties: { 2: { decision: 'undecided' } } })
      late.leave()
      expect(vi.getTimerCount()).toBe(0)
    }))

  it('lets a run without quorum wait, says so, and starts it with the acceptance that makes the quorum', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness)
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-d', false, ['POLICY_MODEL: no models here'])
      vi.advanceTimersByTime(60_000)
      const reason =
        'waiting for the decision of bank-b (not connected) and bank-c (not connected); 1 declined; 1 accepted within 60 s, the quorum is 2'
      expect(await harness.untilState(run.runId, 'proposed', 'within 60 s')).toMatchObject({
        state: 'proposed',
        reason,
      })
      await harness.decide(run, 'bank-b')
      await harness.untilState(
        run.runId,
        'accepted',
        'no answer within 60 s: bank-c (not connected); declined: bank-d (POLICY_MODEL)',
      )
      await harness.untilState(run.runId, 'running')
    }))

  it('does not wait for it when all have answered, nor when no quorum can come together any more', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness, { quorum: 3 })
      await harness.decide(run, 'bank-a', false, [
        'POLICY_MODEL: mlp only',
        'POLICY_ROUNDS: at most 2',
        'POLICY_MODEL: x',
      ])
      expect(await harness.run(run.runId)).toMatchObject({ state: 'proposed' })
      await harness.decide(run, 'bank-b', false, ['AGENT_DATA: see the log'])
      expect(await harness.run(run.runId)).toMatchObject({
        state: 'rejected',
        reason: 'too few accepted: bank-a (POLICY_MODEL, POLICY_ROUNDS), bank-b (AGENT_DATA)',
        parties: { 0: { reasons: ['POLICY_MODEL: mlp only', 'POLICY_ROUNDS: at most 2', 'POLICY_MODEL: x'] } },
      })
      await expect(harness.decide(run, 'bank-c')).rejects.toEqual(refuses('RUN_NOT_PROPOSED'))
      await turns(() => vi.getTimerCount() === 0)
      const all = await submitted(harness)
      for (const party of parties) await harness.decide(all, party)
      await harness.untilState(all.runId, 'running')
      expect(vi.getTimerCount()).toBe(0)
    }))

  it('rejects after it as well, with the decline that makes a quorum impossible', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness, { quorum: 3 })
      await harness.decide(run, 'bank-a', false)
      vi.advanceTimersByTime(60_000)
      await harness.untilState(run.runId, 'proposed', 'within 60 s')
      await harness.decide(run, 'bank-b', false, ['busy today'])
      expect(await harness.run(run.runId)).toMatchObject({
        state: 'rejected',
        reason: 'too few accepted: bank-a (no reason given), bank-b (no code)',
      })
    }))

  it('begins again when the coordinator does, and ends with a run that is stopped', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness)
      await harness.decide(run, 'bank-a')
      await harness.decide(run, 'bank-b')
      vi.advanceTimersByTime(59_000)
      await harness.control.close()
      expect(vi.getTimerCount()).toBe(0)
      await harness.restart()
      await deadlineBegins()
      vi.advanceTimersByTime(59_000)
      expect(await harness.run(run.runId)).toMatchObject({ state: 'proposed' })
      vi.advanceTimersByTime(1_000)
      await harness.untilState(run.runId, 'running')
      const stopped = await submitted(harness)
      await harness.control.runs.stopRun({ runId: stopped.runId, reason: '' }, ana)
      await turns(() => vi.getTimerCount() === 0)
    }))

  it('is kept when the store fails in that moment', async () => {
    const store = await openStore('sqlite::memory:')
    let failing = false
    const change: typeof store.runs.change = async (...args) => {
      if (!failing) return store.runs.change(...args)
      failing = false
      throw new StoreError('STORE_FULL', 'no room')
    }
    await using harness = await createHarness({ store: { ...store, runs: { ...store.runs, change } } })
    const run = await submitted(harness)
    await harness.decide(run, 'bank-a')
    await harness.decide(run, 'bank-b')
    failing = true
    vi.advanceTimersByTime(60_000)
    await harness.untilState(run.runId, 'running')
    expect(failing).toBe(false)
  })
})

describe('the reason of a proposed run', () => {
  it('says who is not connected as it is now, without an event for each coming and going', () =>
    withHarness(async (harness) => {
      const run = await submitted(harness)
      expect(run.reason).toContain('bank-a (not connected), bank-b (not connected)')
      const stream = attend(harness.control, 'bank-a')
      await stream.next()
      expect((await harness.run(run.runId)).reason).toContain(
        'waiting for the decision of bank-a, bank-b (not connected)',
      )
      const { runs } = await harness.control.runs.listRuns({ limit: 1 }, ana)
      expect(runs[0]?.reason).toContain('of bank-a, bank-b (not connected)')
      stream.leave()
      await stream.next()
      expect((await harness.run(run.runId)).reason).toBe(run.reason)
      expect(await harness.store.events.read(run.runId, 0, 10)).toHaveLength(1)
    }))
})

describe('an answer', () => {
  it('of a stranger or about another job costs neither a lock nor the parsing of a spec', async () => {
    const store = await openStore('sqlite::memory:')
    const change = vi.fn(store.runs.change)
    await using harness = await createHarness({ store: { ...store, runs: { ...store.runs, change } } })
    const run = await submitted(harness)
    const parsed = vi.mocked(job.readCanonicalSpec)
    expect(parsed).toHaveBeenCalled()
    parsed.mockClear()
    await expect(harness.decide(run, 'bank-x')).rejects.toEqual(refuses('RUN_NOT_NAMED'))
    const other = { runId: run.runId, jobDigest: new Uint8Array(32), accepted: true, reasons: [] }
    const decided = harness.control.parties.decide(other, caller('party', 'bank-a'))
    await expect(decided).rejects.toEqual(refuses('RUN_OTHER_JOB'))
    expect(change).not.toHaveBeenCalled()
    for (const party of parties) await harness.decide(run, party)
    expect(parsed).not.toHaveBeenCalled()
  })

  it('counts when it comes before the coordinator has looked at the run', async () => {
    const store = await openStore('sqlite::memory:')
    await using harness = await createHarness({ store })
    const other = await createHarness({ store })
    const run = await other.submit({ parties })
    await other.control.close()
    for (const party of parties) await harness.decide(run, party)
    await harness.untilState(run.runId, 'running')
  })
})

it('two agents under one name: what the first is told is not worth an immediate other try', () => {
  const error = new CoordinatorError('ATTEND_REPLACED', 'another agent of party bank-a has connected')
  expect(error.row.status).toBe('FAILED_PRECONDITION')
  expect(new RemoteError('ATTEND_REPLACED', error.row.status, error.message).row.status).toBe('FAILED_PRECONDITION')
})
