/**
 * An aggregator that was rolled back, forked, doubled, or that states what is not so, is found out before it gets another
 * update; one that only restarted is not.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { agentErrors, AgentError } from '../../../parties/index.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { type Bank, createRun, startBank } from './participant.ts'

const open: Bank[] = []
afterEach(async () => {
  for (const bank of open.splice(0)) await bank.stop()
})

async function start(changes: object = {}) {
  const aggregator = new FakeAggregator(await createRun(changes))
  const bank = await startBank(aggregator)
  open.push(bank)
  return { aggregator, bank }
}

/** Plays the next round to its receipt, honestly. */
async function play(aggregator: FakeAggregator) {
  const round = aggregator.receipts.length
  aggregator.give()
  await aggregator.received.first((update) => update.round === round)
  return aggregator.close()
}

/** Plays `rounds` rounds and begins the next, so that this party has checked the receipts of all of them. */
async function played(rounds: number, changes: object = {}) {
  const started = await start(changes)
  for (let round = 0; round < rounds; round += 1) await play(started.aggregator)
  started.aggregator.give()
  const update = await started.aggregator.received.first(({ round }) => round === rounds)
  await acknowledged(started.bank, update.digest)
  return { ...started, update }
}

const restarted = (aggregator: FakeAggregator, count: number) =>
  new FakeAggregator(aggregator.run, aggregator.receipts.slice(0, count), aggregator.models)

/** The run was left because of this; nothing goes out any more, and what shows it is kept. */
async function leftWith(bank: Bank, aggregator: FakeAggregator, code: string) {
  const sent = aggregator.received.all.length
  await bank.over
  expect(bank.state.facts.left).toMatchObject({ code })
  expect(bank.lines.some(({ level, fields }) => level === 'error' && fields.code === code)).toBe(true)
  await aggregator.declined.first((declined) => declined.code === code)
  expect(aggregator.received.all).toHaveLength(sent)
  expect(bank.state.update).toBeUndefined()
}

/** This party knows that its update is said to be in a sum. */
async function acknowledged(bank: Bank, digest: string): Promise<void> {
  await bank.kept.first(({ accepted }) => accepted?.digest === digest)
}

const evidenceOf = ({ state }: Bank) =>
  readdirSync(state.evidence).map((name) => readFileSync(join(state.evidence, name)))

test('an honest run to its end: every receipt is checked and kept, updates are let go', async () => {
  const { aggregator, bank } = await start()
  for (let round = 0; round <= 4; round += 1) await play(aggregator)
  aggregator.end()
  await bank.over
  expect(bank.state.receipts.count).toBe(5)
  expect(await bank.state.readReceipts(0)).toEqual(aggregator.receipts)
  expect(bank.state.facts).toMatchObject({ ended: true, left: null })
  expect(readdirSync(join(bank.directory, bank.run.runId)).sort()).toEqual(['receipts', 'run.json'])
})

describe('a restart is no crime', () => {
  test('the new epoch goes on from the newest receipt', async () => {
    const { aggregator, bank } = await played(2)
    const next = restarted(aggregator, 2)
    bank.connect(next)
    await play(next)
    next.give()
    await next.received.first(({ round }) => round === 3)
    expect(bank.state.facts.epochs.map(({ epoch }) => epoch)).toEqual(
      [aggregator, next].map((each) => each.attested.epoch),
    )
    expect(next.joined.all[0]).toMatchObject({ runKey: '07'.repeat(32) })
  })

  test('the same bytes go out again for the round that was lost', async () => {
    const { aggregator, bank, update } = await played(1)
    const next = restarted(aggregator, 1)
    bank.connect(next)
    next.give()
    const again = await next.received.first(({ round }) => round === 1)
    expect(again.digest).toBe(update.digest)
    expect(bank.trained.all.filter(({ round }) => round === 1)).toHaveLength(1)
  })

  test('with another weight unit the kept update of the round is of no use, and no second one is made', async () => {
    const { aggregator, bank } = await played(1)
    const next = restarted(aggregator, 1)
    bank.connect(next)
    next.give({ weightUnit: 501 })
    expect(await next.declined.first(() => true)).toEqual({ round: 1, code: 'AGENT_WEIGHT_UNIT' })
    expect(new AgentError('AGENT_WEIGHT_UNIT', 'x').row).toBe(agentErrors.AGENT_WEIGHT_UNIT)
    next.close()
    next.give()
    expect(await next.received.first(() => true)).toMatchObject({ round: 2 })
    expect(bank.trained.all.map(({ round }) => round)).toEqual([1, 2])
  })

  test('an update that the old epoch took may be missing in the receipt of the new one', async () => {
    const { aggregator, bank } = await played(1)
    const next = restarted(aggregator, 1)
    next.close()
    bank.connect(next)
    next.give()
    await next.received.first(({ round }) => round === 2)
    expect(bank.state.receipts.count).toBe(2)
  })

  test('receipts of an epoch that this party never attested are links of the chain', async () => {
    const first = new FakeAggregator(await createRun())
    first.close()
    const second = restarted(first, 1)
    const bank = await startBank(second)
    open.push(bank)
    second.give()
    await second.received.first(({ round }) => round === 1)
    expect(bank.lines.filter(({ message }) => message.includes('never attested'))).toHaveLength(1)
  })
})

