/** Late updates: where the job lets them count, work goes on when a newer task comes, and the newest task is next. */
import { afterEach, describe, expect, test } from 'vitest'
import { needOf, stepOn } from '../../../parties/agent/schedule.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { type Bank, createRun, startBank } from './participant.ts'

const open: Bank[] = []
afterEach(async () => {
  for (const bank of open.splice(0)) await bank.stop()
})

const keep = { rounds: { count: 6, quorum: 2, late: 'keep' } }
const fedbuff = { rounds: { count: 9, quorum: 2 }, strategy: { kind: 'fedbuff', buffer: 2, maximumStaleness: 3 } }

/** Round 1 is being trained, and goes on until `release`. */
async function training(changes: object) {
  const aggregator = new FakeAggregator(await createRun(changes))
  const bank = await startBank(aggregator)
  open.push(bank)
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 0)
  aggregator.close()
  let release: () => void = () => undefined
  bank.hold = new Promise((resolve) => {
    release = resolve
  })
  aggregator.give()
  await bank.trained.first(({ round }) => round === 1)
  return { aggregator, bank, release }
}

/** The round closes without this party, which hears of it with the next task. */
async function pass(aggregator: FakeAggregator, bank: Bank) {
  const { round } = aggregator.close()
  aggregator.give()
  await bank.checked(round)
}

test('late: keep: the work of the round before is finished and counts in this one, which needs no work then', async () => {
  const { aggregator, bank, release } = await training(keep)
  await pass(aggregator, bank)
  aggregator.counts = () => 2
  release()
  const late = await aggregator.received.first(({ round }) => round === 1)
  await bank.kept.first(({ accepted }) => accepted?.round === 2)
  const receipt = aggregator.close()
  expect(receipt.updates.find(({ party }) => party === 'bank-a')).toMatchObject({ base: 1, digest: late.digest })
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 3)
  expect(bank.trained.all.map(({ round }) => round)).toEqual([1, 3])
  expect(bank.state.facts.left).toBeNull()
})

test('late: keep: an update that comes between two rounds goes out again with the next task', async () => {
  const { aggregator, bank, release } = await training(keep)
  aggregator.close()
  aggregator.counts = () => undefined
  release()
  await aggregator.refused.first((round) => round === 1)
  aggregator.counts = (round) => (round === 1 ? 2 : round)
  aggregator.give()
  expect(await aggregator.received.first(({ round }) => round !== 0)).toMatchObject({ round: 1, counted: 2 })
  expect(bank.trained.all.map(({ round }) => round)).toEqual([1])
  expect(aggregator.declined.all).toEqual([])
})

test('late: keep: an update that is not wanted any more gives way to the newest task', async () => {
  const { aggregator, bank, release } = await training(keep)
  await pass(aggregator, bank)
  aggregator.counts = (round) => (round === 1 ? undefined : round)
  release()
  await aggregator.received.first(({ round }) => round === 2)
  expect(bank.trained.all.map(({ round }) => round)).toEqual([1, 2])
})

test('late: keep: two rounds late is too late', async () => {
  const { aggregator, bank } = await training(keep)
  await pass(aggregator, bank)
  bank.hold = Promise.resolve()
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 3)
  expect(aggregator.received.all.map(({ round }) => round)).toEqual([0, 3])
})

test('late: drop: a newer task ends the work on the older one', async () => {
  const { aggregator, bank } = await training({ rounds: { count: 6, quorum: 2 } })
  bank.hold = Promise.resolve()
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 2)
  expect(aggregator.received.all.map(({ round }) => round)).toEqual([0, 2])
})

test('fedbuff: the work goes on for as many rounds as the job allows; those in between are skipped', async () => {
  const { aggregator, bank, release } = await training(fedbuff)
  for (let round = 2; round <= 4; round += 1) await pass(aggregator, bank)
  // In the sum of round 3, whose receipt this party checked already, it cannot be: 4 is the open one.
  aggregator.counts = (round) => (round === 1 ? 4 : round)
  release()
  await bank.kept.first(({ accepted }) => accepted?.round === 4)
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 5)
  expect(bank.trained.all.map(({ round }) => round)).toEqual([1, 5])
  expect(bank.state.facts.left).toBeNull()
})

test('a kept update goes out again after a restart of the agent, late as it is', async () => {
  const { aggregator, bank, release } = await training(keep)
  aggregator.counts = () => undefined
  release()
  await aggregator.refused.first((round) => round === 1)
  await bank.stop()
  const restarted = new FakeAggregator(aggregator.run, aggregator.receipts, aggregator.models)
  restarted.close()
  restarted.counts = (round) => (round === 1 ? 2 : round)
  const again = await startBank(restarted, { directory: bank.directory })
  open.push(again)
  const { update } = again.state
  restarted.give()
  expect(await restarted.received.first(() => true)).toMatchObject({ round: 1, digest: update?.digest })
  expect(again.trained.all).toEqual([])
})

describe('the schedule', () => {
  const train = (round: number) => ({ kind: 'train' as const, round })
  test('a new task', () => {
    expect(stepOn(undefined, train(1), 0)).toBe('start')
    expect(stepOn(train(1), train(1), 0)).toBe('same')
    expect(stepOn(train(1), train(2), 0)).toBe('start')
    expect(stepOn(train(1), train(2), 1)).toBe('hold')
    expect(stepOn(train(1), train(3), 1)).toBe('start')
    expect(stepOn(train(3), train(2), 1)).toBe('start')
    expect(stepOn(train(1), { kind: 'evaluate', round: 2 }, 1)).toBe('start')
    expect(stepOn({ kind: 'statistics', round: 0 }, train(1), 1)).toBe('start')
  })

  test('what it needs', () => {
    const kept = { round: 1, task: 'train' as const, digest: 'd', rows: 1, weightUnit: 1, length: 1 }
    const accepted = { digest: 'd', round: 2, epoch: 'e' }
    expect(needOf(train(2), undefined, null, 'e', 1)).toBe('work')
    expect(needOf(train(1), kept, null, 'e', 0)).toBe('resend')
    expect(needOf(train(2), kept, null, 'e', 0)).toBe('work')
    expect(needOf(train(2), kept, null, 'e', 1)).toBe('resend')
    expect(needOf(train(2), kept, accepted, 'e', 1)).toBe('nothing')
    expect(needOf(train(2), kept, accepted, 'another', 1)).toBe('resend')
    expect(needOf(train(2), kept, { ...accepted, digest: 'x' }, 'e', 1)).toBe('resend')
  })
})
