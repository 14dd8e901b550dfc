/** The coordinator's ledger as a run sees it: every receipt is in it sooner or later, or the run is left. */
import { afterEach, expect, test } from 'vitest'
import type { Witness } from '../../../parties/agent/ledger-watch.ts'
import { LedgerError } from '../../../src/ledger/index.ts'
import { RemoteError, RpcError } from '../../../src/rpc/index.ts'
import { FakeAggregator } from './fake-aggregator.ts'
import { createInbox } from './inbox.ts'
import { type Bank, createRun, startBank } from './participant.ts'

const open: Bank[] = []
afterEach(async () => {
  for (const bank of open.splice(0)) await bank.stop()
})

function createFakeWitness(changes: Partial<Witness> = {}) {
  const confirmed = createInbox<Uint8Array>()
  const compared = createInbox<readonly Uint8Array[]>()
  const witness: Witness = {
    newest: () => Buffer.from('own checkpoint'),
    follow: async () => undefined,
    confirm: async (sealed) => confirmed.put(sealed),
    compare: async (others) => compared.put(others),
    ...changes,
  }
  return { witness, confirmed, compared }
}

async function start(witness: Witness, directory?: string) {
  const aggregator = new FakeAggregator(await createRun({ rounds: { count: 1, quorum: 2 } }))
  const bank = await startBank(aggregator, { witness, ...(directory && { directory }) })
  open.push(bank)
  return { aggregator, bank }
}

async function play(aggregator: FakeAggregator, rounds: number, changes: object = {}) {
  for (let round = 0; round < rounds; round += 1) {
    aggregator.give(changes)
    await aggregator.received.first((update) => update.round === round)
    aggregator.close()
  }
}

test('receipts are confirmed, checkpoints handed on and compared', async () => {
  const { witness, confirmed, compared } = createFakeWitness()
  const { aggregator, bank } = await start(witness)
  await play(aggregator, 3, { checkpoints: [Buffer.from('of bank-b')] })
  aggregator.end()
  await bank.over
  expect(confirmed.all).toEqual(aggregator.receipts)
  expect(bank.state.facts).toMatchObject({ confirmed: 3, ended: true })
  expect(aggregator.joined.all[0]).toMatchObject({ checkpoint: 'own checkpoint' })
  expect(compared.all.map((notes) => Buffer.from(notes[0] ?? []).toString())).toEqual(Array(3).fill('of bank-b'))
})

test('a coordinator that cannot be reached, or has not entered a receipt yet, is asked again', async () => {
  let asked = 0
  const answers = [
    new RpcError('PEER_UNREACHABLE', 'gone'),
    new RemoteError('LEDGER_LEAF_UNKNOWN', 'NOT_FOUND', 'not yet'),
  ]
  const { witness } = createFakeWitness({
    confirm: async () => {
      asked += 1
      const error = answers.shift()
      if (error) throw error
    },
  })
  const { aggregator, bank } = await start(witness)
  await play(aggregator, 1)
  aggregator.give()
  await bank.kept.first(({ confirmed }) => confirmed === 1)
  expect(asked).toBe(3)
  expect(bank.state.facts.left).toBeNull()
})

test('a false proof, or two ledgers, and the run is left', async () => {
  for (const code of ['LEDGER_NOT_INCLUDED', 'LEDGER_FORKED'] as const) {
    const lie = async () => {
      throw new LedgerError(code, 'a lie')
    }
    const { witness } = createFakeWitness(code === 'LEDGER_FORKED' ? { compare: lie } : { confirm: lie })
    const { aggregator, bank } = await start(witness)
    await play(aggregator, 1)
    aggregator.give({ checkpoints: [Buffer.from('another')] })
    await bank.over
    expect(bank.state.facts.left).toMatchObject({ code })
    expect(await aggregator.declined.first(() => true)).toMatchObject({ code })
  }
})
