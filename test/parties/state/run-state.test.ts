/** What a party keeps of a run: durable, private, found again after a crash, and refused where it was changed. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  createStates,
  disk,
  KEPT_ENDED_RUNS,
  MOST_OPEN_RUNS,
  type RunState,
  StateError,
} from '../../../parties/state/index.ts'
import { sha256InSlices } from '../../../parties/state/slices.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { parseReceipt } from '../../../src/ledger/index.ts'
import { continued, digestOf, first, opening, seal } from '../../ledger/receipts.ts'

const run = opening.run
const identity = { run, jobDigest: opening.jobDigest, rows: 100, party: 'beta' }
const made = { round: 1, task: 'train' as const, rows: 100, weightUnit: 300 }
const bytes = new Uint8Array(1000).fill(3)

const directories = () => mkdtempSync(join(tmpdir(), 'coffer-run-state-'))
const open = (directory: string): Promise<RunState> => createStates(directory, disk).open(identity)

/** The receipt of round 1 with this update of beta in it. */
const holding = (digest: string) => {
  const updates = opening.updates.map((each) => ({ ...each, base: 1, ...(each.party === 'beta' && { digest }) }))
  return seal(continued(opening, { updates }), first)
}

async function refusal(promise: Promise<unknown>) {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(StateError)
  return error
}

test('everything is there again after the agent was started anew', async () => {
  const directory = directories()
  const state = await open(directory)
  const epoch = { epoch: first.epoch, receiptKey: first.receiptKey, policyDigest: opening.policyDigest }
  await state.keep({ runKey: 'ab', epochs: [epoch] })
  await state.keepReceipt(parseReceipt(seal(opening, first)))
  const update = await state.keepUpdate(made, bytes, { control: Float32Array.of(1, 2), residual: Float32Array.of(3) })
  await state.keep({ accepted: { digest: update.digest, round: 1, epoch: first.epoch } })
  const again = await open(directory)
  expect(again.facts).toEqual(state.facts)
  expect(again.update).toEqual({ ...made, digest: update.digest, length: 1000 })
  expect(await again.readUpdateBytes()).toEqual(bytes)
  expect(again.receipts).toMatchObject({ count: 1, last: { modelAfter: opening.modelAfter } })
  expect(await again.readVectors()).toEqual({})
})

test('an update is settled by the receipt that shows it, and what belongs to it becomes current', async () => {
  const directory = directories()
  const state = await open(directory)
  await state.keepReceipt(parseReceipt(seal(opening, first)))
  const vectors = { control: Float32Array.of(1, 2), residual: Float32Array.of(3) }
  const { digest } = await state.keepUpdate(made, bytes, vectors)
  await state.keepReceipt(parseReceipt(holding(digest)))
  expect(state.update).toBeUndefined()
  expect(await state.readVectors()).toEqual(vectors)
  expect((await open(directory)).update).toBeUndefined()
})

test('a second update of a round is refused; that of a later round takes the place of the one before', async () => {
  const state = await open(directories())
  await state.keepUpdate(made, bytes, { control: Float32Array.of(1) })
  expect(await refusal(state.keepUpdate(made, bytes.slice(1), undefined))).toMatchObject({ code: 'STATE_DAMAGED' })
  await state.keepUpdate({ ...made, round: 2 }, bytes.slice(1), undefined)
  expect(state.update).toMatchObject({ round: 2 })
  expect(await state.readVectors()).toEqual({})
})

test('only its owner can read it', async () => {
  const directory = directories()
  const state = await open(directory)
  await state.keepReceipt(parseReceipt(seal(opening, first)))
  await state.keepUpdate(made, bytes, { control: Float32Array.of(1) })
  await state.leave('RECEIPT_JOB', 'why', [bytes])
  const place = join(directory, run)
  const mode = (path: string) => statSync(path).mode & 0o777
  expect(mode(place)).toBe(0o700)
  expect(readdirSync(place).sort()).toEqual(['evidence', 'receipts', 'run.json'])
  for (const name of ['receipts', 'run.json', 'evidence/0-RECEIPT_JOB']) expect(mode(join(place, name))).toBe(0o600)
})

describe('receipts', () => {
  async function withTwo() {
    const directory = directories()
    const state = await open(directory)
    await state.keepReceipt(parseReceipt(seal(opening, first)))
    await state.keepReceipt(parseReceipt(seal(continued(opening), first)))
    return { directory, file: join(directory, run, 'receipts') }
  }

  test('an incomplete last one is as if it had not been written', async () => {
    const { directory, file } = await withTwo()
    const whole = readFileSync(file)
    for (const torn of [whole.subarray(0, -1), whole.subarray(0, whole.length / 2 + 3)]) {
      writeFileSync(file, torn)
      const state = await open(directory)
      expect(state.receipts.count).toBe(1)
      await state.keepReceipt(parseReceipt(seal(continued(opening), first)))
      expect(readFileSync(file)).toEqual(whole)
    }
    appendFileSync(file, Buffer.alloc(64))
    expect((await open(directory)).receipts.count).toBe(2)
  })

  test('any other change is damage', async () => {
    const { directory, file } = await withTwo()
    const whole = readFileSync(file)
    const changed = Buffer.from(whole)
    changed[40] = (changed[40] ?? 0) ^ 1
    writeFileSync(file, changed)
    expect(await refusal(open(directory))).toMatchObject({ code: 'STATE_DAMAGED' })
    writeFileSync(file, whole.subarray(whole.length - (whole.length - 8 - whole.readUInt32BE(0))))
    expect(await refusal(open(directory))).toMatchObject({ code: 'STATE_DAMAGED', message: /continue/ })
  })

  test('that do not continue are not kept', async () => {
    const state = await open(directories())
    expect(await refusal(state.keepReceipt(parseReceipt(seal(continued(opening), first))))).toMatchObject({
      code: 'STATE_DAMAGED',
    })
  })
})

