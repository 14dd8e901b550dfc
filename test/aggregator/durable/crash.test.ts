/**
 * The promise of the state directory: whatever resolved is found again, in order, and what is found was called for, in
 * order; the state of the newest commit is there. Provoked at every operation of a workload, by a kill of the process
 * and by a power loss, and again while the run is being opened after it.
 */
import { describe, expect, test } from 'vitest'
import { openState, type OpenedRun } from '../../../src/aggregator/durable/index.ts'
import { createRandom, type Random } from '../../../src/crypto/index.ts'
import { ModelDisk } from './model-disk.ts'

const runId = 'ab'.repeat(16)
const header = { runId, federation: 'f', spec: '{}', parties: ['a', 'b'], created: 1 }
const directory = '/state'

interface World {
  readonly disk: ModelDisk
  readonly random: Random
  /** What was called for, in order. */
  issued: { readonly text: string; readonly round?: number }[]
  /** How many of them are promised. */
  promised: number
  runKey: Uint8Array | undefined
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const stateOf = (round: number, salt: string) => Buffer.from(`state ${round} ${salt} `.repeat(20))

/** Until something fails or all is done. @returns whether something failed */
async function work(world: World, calls: number): Promise<boolean> {
  const { disk, random } = world
  try {
    const states = await openState(directory, disk)
    const journal = await openRun(world, states)
    const results: Promise<void>[] = []
    for (let call = 0; call < calls; call += 1) {
      const at = world.issued.length
      const round = world.issued.findLast((each) => each.round !== undefined)?.round ?? -1
      const own = `${at} of ${disk.steps} ${'x'.repeat(random.below(200))}`
      const commits = random.below(4) === 0
      world.issued.push(commits ? { text: own, round: round + 1 } : { text: own })
      const done = commits
        ? journal.commit({ round: round + 1, state: stateOf(round + 1, own), record: Buffer.from(own) })
        : journal.append(Buffer.from(own))
      results.push(
        done.then(() => {
          world.promised = Math.max(world.promised, at + 1)
        }),
      )
      if (random.below(3) > 0) await Promise.all(results)
    }
    const settled = await Promise.allSettled(results)
    await states[Symbol.asyncDispose]()
    return settled.some(({ status }) => status === 'rejected')
  } catch {
    // What failed is judged by what is found afterwards.
    return true
  }
}

async function openRun(world: World, states: Awaited<ReturnType<typeof openState>>) {
  if (world.runKey === undefined) {
    const { runKey, journal } = await states.create(header)
    world.runKey = runKey
    return journal
  }
  const opened = await states.unlock(runId, world.runKey)
  await check(world, opened)
  world.issued = world.issued.slice(0, opened.records.length)
  world.promised = opened.records.length
  return opened.journal
}

/** Broken promises are kept apart from failures of the disk, which are caught. */
class BrokenPromise extends Error {}
const broken: BrokenPromise[] = []

async function check(world: World, { records, round, state }: OpenedRun): Promise<void> {
  const found = records.map(text)
  const issued = world.issued.map((each) => each.text)
  const inOrder = found.every((each, at) => each === issued[at])
  if (!inOrder || found.length < world.promised) {
    broken.push(new BrokenPromise(`found ${found.length} of ${issued.length}, promised ${world.promised}`))
  }
  const last = world.issued.slice(0, found.length).findLast((each) => each.round !== undefined)
  if (last?.round !== round) broken.push(new BrokenPromise(`found round ${round}, expected ${last?.round}`))
  if (last?.round === undefined) return
  const bytes = await state(last.round)
  if (text(bytes) !== stateOf(last.round, last.text).toString()) broken.push(new BrokenPromise('another state'))
}

function createWorld(seed: string): World {
  return { disk: new ModelDisk(), random: createRandom(seed), issued: [], promised: 0, runKey: undefined }
}

/** Everything fails from this operation on; the last append may get a part of its bytes out. */
function dieAt(world: World, step: number): void {
  const at = world.disk.steps + step
  world.disk.fault = () => (world.disk.steps >= at ? { code: 'EIO', bytes: world.random.below(300) } : undefined)
}

async function recover(world: World, powerLoss: boolean): Promise<void> {
  const { disk, random } = world
  disk.fault = () => undefined
  if (powerLoss) disk.powerLoss(random)
  else disk.kill()
  if (world.runKey === undefined) return
  const states = await openState(directory, disk)
  expect(states.list()).toEqual([header])
  expect(states.damaged()).toEqual([])
  const opened = await states.unlock(runId, world.runKey)
  await check(world, opened)
  expect(broken).toEqual([])
  world.issued = world.issued.slice(0, opened.records.length)
  world.promised = opened.records.length
  await states[Symbol.asyncDispose]()
}

describe.each([
  ['a kill', false],
  ['a power loss', true],
])('%s', (_name, powerLoss) => {
  test('at every operation of a run', async () => {
    const whole = createWorld('every')
    expect(await work(whole, 12)).toBe(false)
    const steps = whole.disk.steps
    expect(steps).toBeGreaterThan(60)
    for (let step = 0; step < steps; step += 1) {
      const world = createWorld('every')
      dieAt(world, step)
      expect(await work(world, 12)).toBe(true)
      await recover(world, powerLoss)
    }
  })

  test('again and again, while working and while opening', async () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const world = createWorld(`again ${seed}`)
      await work(world, 4)
      for (let crash = 0; crash < 6; crash += 1) {
        dieAt(world, world.random.below(60))
        await work(world, 8)
        if (powerLoss) world.disk.powerLoss(world.random)
        else world.disk.kill()
        if (crash % 2 === 1) await recover(world, powerLoss)
      }
      await recover(world, powerLoss)
    }
  })
})

test('the model loses what is not synced: the check finds a promise that is broken', async () => {
  const world = createWorld('control')
  const { disk } = world
  // A disk that only says that it synced.
  const create = disk.create.bind(disk)
  disk.create = async (path) => ({ ...(await create(path)), sync: () => Promise.resolve() })
  await work(world, 12)
  await expect(recover(world, true)).rejects.toThrow()
  broken.length = 0
})

test('records that a failed sync left in memory alone are durable before anything follows them', async () => {
  const world = createWorld('dropped')
  const { disk } = world
  await work(world, 3)
  let syncs = 0
  disk.fault = (operation, path) => {
    if (operation !== 'sync' || !path.includes('/log-1-')) return undefined
    syncs += 1
    return syncs === 3 ? { code: 'EIO' } : undefined
  }
  expect(await work(world, 6)).toBe(true)
  await recover(world, false)
  const found = world.issued.length
  disk.powerLoss(world.random)
  await recover(world, false)
  expect(world.issued.length).toBe(found)
})
