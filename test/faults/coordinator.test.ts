/**
 * The coordinator is killed with SIGKILL in every state of a run that it takes, and while it takes the model over. Started
 * anew, it goes on: the history has no gap and no repetition, and the ledger has each receipt once.
 */
import { afterAll, beforeAll, test, vi } from 'vitest'
import type { RunEvent } from '../../src/round/index.ts'
import { atFirst, Federation, isClosing, isDelivery, isOpening, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let federation: Federation
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start()
  const played = await federation.play(quickSpec())
  undisturbed = modelDigest(played)
  await judgeIdentical(federation, played, undisturbed, 'but the last')
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

const isState = (state: string) => (event: RunEvent) => event.kind === 'state-changed' && event.state === state
const restart = () => federation.program('coordinator').restart()

test('while a run is proposed: a party that is stopped has not answered', async () => {
  const bank = federation.program('bank-b')
  await bank.stop()
  const disturb = atFirst(isState('proposed'), async () => {
    await restart()
    bank.continue()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(), disturb), undisturbed)
})

test('while a run is accepted and waits for the aggregator', async () => {
  const aggregator = federation.program('aggregator')
  await aggregator.kill()
  const waiting = (event: RunEvent) =>
    event.kind === 'state-changed' && event.state === 'accepted' && event.reason.startsWith('waiting')
  const disturb = atFirst(waiting, async () => {
    await restart()
    await aggregator.start()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(), disturb), undisturbed)
})

const moments: [string, (event: RunEvent) => boolean][] = [
  ['when the run begins', isState('running')],
  ['when the statistics were asked for', isOpening(0)],
  ['when an update of a round was acknowledged', isDelivery(1)],
  ['when a round was closed', isClosing(1)],
  ['when the last round was opened', isOpening(3)],
]

test.each(moments)('%s', async (_, wanted) => {
  await judgeIdentical(federation, await federation.play(quickSpec(), atFirst(wanted, restart)), undisturbed)
})

test('while it takes the model over: at its description, its bytes, and its end', async () => {
  const falling = federation.program('coordinator').fall(['model 0', 'model 1', 'model whole'])
  const played = await federation.play(quickSpec())
  await falling
  await judgeIdentical(federation, played, undisturbed, 'but the last')
})
