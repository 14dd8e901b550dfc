import { describe, expect, test, vi } from 'vitest'
import { openState } from '../../src/aggregator/durable/index.ts'
import { AggregatorError } from '../../src/aggregator/index.ts'
import { Receipts } from '../../src/aggregator/receipts.ts'
import { toHex } from '../../src/crypto/index.ts'
import type { RunEvent } from '../../src/round/index.ts'
import type { CollectedModel, Task } from '../../src/rpc/index.ts'
import { type Bench, createBench, nextTask, runId, takePart, upload } from './bench.ts'
import { ModelDisk } from './durable/model-disk.ts'

const parties = ['bank-a', 'bank-b', 'bank-c']
const closed = (events: readonly RunEvent[]) => events.filter((event) => event.kind === 'round-closed')

/** When the party is a member. */
async function arrival(bench: Bench, party: string): Promise<void> {
  const call = bench.as('coordinator', 'main')
  for await (const event of bench.aggregation.watchAggregation({ runId, afterSequence: 0 }, call)) {
    if (event.kind === 'party-changed' && event.party === party) return
  }
}

const ending = (events: readonly RunEvent[]) => events.at(-1)

test('a run goes through statistics, training and evaluation, and its model can be collected', async () => {
  const bench = createBench()
  await bench.start()
  await Promise.all(['bank-a', 'bank-b', 'bank-c'].map((party) => takePart(bench, party)))
  const events = await bench.events()
  expect(closed(events).map(({ round, task }) => `${round} ${task}`)).toEqual([
    '0 statistics',
    '1 train',
    '2 train',
    '3 evaluate',
  ])
  expect(closed(events).every(({ contributors }) => contributors.length === 3)).toBe(true)
  expect(ending(events)).toMatchObject({ kind: 'state-changed', state: 'finished' })
  expect(events[0]).toMatchObject({ kind: 'attested', tee: 'simulated bench' })
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1))
  const parts: CollectedModel[] = []
  for await (const part of bench.aggregation.collectModel({ runId }, bench.as('coordinator', 'main'))) parts.push(part)
  expect(parts[0]).toMatchObject({ kind: 'header', parameters: 2 })
  const last = closed(events).at(-1)
  if (parts[0]?.kind === 'header' && last) expect(toHex(parts[0].digest)).toBe(toHex(last.modelDigest))
})

test('the sum is the same bit for bit whatever the order of arrival', async () => {
  const digests = new Set<string>()
  for (const order of [
    ['bank-a', 'bank-b', 'bank-c'],
    ['bank-c', 'bank-a', 'bank-b'],
  ]) {
    const bench = createBench()
    await bench.start()
    const streams = ['bank-a', 'bank-b', 'bank-c'].map((party, i) => bench.join(party, 10 + i))
    const next = () => Promise.all(streams.map((stream) => nextTask(stream)))
    for (let tasks = await next(); tasks[0]?.kind !== 'ended'; ) {
      for (const party of order) {
        const rows = 10 + ['bank-a', 'bank-b', 'bank-c'].indexOf(party)
        const task = tasks[0]
        if (task)
          await bench.submit(party, upload(task, bench.update(task, { rows, delta: 0.1 * rows }), { weight: rows }))
      }
      tasks = await next()
    }
    digests.add(
      closed(await bench.events())
        .map(({ modelDigest }) => toHex(modelDigest))
        .join(),
    )
  }
  expect(digests.size).toBe(1)
})

