/**
 * Disks that are full or can only be read, under each program: the aggregator's and the coordinator's are real small ones
 * (tmpfs) where the system lets a test mount them, the others fail as the system would.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { atFirst, Federation, isDelivery, isOpening, quickSpec } from './federation.ts'
import { judgeIdentical, modelDigest } from './judge.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

let federation: Federation
let undisturbed: string
const mounted: string[] = []

/** Whether a small disk could be put there. */
function mount(path: string, size: string): boolean {
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' })
  } catch (error) {
    process.stderr.write(
      `no small disk can be mounted here (${String(error).split('\n')[0]}): disks are made to fail\n`,
    )
    return false
  }
  mounted.push(path)
  return true
}

const ballast = (directory: string) => join(directory, 'ballast')

/** Takes all the room that is left. */
function fill(directory: string): void {
  try {
    for (let size = 65_536; ; size += 65_536) writeFileSync(ballast(directory), new Uint8Array(size))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  }
}
const release = (directory: string) => rmSync(ballast(directory))

let states: string
let store: string
let small = false

beforeAll(async () => {
  federation = await Federation.start({
    prepare: (made) => {
      states = join(made.home('aggregator'), 'state')
      store = join(made.home('coordinator'), 'store')
      small = mount(states, '1m') && mount(store, '4m')
      const yaml = join(made.home('coordinator'), 'coffer.yaml')
      writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('sqlite:', 'sqlite:store/'))
    },
  })
  undisturbed = modelDigest(await federation.play(quickSpec()))
})
afterAll(async () => {
  for (const role of ['aggregator', 'coordinator'] as const) await federation.program(role).kill()
  for (const path of mounted) execFileSync('umount', [path])
  await federation[Symbol.asyncDispose]()
})

const everybody = { quorum: 3 }

test('the full disk of the aggregator ends the run, which says so; the next one finds room again', async () => {
  const aggregator = federation.program('aggregator')
  const full = async () => (small ? fill(states) : await aggregator.order({ kind: 'disk', code: 'ENOSPC' }))
  const { run, events } = await federation.play(quickSpec(everybody), atFirst(isOpening(1), full))
  expect(run).toMatchObject({ state: 'abandoned', reason: expect.stringContaining('AGGREGATION_STATE_DISK') })
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1))
  if (small) release(states)
  else await aggregator.order({ kind: 'disk', code: '' })
  await judgeIdentical(federation, await federation.play(quickSpec()), undisturbed)
})

test('a disk of the aggregator that can only be read ends the run likewise', async () => {
  const aggregator = federation.program('aggregator')
  const disturb = atFirst(isDelivery(1), () => aggregator.order({ kind: 'disk', code: 'EROFS' }))
  const { run } = await federation.play(quickSpec(everybody), disturb)
  expect(run).toMatchObject({ state: 'abandoned', reason: expect.stringContaining('AGGREGATION_STATE_DISK') })
  await aggregator.order({ kind: 'disk', code: '' })
  await judgeIdentical(federation, await federation.play(quickSpec()), undisturbed)
})

// A party whose disk fails is played by test/parties/agent/full-disk.test.ts, without processes.

test('the full disk of the coordinator holds up what it stores, and nothing else', async () => {
  if (!small) {
    process.stderr.write('left out: the coordinator has no disk of its own here\n')
    return
  }
  const disturb = atFirst(isOpening(1), async () => {
    const evaluating = federation.until(({ point }) => point === 'task evaluate')
    fill(store)
    await evaluating
    release(store)
  })
  await judgeIdentical(federation, await federation.play(quickSpec(everybody), disturb), undisturbed)
})