describe('damage is told', () => {
  test.each(['update', 'run.json', 'next'])('in %s', async (name) => {
    const directory = directories()
    const state = await open(directory)
    await state.keepReceipt(parseReceipt(seal(opening, first)))
    const { digest } = await state.keepUpdate(made, bytes, { control: Float32Array.of(1, 2) })
    const file = join(directory, run, name)
    const content = readFileSync(file)
    content[content.length - 2] = (content.at(-2) ?? 0) ^ 1
    writeFileSync(file, content)
    const opened = open(directory).then((again) => again.keepReceipt(parseReceipt(holding(digest))))
    expect(await refusal(opened)).toMatchObject({ code: 'STATE_DAMAGED' })
  })

  test('of another job', async () => {
    const directory = directories()
    await open(directory)
    const other = createStates(directory, disk).open({ ...identity, jobDigest: digestOf('another') })
    expect(await refusal(other)).toMatchObject({ code: 'STATE_DAMAGED' })
  })

  test('that cannot be read', async () => {
    const directory = directories()
    writeFileSync(join(directory, run), 'a file where a directory belongs')
    expect(await refusal(open(directory))).toMatchObject({ code: 'STATE_UNREADABLE' })
  })

  test('that cannot be written', async () => {
    const directory = directories()
    writeFileSync(join(directory, 'state'), 'a file where a directory belongs')
    const states = createStates(join(directory, 'state'), {
      ...disk,
      list: async () => [],
      read: async () => undefined,
    })
    expect(await refusal(states.open(identity))).toMatchObject({ code: 'STATE_UNWRITABLE' })
  })
})

describe('bounds', () => {
  const named = (i: number) => i.toString(16).padStart(32, '0')
  const openAs = (directory: string, i: number) => createStates(directory, disk).open({ ...identity, run: named(i) })

  test('of runs that have ended the newest stay', { timeout: 60_000 }, async () => {
    const directory = directories()
    const states = createStates(directory, disk)
    for (let i = 0; i < KEPT_ENDED_RUNS; i += 1) await (await openAs(directory, i)).end()
    await openAs(directory, KEPT_ENDED_RUNS)
    await states.end(named(KEPT_ENDED_RUNS))
    expect(readdirSync(directory)).toHaveLength(KEPT_ENDED_RUNS)
    expect(readdirSync(directory)).toContain(named(KEPT_ENDED_RUNS))
    await states.end(named(999))
  })

  test('of runs that have not ended, no more than so many', { timeout: 60_000 }, async () => {
    const directory = directories()
    for (let i = 0; i < MOST_OPEN_RUNS; i += 1) await openAs(directory, i)
    expect(await refusal(openAs(directory, MOST_OPEN_RUNS))).toMatchObject({ code: 'STATE_TOO_MANY' })
    await (await openAs(directory, 0)).end()
    await openAs(directory, MOST_OPEN_RUNS)
  })

  test('of epochs, no more than can be read again, and nothing has changed when there are', async () => {
    const directory = directories()
    const state = await open(directory)
    const { receiptKey } = first
    const epochs = Array.from({ length: 4096 }, (_, i) => {
      return { epoch: named(i), receiptKey, policyDigest: opening.policyDigest }
    })
    await state.keep({ epochs })
    const [one] = epochs
    const more = state.keep({ epochs: [...epochs, ...(one ? [one] : [])] })
    expect(await refusal(more)).toMatchObject({ code: 'STATE_TOO_MANY' })
    await state.keep({ confirmed: 1 })
    expect((await open(directory)).facts).toEqual({ ...state.facts, epochs, confirmed: 1 })
  })

  test('the id of a run is no path', async () => {
    const states = createStates(directories(), disk)
    expect(await refusal(states.open({ ...identity, run: '../../etc' }))).toMatchObject({ code: 'STATE_DAMAGED' })
  })
})

test('a digest in slices is the digest, and lets others run in between', async () => {
  const large = new Uint8Array(9 * 2 ** 20).fill(5)
  let turns = 0
  let working = true
  const count = () => {
    turns += 1
    if (working) setImmediate(count)
  }
  setImmediate(count)
  const digest = await sha256InSlices(large)
  working = false
  expect(digest).toEqual(sha256(large))
  expect(turns).toBeGreaterThanOrEqual(2)
})