describe('a party that goes away', () => {
  test('in a round does not hold the others: the quorum of two finishes the run, and it is said who is gone', async () => {
    const bench = createBench()
    await bench.start()
    const leaving = takePart(bench, 'bank-b', async (task) => (task.kind === 'train' ? 'leave' : submit(task)))
    const submit = async (task: Parameters<typeof bench.update>[0]) => {
      await bench.submit('bank-b', upload(task, bench.update(task)))
      return undefined
    }
    await Promise.all([takePart(bench, 'bank-a'), takePart(bench, 'bank-c'), leaving])
    const events = await bench.events()
    expect(ending(events)).toMatchObject({ state: 'finished' })
    expect(closed(events)[1]).toMatchObject({ contributors: ['bank-a', 'bank-c'], missing: ['bank-b'] })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'party-changed', party: 'bank-b', activity: 'gone' }))
  })

  test('and comes back gets the task of the present round', async () => {
    const bench = createBench({ rounds: { count: 2, quorum: 3, minimumParties: 2, deadlineSeconds: 30 } })
    await bench.start()
    const returning = (async () => {
      const first = bench.join('bank-b')
      await nextTask(first)
      await first.return?.()
      await takePart(bench, 'bank-b')
    })()
    await Promise.all([takePart(bench, 'bank-a'), takePart(bench, 'bank-c'), returning])
    const events = await bench.events()
    expect(closed(events).every(({ missing }) => missing.length === 0)).toBe(true)
    expect(ending(events)).toMatchObject({ state: 'finished' })
  })

  test('comes and goes all the time does not flood the history', async () => {
    const bench = createBench()
    await bench.start()
    for (let i = 0; i < 100; i++) {
      const leaving = new AbortController()
      const stream = bench.join('bank-b', 10, leaving.signal)
      const task = stream.next()
      leaving.abort()
      await task
    }
    await bench.runs.close('the test is over')
    const told = (await bench.events()).filter((event) => event.kind === 'party-changed')
    expect(told.length).toBe(20)
  })

  test('a second stream of the same party ends the first', async () => {
    const bench = createBench()
    await bench.start()
    const first = bench.join('bank-a')
    const ended = first.next()
    const second = bench.join('bank-a')
    const task = second.next()
    expect(await ended).toMatchObject({ done: true })
    await Promise.all([takePart(bench, 'bank-b'), takePart(bench, 'bank-c'), task, second.return?.()])
  })
})

test('one party that lies in its statistics is refused by name, and the others finish', async () => {
  const bench = createBench()
  await bench.start()
  const lie = async (task: Task) => {
    const bytes = bench.update(task).slice()
    // Squares without values: no rows can have these sums.
    if (task.kind === 'statistics') new DataView(bytes.buffer).setInt32(bytes.length - 4, 2 ** 30, true)
    const answer = bench.submit('bank-c', upload(task, bytes))
    if (task.kind !== 'statistics') await answer
    else await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'LEARNING_TOTALS_INVALID' }))
    return undefined
  }
  await Promise.all([takePart(bench, 'bank-a'), takePart(bench, 'bank-b'), takePart(bench, 'bank-c', lie)])
  const events = await bench.events()
  const refused = { party: 'bank-c', activity: 'refused', detail: 'LEARNING_TOTALS_INVALID' }
  expect(events).toContainEqual(expect.objectContaining(refused))
  expect(closed(events)[0]).toMatchObject({ contributors: ['bank-a', 'bank-b'], missing: ['bank-c'] })
  expect(ending(events)).toMatchObject({ state: 'finished' })
})

test('a large bank that joins late takes part from the next round on, with its share', async () => {
  const bench = createBench({ rounds: { count: 3, quorum: 2, minimumParties: 2, deadlineSeconds: 1 } })
  await bench.start()
  const large = 100_000
  let late: Promise<void> | undefined
  const joinLate = async () => {
    const stream = bench.join('bank-c', large)
    for (let task = await nextTask(stream); task.kind !== 'ended'; task = await nextTask(stream)) {
      expect(task.weightUnit).toBe(large + 20)
      const bytes = bench.update(task, { rows: large })
      await bench.submit('bank-c', upload(task, bytes, { weight: large }))
    }
  }
  const first = async (task: Task) => {
    if (task.kind === 'train' && task.round === 1) late = joinLate()
    await bench.submit('bank-a', upload(task, bench.update(task)))
    return undefined
  }
  await Promise.all([takePart(bench, 'bank-a', first), takePart(bench, 'bank-b')])
  await late
  const contributors = closed(await bench.events()).map((round) => round.contributors.length)
  expect(contributors).toEqual([2, 2, 3, 3, 3])
})

test('a party that declined and reconnected is not waited for', async () => {
  const bench = createBench()
  await bench.start()
  const declining = (async () => {
    const stream = bench.join('bank-c')
    const { round } = await nextTask(stream)
    await bench.rounds.declineTask({ runId, round, code: 'AGENT_FAILED' }, bench.as('party', 'bank-c'))
    await stream.return?.()
    const again = bench.join('bank-c')
    for (let task = await nextTask(again); task.kind !== 'ended'; task = await nextTask(again)) {
      if (task.round !== round) await bench.submit('bank-c', upload(task, bench.update(task)))
    }
  })()
  const withoutC = closed(
    (await Promise.all([bench.events(), takePart(bench, 'bank-a'), takePart(bench, 'bank-b')]))[0],
  )
  expect(withoutC[0]).toMatchObject({ task: 'statistics', missing: ['bank-c'] })
  expect(withoutC[0]?.gatherMs).toBeLessThan(5_000)
  await bench.runs.close('the test is over')
  await declining
})

