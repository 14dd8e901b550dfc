/**
 * Programs that stand still (SIGSTOP) in the middle of a round, and clocks that jump. Who stands still holds nobody beyond
 * the deadline, and goes on where it was; a clock changes nothing but what is shown of it.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { atFirst, Federation, isClosing, isDelivery, isOpening, quickSpec } from './federation.ts'
import { closedRounds, judge, judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let federation: Federation
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start()
  undisturbed = modelDigest(await federation.play(quickSpec()))
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

const everybody = { quorum: 3 }

test('a party that never goes on: the others have their deadline, and killed and started anew it takes part again', async () => {
  const bank = federation.program('bank-b')
  const spec = quickSpec({ count: 1, deadlineSeconds: 5 })
  const stopping = atFirst(isOpening(1), () => bank.stop())
  const played = await federation.play(spec, stopping, ['bank-a', 'bank-c'])
  await judge(federation, played)
  const last = closedRounds(played).at(-1)
  expect(last).toMatchObject({ contributors: ['bank-a', 'bank-c'], missing: ['bank-b'] })
  expect(played.events).toContainEqual(expect.objectContaining({ party: 'bank-b', activity: 'late' }))
  await bank.restart()
  await judgeIdentical(federation, await federation.play(quickSpec()), undisturbed)
})

test('a party that goes on in the same round counts', async () => {
  const bank = federation.program('bank-b')
  const played = await federation.play(quickSpec(everybody), (event) => {
    if (isClosing(0)(event)) return bank.stop()
    return isDelivery(1)(event) && event.kind === 'party-changed' && event.party === 'bank-a'
      ? Promise.resolve(bank.continue())
      : undefined
  })
  await judgeIdentical(federation, played, undisturbed)
})

test('an aggregator that goes on after the coordinator has missed it', async () => {
  const aggregator = federation.program('aggregator')
  const { runs, soon } = federation.session
  const disturb = atFirst(isDelivery(1), async () => {
    await aggregator.stop()
    expect(await runs.getStatus({}, soon)).toMatchObject({ aggregatorReachable: false })
    aggregator.continue()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(everybody), disturb), undisturbed)
})

test('a coordinator that goes on when the rounds are over', async () => {
  const coordinator = federation.program('coordinator')
  const disturb = atFirst(isOpening(1), async () => {
    const evaluating = federation.until(({ point }) => point === 'task evaluate')
    await coordinator.stop()
    await evaluating
    coordinator.continue()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(everybody), disturb), undisturbed)
})

test.each(['aggregator', 'coordinator', 'bank-b'] as const)('%s is killed while it stands still', async (role) => {
  const program = federation.program(role)
  const disturb = atFirst(isDelivery(1), async () => {
    await program.stop()
    await program.restart()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(everybody), disturb), undisturbed)
})

const HOUR_MS = 3_600_000

test.each(['aggregator', 'coordinator', 'bank-b'] as const)(
  'the clock of %s jumps by hours, forth and back',
  async (role) => {
    const program = federation.program(role)
    const set = (hours: number) => program.order({ kind: 'clock', offsetMs: federation.offsetMs + hours * HOUR_MS })
    const played = await federation.play(quickSpec(everybody), (event) => {
      if (isOpening(1)(event)) return set(5)
      if (isOpening(2)(event)) return set(-5)
      return isOpening(3)(event) ? set(0) : undefined
    })
    await set(0)
    await judgeIdentical(federation, played, undisturbed)
  },
)
