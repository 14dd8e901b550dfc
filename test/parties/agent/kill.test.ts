/**
 * An agent that is killed at any point: whatever was on the disk by then is enough to go on, and the aggregator never gets
 * two different updates for one round. The trainer never gives the same twice, so a second training would show.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { disk as realDisk, type Disk } from '../../../parties/state/index.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { type Bank, createRun, startBank } from './participant.ts'

type Moment = 'before' | 'after'

/** Stops everything at the n-th change of the disk, just before or just after it: what comes later does not happen. */
function mortal(at: number, moment: Moment, killed: () => void): Disk {
  let changes = 0
  const change =
    <A extends unknown[]>(work: (...args: A) => Promise<void>) =>
    async (...args: A): Promise<void> => {
      changes += 1
      if (changes === at && moment === 'after') await work(...args)
      if (changes >= at) {
        killed()
        throw new Error('killed')
      }
      await work(...args)
    }
  return {
    ...realDisk,
    makeDirectory: change(realDisk.makeDirectory),
    write: change(realDisk.write),
    append: change(realDisk.append),
    rename: change(realDisk.rename),
    remove: change(realDisk.remove),
  }
}

/** Plays until the end, or until the agent dies. A round closes when the party knows that its update is in the sum. */
async function play(aggregator: FakeAggregator, bank: Bank): Promise<void> {
  const { count } = aggregator.run.spec.rounds
  for (let round = aggregator.receipts.length; round <= count + 1; round += 1) {
    aggregator.give()
    await bank.kept.first(() => bank.state.facts.accepted?.round === round)
    aggregator.close()
  }
  aggregator.end()
  await bank.over
}

/**
 * Two lives of an agent on one directory; the first ends at a change of the disk. Meanwhile the aggregator restarts too,
 * so that what it had been sent for the open round is lost.
 */
async function lives(at: number, moment: Moment, changes: object) {
  const run = await createRun(changes)
  const directory = mkdtempSync(join(tmpdir(), 'coffer-kill-'))
  const aggregator = new FakeAggregator(run)
  let die: () => void = () => undefined
  const death = new Promise<'killed'>((resolve) => {
    die = () => resolve('killed')
  })
  // Its process is gone with it: nothing that it still says arrives.
  let alive = true
  const disk = mortal(at, moment, () => {
    alive = false
    die()
  })
  const first = await startBank(aggregator, { directory, disk, isAlive: () => alive }).catch(() => undefined)
  const played = first ? play(aggregator, first).then(() => 'over' as const) : death
  const outcome = await Promise.race([death, played])
  await first?.stop()
  const restarted = new FakeAggregator(run, aggregator.receipts, aggregator.models)
  const second = await startBank(restarted, { directory })
  if (outcome === 'killed' && !second.state.facts.ended) await play(restarted, second)
  await second.stop()
  return { received: [...aggregator.received.all, ...restarted.received.all], outcome, state: second.state }
}

describe.each([
  ['fedavg', {}],
  ['scaffold', { strategy: { kind: 'scaffold' }, training: { optimizer: 'sgd', learningRate: 0.05 } }],
  ['top-k', { compression: { kind: 'top-k', share: 0.4 } }],
])('%s', (_, changes) => {
  test.each(['before', 'after'] as const)('killed %s any change of the disk', { timeout: 60_000 }, async (moment) => {
    let outcome = 'killed'
    let again = 0
    for (let at = 1; outcome === 'killed'; at += 1) {
      const life = await lives(at, moment, { rounds: { count: 2, quorum: 2 }, ...changes })
      outcome = life.outcome
      const digests = new Map<number, Set<string>>()
      for (const { round, digest } of life.received) {
        digests.set(round, (digests.get(round) ?? new Set()).add(digest))
      }
      expect([...digests.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1])
      again += life.received.length - 4
      expect(life.state.facts).toMatchObject({ left: null, ended: true })
      expect(life.state.receipts.count).toBe(4)
    }
    // Some round was cut off between its update and its receipt; which of them are depends on when the process is gone.
    expect(again).toBeGreaterThan(0)
  })
})