test('a run that is stopped while its last update is being added releases nothing more', async () => {
  const bench = createBench()
  await bench.start()
  const stop = async (task: Task) => {
    const sent = bench.submit('bank-c', upload(task, bench.update(task)))
    if (task.kind === 'train') {
      await bench.runs.stop(runId, 'enough')
      await sent.catch((error: unknown) => expect(error).toMatchObject({ code: 'ROUND_CLOSED' }))
    } else await sent
    return undefined
  }
  await Promise.all(
    [takePart(bench, 'bank-a'), takePart(bench, 'bank-b'), takePart(bench, 'bank-c', stop)].map((each) =>
      each.catch(() => undefined),
    ),
  )
  const events = await bench.events()
  expect(closed(events).map(({ task }) => task)).toEqual(['statistics'])
  expect(ending(events)).toMatchObject({ state: 'stopped', reason: 'enough' })
})

describe('a run ends', () => {
  const soon = { rounds: { count: 1, quorum: 2, minimumParties: 2, deadlineSeconds: 1 } }

  test('abandoned when too few parties join by the deadline', async () => {
    const bench = createBench(soon)
    await bench.start()
    const alone = bench.join('bank-a')
    expect(await nextTask(alone)).toMatchObject({ kind: 'ended', state: 'abandoned' })
    expect(ending(await bench.events())).toMatchObject({
      state: 'abandoned',
      reason: '1 of 2 parties joined within 1 s; absent, or refusing this aggregator: bank-b, bank-c',
    })
  })

  test('abandoned when a round misses its quorum at the deadline', async () => {
    const bench = createBench(soon)
    await bench.start()
    const idle = async () => undefined
    await Promise.all([takePart(bench, 'bank-a'), takePart(bench, 'bank-b', idle), takePart(bench, 'bank-c', idle)])
    expect(ending(await bench.events())).toMatchObject({
      state: 'abandoned',
      reason: 'round 0 had 1 of 2 updates at its deadline; missing: bank-b (late), bank-c (late)',
    })
  })

  test('abandoned at once when the parties decline', async () => {
    const bench = createBench()
    await bench.start()
    const decline = (party: string) => async (task: { round: number }) => {
      await bench.rounds.declineTask({ runId, round: task.round, code: 'TRAINER_DIVERGED' }, bench.as('party', party))
      return undefined
    }
    await Promise.all(['bank-a', 'bank-b', 'bank-c'].map((party) => takePart(bench, party, decline(party))))
    const events = await bench.events()
    expect(events).toContainEqual(
      expect.objectContaining({ party: 'bank-a', activity: 'refused', detail: 'TRAINER_DIVERGED' }),
    )
    expect(ending(events)).toMatchObject({ state: 'abandoned' })
  })

  test('abandoned when the sum cannot become a model, with the code of what is wrong', async () => {
    const failing = createBench()
    await failing.start()
    vi.spyOn(Receipts.prototype, 'seal').mockImplementationOnce(() => {
      throw new TypeError('a bug')
    })
    await Promise.all(parties.map((party) => takePart(failing, party)))
    const worker = expect.stringContaining('AGGREGATION_WORKER')
    expect(ending(await failing.events())).toMatchObject({ state: 'abandoned', reason: worker })
  })

  test('and tells so whoever comes for the first time after that', async () => {
    const bench = createBench()
    await bench.start()
    void bench.join('bank-a').next()
    await arrival(bench, 'bank-a')
    await bench.runs.stop(runId, 'enough')
    await bench.events()
    for (const party of ['bank-b', 'bank-a', 'bank-b']) {
      expect(await nextTask(bench.join(party))).toMatchObject({ kind: 'ended', state: 'stopped', reason: 'enough' })
    }
  })

  test('stopped by the coordinator, while parties gather and while a round is open', async () => {
    const gathering = createBench()
    await gathering.start()
    await gathering.aggregation.stopAggregation({ runId, reason: 'enough' }, gathering.as('coordinator', 'main'))
    expect(ending(await gathering.events())).toMatchObject({ state: 'stopped', reason: 'enough' })

    const playing = createBench()
    await playing.start()
    const streams = ['bank-a', 'bank-b', 'bank-c'].map((party) => playing.join(party))
    await Promise.all(streams.map((stream) => nextTask(stream)))
    await playing.aggregation.stopAggregation({ runId, reason: 'enough' }, playing.as('coordinator', 'main'))
    expect(ending(await playing.events())).toMatchObject({ state: 'stopped', reason: 'enough' })
  })
})

