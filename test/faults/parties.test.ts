/**
 * A party's agent is killed with SIGKILL at everything that it does in a run, over real processes: when a task has come,
 * before and after each thing that it keeps is durable, and at each step of an upload. The quorum is everybody: the run
 * waits for the party, and its model has to be the same bit for bit.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Federation, quickSpec } from './federation.ts'
import { judge, judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 90_000 })

/** Everything that an agent comes to in a run, and which time it is killed there: in the middle, where there is one. */
const steps: Readonly<Record<string, number>> = {
  'task statistics': 1,
  'write run.json before': 2,
  'write run.json after': 2,
  'write update before': 2,
  'write update after': 2,
  'upload header': 2,
  'upload admitted': 2,
  'upload chunk': 2,
  'upload accepted': 2,
  'task train': 2,
  'append receipts before': 2,
  'append receipts after': 2,
  'remove update before': 2,
  'remove update after': 2,
  'task evaluate': 1,
}

/**
 * What comes after the run has ended for everybody. An agent that is started after that is told nothing of it any more:
 * the run is over all the same, and what the party keeps of it stays.
 */
const lastSteps: Readonly<Record<string, number>> = {
  'task ended': 1,
  'remove next before': 1,
  'remove next after': 1,
  'remove vectors before': 1,
  'remove vectors after': 1,
}

const everybody = { quorum: 3 }

let federation: Federation
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start()
  const seen = new Set<string>()
  const off = federation.listen(({ program, point }) => {
    if (program === 'bank-b') seen.add(point)
  })
  const played = await federation.play(quickSpec(everybody))
  off()
  expect([...seen].sort(), 'an agent does something that is not in the table').toEqual(
    Object.keys({ ...steps, ...lastSteps }).sort(),
  )
  undisturbed = modelDigest(played)
  await judgeIdentical(federation, played, undisturbed)
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

test.each(Object.entries(steps))('killed at "%s"', async (step, nth) => {
  const bank = federation.program('bank-b')
  const falling = bank.fall([step], nth)
  const played = await federation.play(quickSpec(everybody))
  await falling
  await judgeIdentical(federation, played, undisturbed)
})

test('killed at each thing that it does after the end: the run is finished', { timeout: 180_000 }, async () => {
  const bank = federation.program('bank-b')
  for (const step of Object.keys(lastSteps)) {
    await bank.killAt(step)
    const played = await federation.play(quickSpec(everybody), undefined, ['bank-a', 'bank-c'])
    await bank.gone()
    await judgeIdentical(federation, played, undisturbed)
    await bank.start()
  }
})

test('killed and not started again: the quorum of the others finishes the run', async () => {
  const bank = federation.program('bank-b')
  await bank.killAt('task train', 1)
  const played = await federation.play(quickSpec(), undefined, ['bank-a', 'bank-c'])
  await bank.gone()
  await judge(federation, played)
  expect(played.events).toContainEqual(expect.objectContaining({ party: 'bank-b', activity: 'gone' }))
  await bank.start()
})
