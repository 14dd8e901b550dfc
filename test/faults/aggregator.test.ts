/**
 * The aggregator is killed with SIGKILL at every step of a run, over real processes: before the record of the step is
 * durable, with half of it on the disk, and after. The steps are those of the run's log (round/steps.ts).
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { roundSteps } from '../../src/round/steps.ts'
import { Federation, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

/** Which of the records of each kind in a run: some in its middle, where it has so many. */
const places: Readonly<Record<(typeof roundSteps)[number], readonly number[]>> = {
  epoch: [1],
  event: [1, 3],
  member: [1, 3],
  opened: [1, 2],
  received: [1, 5],
  closed: [1, 3],
  committed: [1, 2, 4],
  ended: [1],
}
const moments = ['before', 'half', 'after'] as const

const table = roundSteps.flatMap((step) =>
  places[step].flatMap((nth) => moments.map((moment) => ({ step, nth, moment }))),
)

let federation: Federation
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start()
  const seen = new Set<string>()
  const off = federation.listen(({ program, point }) => {
    if (program === 'aggregator') seen.add(point.replace(/ .*/, ''))
  })
  const played = await federation.play(quickSpec())
  off()
  // A step that no run takes would be covered in appearance only.
  expect([...seen].sort()).toEqual([...roundSteps].sort())
  undisturbed = modelDigest(played)
  await judgeIdentical(federation, played, undisturbed)
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

test('each step of the log is in the table', () => {
  expect(Object.keys(places).sort()).toEqual([...roundSteps].sort())
})

test.each(table)('killed at $step number $nth: $moment', async ({ step, nth, moment }) => {
  const aggregator = federation.program('aggregator')
  await aggregator.killAt(`${step} ${moment}`, nth)
  const restarted = aggregator.gone().then(() => aggregator.start())
  const played = await federation.play(quickSpec())
  await restarted
  await judgeIdentical(federation, played, undisturbed)
})
