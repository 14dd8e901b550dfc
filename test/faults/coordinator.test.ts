/**
 * The coordinator is killed with SIGKILL in every state of a run that it takes, and while it takes the model over. Started
 * anew, it goes on: the history has no gap and no repetition, and the ledger has each receipt once.
 */
import { afterAll, beforeAll, test, vi } from 'vitest'
import type { RunEvent } from '../../src/round/index.ts'
import { type Disturbance, Federation, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let federation: Federation
let undisturbed: string

beforeAll(async () => {
  federation = await Federation.start()
  const played = await federation.play(quickSpec())
  undisturbed = modelDigest(played)
  await judgeIdentical(federation, played, undisturbed)
})
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

/** Does something at the first event that is the wanted one. */
const once = (wanted: (event: RunEvent) => boolean, work: () => Promise<unknown>): Disturbance => {
  let done = false
  return (event) => {
    if (done || !wanted(event)) return undefined
    done = true
    return work()
  }
}

const isState = (state: string) => (event: RunEvent) => event.kind === 'state-changed' && event.state === state
const restart = () => federation.program('coordinator').restart()

test('while a run is proposed: a party that is stopped has not answered', async () => {
  const bank = federation.program('bank-b')
  await bank.stop()
  const disturb = once(isState('proposed'), async () => {
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
  const disturb = once(waiting, async () => {
    await restart()
    await aggregator.start()
  })
  await judgeIdentical(federation, await federation.play(quickSpec(), disturb), undisturbed)
})

const moments: [string, (event: RunEvent) => boolean][] = [
  ['when the run begins', isState('running')],
  ['when the statistics were asked for', (event) => event.kind === 'round-opened' && event.round === 0],
  ['when an update of a round was acknowledged', (event) => isDelivery(event, 1)],
  ['when a round was closed', (event) => event.kind === 'round-closed' && event.round === 1],
  ['when the last round was opened', (event) => event.kind === 'round-opened' && event.task === 'evaluate'],
]

const isDelivery = (event: RunEvent, round: number): boolean =>
  event.kind === 'party-changed' && event.activity === 'delivered' && event.round === round

test.each(moments)('%s', async (_, wanted) => {
  await judgeIdentical(federation, await federation.play(quickSpec(), once(wanted, restart)), undisturbed)
})

test.each(['model 0', 'model 1', 'model whole'])('while it takes the model over: %s', async (point) => {
  const coordinator = federation.program('coordinator')
  await coordinator.killAt(point)
  const restarted = coordinator.gone().then(() => coordinator.start())
  const played = await federation.play(quickSpec())
  await restarted
  await judgeIdentical(federation, played, undisturbed)
})
