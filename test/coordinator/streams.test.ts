import { describe, expect, it } from 'vitest'
import { batches } from '../../src/coordinator/batches.ts'
import { backOffMs } from '../../src/coordinator/back-off.ts'
import { createChanges } from '../../src/coordinator/changes.ts'
import { CoordinatorError } from '../../src/coordinator/index.ts'
import { watchRun } from '../../src/coordinator/watch.ts'
import type { RunEvent } from '../../src/round/index.ts'
import { RpcError } from '../../src/rpc/index.ts'
import type { Store } from '../../src/store/index.ts'
import { ana, attend, caller, createHarness, type Harness } from './harness.ts'

const withHarness = async (test: (harness: Harness) => Promise<void>): Promise<void> => {
  await using harness = await createHarness()
  await test(harness)
}
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
const change = (harness: Harness, runId: string, count: number) =>
  harness.store.runs.change(runId, () => ({
    events: numbers(1, count).map((n) => ({ atMs: n, kind: 'state-changed', state: 'proposed', reason: `${n}` })),
  }))

describe('watching a run', () => {
  it('gives history, then what happens, and ends after the last event', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      const seen: RunEvent[] = []
      const watching = (async () => {
        for await (const event of harness.control.runs.watchRun({ runId: run.runId, afterSequence: 0 }, ana))
          seen.push(event)
      })()
      for (const { party } of run.parties) await harness.decide(run, party)
      await harness.untilState(run.runId, 'running')
      harness.aggregator.finish(run.runId, 2)
      await watching
      const stored = await harness.store.events.read(run.runId, 0, 10_000)
      expect(seen).toEqual(stored)
      expect(seen.at(-1)).toMatchObject({ state: 'finished' })
    }))

  it('begins where it is asked to, also after the end', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      await harness.control.runs.stopRun({ runId: run.runId, reason: '' }, ana)
      for (const [after, expected] of [
        [0, [1, 2]],
        [1, [2]],
        [2, []],
        [9, []],
      ] as const) {
        const got: number[] = []
        const watching = harness.control.runs.watchRun({ runId: run.runId, afterSequence: after }, ana)
        for await (const event of watching) got.push(event.sequence)
        expect(got).toEqual(expected)
      }
    }))

  it('loses and repeats nothing when events arrive between any two of its readings', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      const changes = createChanges()
      let readings = 0
      // Whatever the watcher reads, something happens right before and right after it.
      const happen = async (): Promise<void> => {
        if (readings++ > 20) return
        changes.announce((await change(harness, run.runId, 3)).run, run.state)
      }
      const racing: Store = {
        ...harness.store,
        runs: {
          ...harness.store.runs,
          get: async (id) => {
            await happen()
            const got = await harness.store.runs.get(id)
            await happen()
            return got
          },
        },
        events: {
          ...harness.store.events,
          read: async (...args) => {
            const got = await harness.store.events.read(...args)
            await happen()
            return got
          },
        },
      }
      const signal = new AbortController().signal
      const seen: number[] = []
      for await (const event of watchRun(racing, changes, run.runId, 0, signal)) {
        seen.push(event.sequence)
        if (readings > 20 && event.sequence === 1 + 3 * 21) break
      }
      expect(seen).toEqual(numbers(1, 64))
    }))

  it('serves many watchers of all speeds, and a slow one reads from the store', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.submit()
      const slow = harness.control.runs.watchRun({ runId, afterSequence: 0 }, ana)[Symbol.asyncIterator]()
      await slow.next()
      const fast = numbers(1, 20).map(async () => {
        let count = 0
        for await (const _ of harness.control.runs.watchRun({ runId, afterSequence: 0 }, ana)) count++
        return count
      })
      for (let n = 0; n < 8; n++) await change(harness, runId, 100)
      await harness.control.runs.stopRun({ runId, reason: '' }, ana)
      expect(new Set(await Promise.all(fast))).toEqual(new Set([802]))
      const late: number[] = []
      for (let got = await slow.next(); !got.done; got = await slow.next()) late.push(got.value.sequence)
      expect(late).toEqual(numbers(2, 802))
    }))

  it('ends when the caller leaves, and with a code when the coordinator does', () =>
    withHarness(async (harness) => {
      const { runId } = await harness.submit()
      const leaving = new AbortController()
      const left = harness.control.runs.watchRun({ runId, afterSequence: 1 }, caller('user', 'bob', leaving.signal))
      const next = left[Symbol.asyncIterator]().next()
      leaving.abort()
      expect(await next).toMatchObject({ done: true })
      const drained = harness.control.runs.watchRun({ runId, afterSequence: 1 }, ana)[Symbol.asyncIterator]().next()
      harness.control.drain()
      await expect(drained).rejects.toSatisfy((error) => error instanceof RpcError && error.code === 'PEER_DRAINING')
    }))
})

