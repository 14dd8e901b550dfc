/** A round that is stopped while it closes: whatever it was doing, nothing of it is released, and nobody calls that an error. */
import { expect, test } from 'vitest'
import { OpenRound } from '../../src/aggregator/open-round.ts'
import type { RoundResult } from '../../src/aggregator/engine/index.ts'

const digest = 'ab'.repeat(32)

function createRound() {
  const called: string[] = []
  const gate = () => {
    let open = (): void => undefined
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    return { opened, open }
  }
  const [written, summed, writing, summing] = [gate(), gate(), gate(), gate()]
  const round = new OpenRound({
    plan: {
      ...{ number: 1, task: 'train', cohort: ['bank-a', 'bank-b'], quorum: 2, enough: 2, staleness: 0 },
      ...{ asked: new Map(), counted: new Map(), acknowledged: new Map(), deadlineMs: 60_000 },
    },
    present: ['bank-a', 'bank-b'],
    engine: {
      add: async () => undefined,
      close: async () => {
        called.push('close')
        summing.open()
        await summed.opened
        return {} as RoundResult
      },
      discard: async () => {
        called.push('discard')
      },
    },
    now: () => 0,
    announce: () => undefined,
    closed: async () => {
      writing.open()
      await written.opened
    },
  })
  const deliver = async () => {
    for (const party of ['bank-a', 'bank-b']) {
      const facts = { party, rows: 10, weightUnit: 20, staleness: 0 }
      await round.receive(1, digest, new Uint8Array(4), facts, () => undefined)
    }
  }
  return { round, called, deliver, written, summed, writing, summing }
}

test('before its sum is opened: it is not opened', async () => {
  const { round, called, deliver, writing, written } = createRound()
  await deliver()
  await writing.opened
  round.input({ kind: 'stopped', reason: 'enough' })
  await new Promise(setImmediate)
  written.open()
  expect(await round.outcome).toEqual({ kind: 'abandoned', reason: 'enough' })
  expect(called).toEqual(['discard'])
})

test('while its sum is being opened: it is not released', async () => {
  const { round, called, deliver, written, summing, summed } = createRound()
  await deliver()
  written.open()
  await summing.opened
  round.input({ kind: 'stopped', reason: 'enough' })
  await new Promise(setImmediate)
  summed.open()
  expect(await round.outcome).toEqual({ kind: 'abandoned', reason: 'enough' })
  expect(called).toEqual(['close'])
})
