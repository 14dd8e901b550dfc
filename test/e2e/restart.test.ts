/** Programs that end in the middle of a run and come back: what was acknowledged counts, and the model is the same bit for bit. */
import { describe, expect, test, vi } from 'vitest'
import { toHex } from '../../src/crypto/index.ts'
import type { RunEvent } from '../../src/round/index.ts'
import { createMemoryNetwork } from '../../src/rpc/index.ts'
import { startFederation, type TestFederation } from '../support/federation.ts'
import { loansSpec, writeLoans } from '../support/loans.ts'

vi.setConfig({ testTimeout: 60_000 })

const parties = ['bank-a', 'bank-b', 'bank-c']
const rounds = { count: 4, quorum: 2, minimumParties: 2, deadlineSeconds: 60 }
const strategy = { kind: 'fedadam', learningRate: 0.1, beta1: 0.9, beta2: 0.99, tau: 0.001 }

/** Plays a run, doing something when an event is seen for the first time. @returns model digest and what happened */
async function played(disturb?: (federation: TestFederation, event: RunEvent) => Promise<void> | undefined) {
  await using federation = await startFederation(createMemoryNetwork(), writeLoans(parties))
  const { runId } = await federation.submit(loansSpec(parties, { rounds, strategy }))
  const disturbances: Promise<void>[] = []
  const { run, events } = await federation.follow(runId, (event) => {
    const doing = disturb?.(federation, event)
    if (doing !== undefined) disturbances.push(doing)
  })
  await Promise.all(disturbances)
  const last = events.findLast((event) => event.kind === 'round-closed')
  const digest = last?.kind === 'round-closed' ? toHex(last.modelDigest) : undefined
  return { run, events, digest, disturbed: disturbances.length, log: federation.log }
}

const undisturbed = played()

describe.each(['aggregator', 'coordinator'] as const)('the %s is started anew', (role) => {
  test.each([
    ['while a round is open', (event: RunEvent) => event.kind === 'round-opened' && event.round === 2],
    ['when an update has been acknowledged', (event: RunEvent) => isDelivery(event, 3)],
    ['when a round was closed', (event: RunEvent) => event.kind === 'round-closed' && event.round === 1],
    ['in the statistics round', (event: RunEvent) => event.kind === 'round-opened' && event.round === 0],
  ])('%s', async (_, when) => {
    let done = false
    const { run, events, digest, disturbed, log } = await played((federation, event) => {
      if (done || !when(event)) return undefined
      done = true
      return federation.restart(role)
    })
    expect(disturbed).toBe(1)
    expect(run, log.join('\n')).toMatchObject({ state: 'finished', round: 4 })
    expect(digest).toBe((await undisturbed).digest)
    const epochs = events.flatMap((event) => (event.kind === 'attested' ? [event.epoch] : []))
    expect(new Set(epochs).size).toBe(role === 'aggregator' ? 2 : 1)
    const closed = events.filter((event) => event.kind === 'round-closed')
    expect(closed.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4, 5])
    expect(closed.every(({ contributors }) => contributors.length === 3)).toBe(true)
  })
})

const isDelivery = (event: RunEvent, round: number) =>
  event.kind === 'party-changed' && event.activity === 'delivered' && event.round === round

test('the aggregator is started anew after all parties had left it, and waits for them', async () => {
  let left = 0
  let back = 0
  let done = false
  const leave = async (federation: TestFederation) => {
    await Promise.all([...federation.parties.values()].map((party) => party[Symbol.asyncDispose]()))
    await vi.waitFor(() => expect(left).toBe(3), { timeout: 20_000 })
    await federation.restart('aggregator')
    // One alone, which wakes the run, is not taken for all that there are.
    await federation.startParty('bank-a')
    await vi.waitFor(() => expect(back).toBe(1), { timeout: 20_000 })
    for (const party of ['bank-b', 'bank-c']) await federation.startParty(party)
  }
  const { run, digest, log } = await played((federation, event) => {
    if (event.kind === 'party-changed' && event.activity === 'gone') left += 1
    if (event.kind === 'party-changed' && event.activity === 'joined' && left === 3) back += 1
    if (done || event.kind !== 'round-opened' || event.round !== 2) return undefined
    done = true
    return leave(federation)
  })
  expect(run, log.join('\n')).toMatchObject({ state: 'finished', round: 4 })
  expect(digest).toBe((await undisturbed).digest)
})