describe('an aggregator that was rolled back', () => {
  test('shows fewer receipts than this party has checked', async () => {
    const { aggregator, bank } = await played(2)
    const rolledBack = restarted(aggregator, 1)
    bank.connect(rolledBack)
    rolledBack.give()
    await leftWith(bank, rolledBack, 'AGENT_ROLLED_BACK')
    expect(evidenceOf(bank)).toEqual([Buffer.from(aggregator.receipts[1] ?? [])])
    expect(new AgentError('AGENT_ROLLED_BACK', 'x').row).toBe(agentErrors.AGENT_ROLLED_BACK)
  })

  test('announces more receipts than it has', async () => {
    const { aggregator, bank } = await start()
    await play(aggregator)
    aggregator.give({ round: 2, receipts: 2 })
    await leftWith(bank, aggregator, 'AGENT_ROLLED_BACK')
  })

  test('announces more rounds than the job has', async () => {
    const { aggregator, bank } = await start()
    aggregator.give({ receipts: 1_000_000 })
    await leftWith(bank, aggregator, 'AGENT_ROLLED_BACK')
  })

  test('and played the rounds again with another outcome: two receipts for one round', async () => {
    const { aggregator, bank } = await played(2)
    const forked = restarted(aggregator, 1)
    forked.close()
    bank.connect(forked)
    forked.give()
    await leftWith(bank, forked, 'AGENT_FORKED')
    const [ours, theirs] = [aggregator, forked].map(({ receipts }) => Buffer.from(receipts[1] ?? []))
    expect(evidenceOf(bank)).toEqual([theirs, ours])
  })

  test('and got ahead of this party meanwhile', async () => {
    const { aggregator, bank } = await played(2)
    const forked = restarted(aggregator, 1)
    forked.close()
    forked.close()
    bank.connect(forked)
    forked.give()
    await leftWith(bank, forked, 'AGENT_FORKED')
  })
})

describe('an aggregator that runs twice', () => {
  test('gives this party a receipt that does not continue its own', async () => {
    const { aggregator, bank } = await played(1)
    // The connection stays: what it holds back is the receipt that others were shown.
    aggregator.close({ previous: 'f'.repeat(64) })
    aggregator.give()
    await leftWith(bank, aggregator, 'RECEIPT_PREVIOUS')
    expect(evidenceOf(bank)).toEqual(
      [aggregator.receipts[1], aggregator.receipts[0]].map((each) => Buffer.from(each ?? [])),
    )
  })

  test('comes back under an epoch that was over', async () => {
    const { aggregator, bank } = await played(1)
    const second = restarted(aggregator, 1)
    bank.connect(second)
    await play(second)
    const third = restarted(second, 2)
    Object.assign(third, { attested: aggregator.attested })
    bank.connect(third)
    third.give()
    await leftWith(bank, third, 'RECEIPT_EPOCH')
  })

  test('goes on with a receipt that the epoch before signed after it was over', async () => {
    const { aggregator, bank } = await played(1)
    const second = restarted(aggregator, 1)
    bank.connect(second)
    await play(second)
    aggregator.receipts.splice(0, 1, ...second.receipts)
    aggregator.close()
    const third = restarted(aggregator, 3)
    bank.connect(third)
    third.give()
    await leftWith(bank, third, 'RECEIPT_EPOCH')
  })

  test('signs in the name of an epoch that was over', async () => {
    const { aggregator, bank } = await played(1)
    const second = restarted(aggregator, 1)
    bank.connect(second)
    await play(second)
    const third = restarted(second, 2)
    third.close({ epoch: 'e'.repeat(32) })
    third.close({ epoch: aggregator.attested.epoch })
    bank.connect(third)
    third.give()
    await leftWith(bank, third, 'RECEIPT_SIGNATURE')
  })
})

