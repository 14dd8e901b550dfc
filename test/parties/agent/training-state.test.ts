/** SCAFFOLD's control and what compression left out: current only when a receipt shows the update they belong to. */
import { afterEach, describe, expect, test } from 'vitest'
import { sealTrained } from '../../../parties/agent/seal.ts'
import { trainLayout } from '../../../src/learning/index.ts'
import { compressUpdate, updateElements } from '../../../src/update/index.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { type Bank, createRun, startBank } from './participant.ts'

const open: Bank[] = []
afterEach(async () => {
  for (const bank of open.splice(0)) await bank.stop()
})

async function start(changes: object) {
  const aggregator = new FakeAggregator(await createRun(changes))
  const bank = await startBank(aggregator)
  open.push(bank)
  return { aggregator, bank }
}

async function play(aggregator: FakeAggregator, bank: Bank, counted = true) {
  const round = aggregator.receipts.length
  aggregator.give()
  const update = await aggregator.received.first((received) => received.round === round)
  await bank.kept.first(() => bank.state.facts.accepted?.digest === update.digest)
  // As if the round had closed a moment before it came.
  if (!counted) await bank.forgetAccepted()
  aggregator.close(counted ? {} : { updates: bankB(round) })
  return update
}

const bankB = (base: number) =>
  ['bank-b', 'bank-c'].map((party) => ({ party, digest: 'b'.repeat(64), weight: 120, base }))

const scaffold = { strategy: { kind: 'scaffold' }, training: { optimizer: 'sgd', learningRate: 0.05 } }
const topK = { compression: { kind: 'top-k', share: 0.2 } }

describe.each([
  ['control', scaffold, (bank: Bank) => bank.state.readVectors().then(({ control }) => control)],
  ['residual', topK, (bank: Bank) => bank.state.readVectors().then(({ residual }) => residual)],
] as const)('%s', (_, changes, read) => {
  test('of an update that was counted is current; of one that was not, it is not', async () => {
    const { aggregator, bank } = await start({ rounds: { count: 5, quorum: 2 }, ...changes })
    await play(aggregator, bank)
    await play(aggregator, bank)
    expect(await read(bank)).toBeUndefined()
    await play(aggregator, bank)
    const first = await read(bank)
    expect(first?.some((value) => value !== 0)).toBe(true)
    // Its own update of round 2 was counted, that of round 3 is not.
    await play(aggregator, bank, false)
    const second = await read(bank)
    expect(second).not.toEqual(first)
    await play(aggregator, bank)
    expect(await read(bank)).toEqual(second)
    expect(bank.state.facts.left).toBeNull()
  })
})

test('SCAFFOLD sends twice the deltas, and corrects by the controls from the second round on', async () => {
  const { aggregator, bank } = await start(scaffold)
  const plain = await start({})
  await play(plain.aggregator, plain.bank)
  const { bytes: single } = await play(plain.aggregator, plain.bank)
  await play(aggregator, bank)
  const { bytes } = await play(aggregator, bank)
  expect(bytes.length).toBe(single.length + 4 * aggregator.run.plan.size)
  await play(aggregator, bank)
  const [first, second] = bank.trained.all
  expect(plain.bank.trained.all[0]?.correction).toBeUndefined()
  expect(first?.correction?.every((value) => value === 0)).toBe(true)
  // c is zero in this test, so it is -c_i.
  const control = (await bank.state.readVectors()).control ?? new Float32Array(0)
  expect(second?.correction?.length).toBe(control.length)
  expect(second?.correction).toEqual(control.map((value) => 0 - value))
})

test('what compression left out is added to the next update', async () => {
  const { spec, plan } = await createRun(topK)
  const layout = trainLayout(spec.task, plan)
  const values = (fill: number) => ({
    deltas: new Float64Array(layout.deltas).map((_, i) => fill + i / 100),
    counts: new Array(layout.counts).fill(0),
    sums: new Array(layout.sums).fill(0),
  })
  const common = { share: 0.5, layout, spec, control: undefined }
  const first = sealTrained(values(0.1), { ...common, residual: undefined })
  const { residual } = first.next ?? {}
  const second = sealTrained(values(0.2), { ...common, residual })
  const { deltas, ...rest } = values(0.2)
  const added = { ...rest, deltas: deltas.map((value, i) => value + (residual?.[i] ?? 0)) }
  expect(residual?.some((value) => value !== 0)).toBe(true)
  expect(second.bytes).toEqual(compressUpdate(added, 0.5, layout, spec.encoding, spec.compression).bytes)
  expect(first.bytes.length).toBeLessThan(4 * updateElements(layout))
})
