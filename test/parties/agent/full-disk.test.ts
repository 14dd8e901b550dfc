/** A disk without room: the task is declined with a code, nothing leaves that is not kept, and later tasks are done. */
import { afterEach, expect, test } from 'vitest'
import { disk as realDisk, type Disk, StateError } from '../../../parties/state/index.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { type Bank, createRun, startBank } from './participant.ts'

const open: Bank[] = []
afterEach(async () => {
  for (const bank of open.splice(0)) await bank.stop()
})

function fillable() {
  let full: (name: string) => boolean = () => false
  const refuse = (name: string) => {
    if (full(name)) throw new StateError('STATE_UNWRITABLE', `${name} could not be written: no space left on device`)
  }
  const disk: Disk = {
    ...realDisk,
    write: async (directory, name, parts) => {
      refuse(name)
      await realDisk.write(directory, name, parts)
    },
    append: async (directory, name, at, bytes) => {
      refuse(name)
      await realDisk.append(directory, name, at, bytes)
    },
  }
  return {
    disk,
    fill: (...names: string[]) => {
      full = (name) => names.includes(name)
    },
  }
}

async function start() {
  const { disk, fill } = fillable()
  const aggregator = new FakeAggregator(await createRun())
  const bank = await startBank(aggregator, { disk })
  open.push(bank)
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 0)
  await bank.kept.first(({ accepted }) => accepted?.round === 0)
  aggregator.close()
  return { aggregator, bank, fill }
}

test('no room for the update: it is not sent', async () => {
  const { aggregator, bank, fill } = await start()
  fill('update')
  aggregator.give()
  expect(await aggregator.declined.first(({ round }) => round === 1)).toMatchObject({ code: 'STATE_UNWRITABLE' })
  expect(aggregator.received.all.map(({ round }) => round)).toEqual([0])
  fill()
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 2)
  expect(bank.state.facts.left).toBeNull()
})

test('no room for a receipt: no work on a task that follows from it', async () => {
  const { aggregator, bank, fill } = await start()
  fill('receipts')
  aggregator.give()
  expect(await aggregator.declined.first(({ round }) => round === 1)).toMatchObject({ code: 'STATE_UNWRITABLE' })
  expect(bank.trained.all).toEqual([])
  fill()
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 2)
  expect(bank.state.receipts.count).toBe(2)
})

test('no room for the acknowledgement: the update is in the sum all the same', async () => {
  const { aggregator, bank, fill } = await start()
  fill('run.json')
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 1)
  aggregator.close()
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 2)
  expect(aggregator.declined.all).toEqual([])
  expect(bank.state.receipts.count).toBe(2)
})

test('no room for what shows why the run was left: it is left all the same', async () => {
  const { aggregator, bank, fill } = await start()
  fill('run.json')
  aggregator.give({ modelDigest: new Uint8Array(32) })
  await bank.over
  const errors = bank.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.code)
  expect(errors).toEqual(['AGENT_TASK_UNPROVEN', 'STATE_UNWRITABLE'])
  expect(bank.trained.all).toEqual([])
})
