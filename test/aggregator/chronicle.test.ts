/** The order in which things are written down and shown, when they happen at the same time and when the disk fails. */
import { describe, expect, test } from 'vitest'
import { Chronicle } from '../../src/aggregator/chronicle.ts'
import type { Journal } from '../../src/aggregator/durable/index.ts'
import { GrowingHistory, type RunRecord } from '../../src/round/index.ts'
import { deferred } from '../faults/program.ts'

const party = (name: string) =>
  ({ kind: 'party-changed', party: name, activity: 'joined', round: 0, detail: '' }) as const
const closed: Parameters<Chronicle['commit']>[3] = {
  ...{ kind: 'round-closed', task: 'statistics' },
  ...{ round: 0, contributors: ['a', 'b'], missing: [], metrics: {} },
  ...{ trainingLoss: 0, modelDigest: new Uint8Array(32), gatherMs: 1, sumMs: 1, stepMs: 1, receipt: new Uint8Array(8) },
}
const digest = '0d'.repeat(32)

/** A chronicle of a run whose round 0 is about to be committed, on a disk that does what it is told. */
async function chronicle(commit: () => Promise<void>, append: () => Promise<void> = async () => undefined) {
  const failures: unknown[] = []
  const journal: Journal = {
    append,
    commit,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
  const failed = (error: unknown) => failures.push(error)
  const made = new Chronicle({ journal, history: new GrowingHistory(() => undefined), after: 0, now: () => 5, failed })
  const common = { round: 0, weight: 10, digest, staleness: 0 }
  const records: RunRecord[] = [
    { kind: 'epoch', epoch: '0e'.repeat(16), receiptKey: '5a'.repeat(44) },
    ...['a', 'b'].map((name): RunRecord => ({ kind: 'member', party: name, rows: 10 })),
    { kind: 'opened', round: 0, task: 'statistics', cohort: ['a', 'b'], weightUnit: 20, deadlineMs: 9 },
    ...['a', 'b'].map((name): RunRecord => ({ kind: 'received', party: name, ...common })),
    { kind: 'closed', round: 0, contributors: ['a', 'b'] },
  ]
  for (const record of records) await made.write(record)
  return { made, failures }
}

const shown = async (made: Chronicle) => {
  const seen: string[] = []
  const all = made.events.watch(0, new AbortController().signal)
  for await (const event of all) seen.push(`${event.sequence} ${event.kind}`)
  return seen
}

describe('while a round is being committed', () => {
  test('a party may come: it is told of after the round', async () => {
    const disk = deferred()
    const { made } = await chronicle(() => disk.promise)
    made.emit(party('a'))
    const committing = made.commit(0, new Uint8Array(1), digest, closed)
    made.emit(party('b'))
    made.emit(party('c'))
    disk.resolve()
    await committing
    await made.end({ state: 'finished', reason: '' })
    const order = ['1 party-changed', '2 round-closed', '3 party-changed', '4 party-changed', '5 state-changed']
    expect(await shown(made)).toEqual(order)
  })

  test('the disk may fail: the round is not told of, and everything else is, without a gap', async () => {
    const disk = deferred()
    const failure = new Error('the disk is full')
    const { made, failures } = await chronicle(() => disk.promise)
    const committing = made.commit(0, new Uint8Array(1), digest, closed)
    made.emit(party('b'))
    disk.reject(failure)
    await expect(committing).rejects.toBe(failure)
    await made.end({ state: 'abandoned', reason: 'the disk' })
    expect(failures).toEqual([failure])
    expect(await shown(made)).toEqual(['1 party-changed', '2 state-changed'])
  })
})

test('an event that the disk refuses is shown before one that comes after the failure', async () => {
  const failure = new Error('the disk is full')
  let work = async (): Promise<void> => undefined
  const { made } = await chronicle(
    async () => undefined,
    () => work(),
  )
  const disk = deferred()
  work = () => disk.promise
  made.emit(party('a'))
  made.emit(party('b'))
  disk.reject(failure)
  await disk.promise.catch(() => made.emit(party('c')))
  await made.end({ state: 'abandoned', reason: 'the disk' })
  expect((await shown(made)).map((each) => each.split(' ')[0])).toEqual(['1', '2', '3', '4'])
})
