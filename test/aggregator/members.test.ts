import { setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { Members, type TaskNow } from '../../src/aggregator/members.ts'

const none = new Uint8Array(0)
const joining = { rows: 10, checkpoint: none }
const { signal } = new AbortController()
setMaxListeners(0, signal)

function createMembers(parties: readonly string[]) {
  const run = { receipts: 0 }
  const members = new Members({
    parties,
    known: new Map(parties.map((party) => [party, 10])),
    now: () => 0,
    common: () => ({ receipts: run.receipts, runKey: none }),
    enter: async () => undefined,
    moved: () => undefined,
  })
  return { members, run }
}

const evaluate = (round: number): TaskNow => {
  const standardisation = { mean: [], deviation: [] }
  const place = { runId: 'a'.repeat(32), round, weightUnit: 10, deadlineMs: 1000 }
  return { ...place, kind: 'evaluate', modelDigest: none, standardisation }
}

test('whoever comes while the next round is being opened gets the task of the last one, with its receipts', async () => {
  const { members, run } = createMembers(['alpha', 'beta'])
  run.receipts = 4
  await members.assign(evaluate(4), ['alpha', 'beta'])
  // Round 4 has been committed, and round 5 is not open yet.
  run.receipts = 5
  const tasks = members.join('alpha', joining, signal)
  expect((await tasks.next()).value).toMatchObject({ round: 4, receipts: 4 })
  const next = tasks.next()
  await members.assign(evaluate(5), ['alpha', 'beta'])
  expect((await next).value).toMatchObject({ round: 5, receipts: 5 })
})

test('a party that joins again and again with other checkpoints takes the place of its own only', async () => {
  const { members } = createMembers(['alpha', 'beta', 'gamma'])
  const join = (party: string, checkpoint: string) =>
    members.join(party, { rows: 10, checkpoint: new TextEncoder().encode(checkpoint) }, signal).next()
  void join('alpha', 'of alpha')
  for (let i = 1; i <= 40; i++) void join('beta', `of beta ${i}`)
  const given = join('gamma', 'of gamma')
  await members.assign(evaluate(1), ['gamma'])
  const { checkpoints } = (await given).value
  const texts = checkpoints.map((each: Uint8Array) => new TextDecoder().decode(each))
  expect(texts.sort()).toEqual(['of alpha', 'of beta 40'])
})

test('a task reaches every one of many streams, and a replaced stream ends', async () => {
  const parties = Array.from({ length: 100 }, (_, i) => `party-${i}`)
  const { members } = createMembers(parties)
  const first = members.join('party-0', joining, signal).next()
  const streams = parties.map((party) => members.join(party, joining, signal))
  const given = streams.map((stream) => stream.next())
  expect(await first).toMatchObject({ done: true })
  await members.assign(evaluate(1), parties)
  for (const task of await Promise.all(given)) expect(task.value).toMatchObject({ round: 1 })
})