describe('the aggregator refuses', () => {
  const refusal = (code: string) => expect.objectContaining({ code })

  test('a run it does not hold', async () => {
    const bench = createBench()
    const call = bench.as('coordinator', 'main')
    await expect(bench.aggregation.stopAggregation({ runId, reason: '' }, call)).rejects.toThrow(AggregatorError)
    await expect(bench.aggregation.stopAggregation({ runId, reason: '' }, call)).rejects.toThrow(
      refusal('AGGREGATION_UNKNOWN_RUN'),
    )
  })

  test('the same run with other parties, and takes the same again', async () => {
    const bench = createBench()
    await bench.start()
    await bench.start()
    await expect(bench.start(['bank-a', 'bank-b'])).rejects.toThrow(refusal('AGGREGATION_CONFLICT'))
  })

  test('at once what it would refuse later, and starts the same run once', async () => {
    const bench = createBench({}, false, await openState('/state', new ModelDisk()))
    const start = (id: string, parties = bench.spec.parties) =>
      bench.aggregation.startRun({ runId: id, specJson: bench.specJson, parties }, bench.as('coordinator', 'main'))
    const [first, same, other] = await Promise.allSettled([start(runId), start(runId), start(runId, ['bank-a'])])
    expect([first, same]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
    expect(other).toMatchObject({ reason: expect.any(AggregatorError) })
    expect(other).toMatchObject({ reason: refusal('AGGREGATION_CONFLICT') })
    await start(runId)
    expect(bench.runs.active).toBe(1)
    const more = await Promise.allSettled(['1', '2', '3'].map((digit) => start(digit.repeat(32))))
    expect(more[2]).toMatchObject({ reason: expect.any(AggregatorError) })
    expect(more[2]).toMatchObject({ reason: refusal('AGGREGATION_FULL') })
    expect(bench.runs.active).toBe(3)
  })

  test('summation plain, unless started for a benchmark', async () => {
    await expect(createBench({ summation: 'plain' }).start()).rejects.toThrow(refusal('AGGREGATION_PLAIN'))
    await createBench({ summation: 'plain' }, true).start()
  })

  test('more active runs than it has room for', async () => {
    const bench = createBench()
    const call = bench.as('coordinator', 'main')
    const start = (i: number) => {
      const id = i.toString(16).padStart(32, '0')
      return bench.aggregation.startRun({ runId: id, specJson: bench.specJson, parties: bench.spec.parties }, call)
    }
    for (let i = 0; i < 3; i++) await start(i)
    await expect(start(3)).rejects.toThrow(refusal('AGGREGATION_FULL'))
    expect(await bench.aggregation.getAggregationStatus({}, call)).toEqual({ activeRuns: 3 })
    await bench.runs.close('the test is over')
    await start(3)
  })

  test('a party outside the run, with another job, or with other rows than before', async () => {
    const bench = createBench()
    await expect(bench.start(['bank-a', 'bank-x'])).rejects.toThrow(refusal('AGGREGATION_STRANGER'))
    await bench.start()
    await expect(bench.join('bank-x').next()).rejects.toThrow(refusal('AGGREGATION_STRANGER'))
    const none = new Uint8Array(0)
    const other = { runId, jobDigest: new Uint8Array(32), rows: 10, runKey: none, checkpoint: none }
    const joining = bench.rounds.join(other, bench.as('party', 'bank-a'))[Symbol.asyncIterator]()
    await expect(joining.next()).rejects.toThrow(refusal('AGGREGATION_OTHER_JOB'))
    const stream = bench.join('bank-a', 10)
    void stream.next()
    await expect(bench.join('bank-a', 11).next()).rejects.toThrow(refusal('AGGREGATION_ROWS'))
  })

  test('parameters that are not of the current round, and a model before the end', async () => {
    const bench = createBench()
    await bench.start()
    const request = { runId, modelDigest: new Uint8Array(32), offset: 0 }
    void bench.join('bank-a').next()
    await arrival(bench, 'bank-a')
    const fetch = bench.rounds.fetchParameters(request, bench.as('party', 'bank-a'))[Symbol.asyncIterator]()
    await expect(fetch.next()).rejects.toThrow(refusal('AGGREGATION_UNKNOWN_MODEL'))
    const collect = bench.aggregation.collectModel({ runId }, bench.as('coordinator', 'main'))[Symbol.asyncIterator]()
    await expect(collect.next()).rejects.toThrow(refusal('AGGREGATION_NO_MODEL'))
  })

  test('events that do not exist', async () => {
    const bench = createBench()
    await bench.start()
    const watch = bench.aggregation.watchAggregation({ runId, afterSequence: 99 }, bench.as('coordinator', 'main'))
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toThrow(refusal('AGGREGATION_EVENTS_GONE'))
  })
})
