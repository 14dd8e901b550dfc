/**
 * The aggregator is killed with SIGKILL at every step of a run, over real processes: before the record of the step is
 * durable, with half of it on the disk, and after. The steps are those of the run's log (round/steps.ts).
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { roundSteps } from '../../src/round/steps.ts'
import { Federation, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 90_000 })

/** Which of the records of each kind in a run: one in its middle; of members also the first, when nobody has the run's key. */
const places: Readonly<Record<(typeof roundSteps)[number], readonly number[]>> = {
  epoch: [1],
  event: [3],
  member: [1, 3],
  opened: [2],
  received: [5],
  closed: [2],
  committed: [3],
  ended: [1],
}
/** One after the other in one run: a program that has fallen once falls again over what it had begun to do. */
const moments = ['before', 'half', 'after'] as const

const table = roundSteps.flatMap((step) => places[step].map((nth) => ({ step, nth })))

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

test.each(table)(
  'killed at $step number $nth: before it is durable, half-written, and after',
  async ({ step, nth }) => {
    const aggregator = federation.program('aggregator')
    const falling = aggregator.fall(
      moments.map((moment) => `${step} ${moment}`),
      nth,
    )
    const played = await federation.play(quickSpec())
    await falling
    await judgeIdentical(federation, played, undisturbed)
  },
)