describe('attending', () => {
  it('gives the runs there are, then each change that matters to the party', () =>
    withHarness(async (harness) => {
      const first = await harness.submit()
      await harness.submit({ parties: ['bank-b', 'bank-c'] })
      const stream = attend(harness.control, 'bank-a')
      expect(await stream.next()).toEqual({ runId: first.runId, phase: 'decide', specJson: first.specJson, detail: '' })
      await expect(harness.control.runs.getStatus({}, ana)).resolves.toMatchObject({ connectedParties: ['bank-a'] })
      const second = await harness.submit({ name: 'second' })
      expect(await stream.next()).toMatchObject({ runId: second.runId, phase: 'decide' })
      for (const { party } of first.parties) await harness.decide(first, party)
      expect(await stream.next()).toMatchObject({ runId: first.runId, phase: 'join' })
      await harness.control.runs.stopRun({ runId: second.runId, reason: 'typo' }, ana)
      expect(await stream.next()).toMatchObject({
        runId: second.runId,
        phase: 'ended',
        detail: 'stopped: stopped by ana: typo',
      })
      harness.aggregator.finish(first.runId, 2)
      expect(await stream.next()).toMatchObject({ runId: first.runId, phase: 'ended', detail: 'finished' })
      stream.leave()
      expect(await stream.next()).toBeUndefined()
      expect(await harness.control.runs.getStatus({}, ana)).toMatchObject({ connectedParties: [] })
    }))

  it('tells a party that comes back what it still has to do, and nothing of what has ended or was declined', () =>
    withHarness(async (harness) => {
      const declined = await harness.submit({
        name: 'declined',
        rounds: { count: 1, quorum: 2, minimumParties: 2, deadlineSeconds: 60 },
      })
      await harness.decide(declined, 'bank-a', false)
      const over = await harness.submit({ name: 'over' })
      await harness.control.runs.stopRun({ runId: over.runId, reason: '' }, ana)
      const running = await harness.running()
      const stream = attend(harness.control, 'bank-a')
      expect(await stream.next()).toMatchObject({ runId: running.runId, phase: 'join' })
      await harness.decide(declined, 'bank-b')
      await harness.decide(declined, 'bank-c')
      await harness.untilState(declined.runId, 'running')
      const last = await harness.submit({ name: 'last' })
      expect(await stream.next()).toMatchObject({ runId: last.runId, phase: 'decide' })
      stream.leave()
    }))

  it('ends the first stream when the party attends a second time', () =>
    withHarness(async (harness) => {
      const first = attend(harness.control, 'bank-a')
      const ended = expect(first.next()).rejects.toSatisfy(
        (error) => error instanceof CoordinatorError && error.code === 'ATTEND_REPLACED',
      )
      const second = attend(harness.control, 'bank-a')
      const run = harness.submit()
      expect(await second.next()).toMatchObject({ phase: 'decide', runId: (await run).runId })
      await ended
      expect(await harness.control.runs.getStatus({}, ana)).toMatchObject({ connectedParties: ['bank-a'] })
    }))

  it('says that the coordinator is going', () =>
    withHarness(async (harness) => {
      const stream = attend(harness.control, 'bank-a')
      const next = stream.next()
      harness.control.drain()
      await expect(next).rejects.toSatisfy((error) => error instanceof RpcError && error.code === 'PEER_DRAINING')
    }))

  it('gives a party that did not listen the present state, once', () =>
    withHarness(async (harness) => {
      const run = await harness.submit()
      const stream = attend(harness.control, 'bank-a')
      await stream.next()
      for (const { party } of run.parties) await harness.decide(run, party)
      await harness.untilState(run.runId, 'running', 'waiting for parties')
      harness.aggregator.finish(run.runId, 2)
      await harness.untilState(run.runId, 'finished')
      expect(await stream.next()).toMatchObject({ phase: 'ended', detail: 'finished' })
      stream.leave()
    }))
})