describe('a receipt that is not what this party may expect', () => {
  const own = (changes: object) => (aggregator: FakeAggregator) => {
    const update = aggregator.received.all.find(({ round }) => round === 1)
    const ours = { party: 'bank-a', digest: update?.digest ?? '', weight: update?.weight ?? 1, base: 1, ...changes }
    return { updates: [ours, { party: 'bank-b', digest: 'b'.repeat(64), weight: 120, base: 1 }] }
  }
  test.each([
    ['another update in its name', own({ digest: 'a'.repeat(64) }), 'RECEIPT_UPDATE_DIGEST'],
    ['another weight', own({ weight: 1 }), 'RECEIPT_UPDATE_WEIGHT'],
    ['the answer to another round', own({ base: 0 }), 'RECEIPT_UPDATE_BASE'],
    ['somebody else', own({ party: 'bank-0' }), 'RECEIPT_UPDATE_MISSING'],
    ['another job', () => ({ jobDigest: 'a'.repeat(64) }), 'RECEIPT_JOB'],
    ['another run', () => ({ run: 'a'.repeat(32) }), 'RECEIPT_RUN'],
    ['another federation', () => ({ federation: 'other' }), 'RECEIPT_FEDERATION'],
    ['another policy', () => ({ policyDigest: 'a'.repeat(64) }), 'RECEIPT_POLICY'],
    ['another model before', () => ({ modelBefore: 'a'.repeat(64) }), 'RECEIPT_MODEL'],
    ['another round', () => ({ round: 2 }), 'RECEIPT_ROUND'],
  ])('%s', async (_, bend, code) => {
    const { aggregator, bank } = await played(1)
    aggregator.close(bend(aggregator))
    aggregator.give()
    await leftWith(bank, aggregator, code)
  })

  test('too few parties', async () => {
    const { aggregator, bank } = await start()
    await play(aggregator)
    aggregator.close({ updates: [{ party: 'bank-b', digest: 'b'.repeat(64), weight: 120, base: 1 }] })
    aggregator.give()
    await leftWith(bank, aggregator, 'RECEIPT_TOO_FEW')
  })

  test('an update in the name of this party, which sent none', async () => {
    const aggregator = new FakeAggregator(await createRun())
    aggregator.close({
      updates: ['bank-a', 'bank-b'].map((party) => ({ party, digest: 'b'.repeat(64), weight: 1, base: 0 })),
    })
    const bank = await startBank(aggregator)
    open.push(bank)
    aggregator.give()
    await leftWith(bank, aggregator, 'RECEIPT_UPDATE_FOREIGN')
  })

  test('the signature of another key', async () => {
    const { aggregator, bank } = await start()
    aggregator.forge()
    aggregator.give()
    await leftWith(bank, aggregator, 'RECEIPT_SIGNATURE')
  })

  test('no receipt at all', async () => {
    const { aggregator, bank } = await start()
    aggregator.receipts.push(new Uint8Array(10))
    aggregator.give({ modelDigest: new Uint8Array(32) })
    await leftWith(bank, aggregator, 'RECEIPT_MALFORMED')
  })

  test('a first model that is not the one the seed gives', async () => {
    const { aggregator, bank } = await start()
    aggregator.close({ modelBefore: 'a'.repeat(64) })
    aggregator.give()
    await leftWith(bank, aggregator, 'RECEIPT_MODEL')
  })
})

test('a task from another model than the newest receipt ends with is not worked on', async () => {
  const { aggregator, bank } = await start()
  await play(aggregator)
  aggregator.give({ modelDigest: new Uint8Array(32) })
  await leftWith(bank, aggregator, 'AGENT_TASK_UNPROVEN')
  expect(bank.trained.all).toEqual([])
})

test('a round without the receipt of the one before is not worked on', async () => {
  const { aggregator, bank } = await start()
  await play(aggregator)
  aggregator.give({ round: 2 })
  await leftWith(bank, aggregator, 'AGENT_TASK_UNPROVEN')
})

test('an update that is said to be in a sum whose receipt lacks it', async () => {
  const { aggregator, bank } = await start()
  await play(aggregator)
  let release: (() => void) | undefined
  aggregator.acknowledge = new Promise((resolve) => {
    release = resolve
  })
  aggregator.counts = () => 0
  aggregator.give()
  await aggregator.received.first(({ round }) => round === 1)
  release?.()
  await leftWith(bank, aggregator, 'RECEIPT_UPDATE_MISSING')
})