describe('the parts of the streams', () => {
  it('announces runs by id, once, and says so when they are too many to keep', async () => {
    await using harness = await createHarness()
    const runs = [await harness.submit(), await harness.submit(), await harness.submit()]
    const changes = createChanges(2)
    const subscription = changes.subscribe('any', (run) => run.name === 'credit')
    const signal = new AbortController().signal
    const at = (n: number) => {
      const run = runs[n]
      if (!run) throw new Error('no such run')
      return run
    }
    const announce = (...which: number[]) => {
      for (const n of which) changes.announce(at(n), at(n).state)
    }
    announce(0, 1, 0)
    expect(await subscription.next(signal)).toEqual([runs[0]?.runId, runs[1]?.runId])
    announce(0, 1, 2, 0)
    expect(await subscription.next(signal)).toBe('many')
    announce(2)
    expect(await subscription.next(signal)).toEqual([runs[2]?.runId])
    const waiting = subscription.next(signal)
    announce(1)
    expect(await waiting).toEqual([runs[1]?.runId])
    subscription.close()
  })

  it('tells who waits for another state of that only', async () => {
    await using harness = await createHarness()
    const run = await harness.submit()
    const changes = createChanges()
    const subscription = changes.subscribe('state', () => true)
    const over = new AbortController()
    const waiting = subscription.next(over.signal)
    changes.announce(run, 'proposed')
    changes.announce({ ...run, state: 'accepted' }, 'proposed')
    expect(await waiting).toEqual([run.runId])
    changes.announce({ ...run, state: 'running' }, 'running')
    over.abort()
    expect(await subscription.next(over.signal)).toEqual([])
    changes.announce(run, undefined)
    expect(await subscription.next(new AbortController().signal)).toEqual([run.runId])
    subscription.close()
  })

  it('takes what has arrived as one batch, bounded, and hands it over before the error after it', async () => {
    async function* source(count: number, failure?: Error) {
      for (let n = 1; n <= count; n++) yield n
      if (failure) throw failure
    }
    const got: (readonly number[])[] = []
    for await (const batch of batches(source(10), 4)) got.push(batch)
    expect(got).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ])
    const large: (readonly number[])[] = []
    for await (const batch of batches(source(6), 4, (n) => n === 1 || n === 3)) large.push(batch)
    expect(large).toEqual([[1], [2, 3], [4, 5, 6]])
    const before: (readonly number[])[] = []
    const broken = (async () => {
      for await (const batch of batches(source(2, new Error('broken')), 4)) before.push(batch)
    })()
    await expect(broken).rejects.toThrow('broken')
    expect(before).toEqual([[1, 2]])
  })

  it('does not wait for more when nothing more is there, and lets go of a source that never ends', async () => {
    let give = (_: number): void => undefined
    async function* source() {
      for (;;) yield await new Promise<number>((resolve) => (give = resolve))
    }
    const iterator = batches(source(), 4)
    const first = iterator.next()
    await new Promise(setImmediate)
    give(1)
    expect((await first).value).toEqual([1])
    await iterator.return(undefined)
  })

  it('waits longer each time, within bounds, and never twice the same', () => {
    expect([0, 1, 2, 3].map((attempt) => backOffMs(attempt, 0))).toEqual([125, 250, 500, 1_000])
    expect(backOffMs(0, 0.5)).toBe(187.5)
    expect([10, 1_000].map((attempt) => backOffMs(attempt, 0.999_999))).toEqual([
      expect.closeTo(15_000, 1),
      expect.closeTo(15_000, 1),
    ])
  })
})
