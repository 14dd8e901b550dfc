/** The coordinator's ledger as a run sees it: every receipt is in it sooner or later, or the run is left. */
import { afterEach, expect, test } from 'vitest'
import type { Distrust } from '../../../parties/agent/distrust.ts'
import { LedgerWatch } from '../../../parties/agent/ledger-watch.ts'
import type { Witness } from '../../../parties/ledger/index.ts'
import { AgentError } from '../../../parties/index.ts'
import { LedgerError } from '../../../src/ledger/index.ts'
import { RemoteError, RpcError } from '../../../src/rpc/index.ts'
import { createTestLog } from '../../support/log.ts'
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

test('a receipt that is never entered: the aggregator may show everybody else another one', async () => {
  const { witness } = createFakeWitness({
    confirm: async () => {
      throw new RemoteError('LEDGER_LEAF_UNKNOWN', 'NOT_FOUND', 'not yet')
    },
  })
  const { aggregator, bank } = await start(createFakeWitness().witness)
  await play(aggregator, 1)
  aggregator.give()
  await bank.kept.first(({ confirmed }) => confirmed === 1)
  await bank.state.keep({ confirmed: 0 })
  const told = createInbox<Distrust>()
  const { state } = bank
  const leaving = new AbortController()
  const options = { run: bank.run.runId, witness, state, log: createTestLog().log, signal: leaving.signal, patience: 2 }
  const watch = new LedgerWatch({ ...options, distrust: told.put })
  watch.confirm()
  const { error, evidence } = await told.first(() => true)
  expect(error).toBeInstanceOf(AgentError)
  expect(error.code).toBe('AGENT_UNCONFIRMED')
  expect(evidence).toEqual(aggregator.receipts)
  leaving.abort()
})

test('at the end of a run somebody is told of receipts that nobody confirmed', async () => {
  const { witness } = createFakeWitness({ confirm: () => new Promise(() => undefined) })
  const { aggregator, bank } = await start(createFakeWitness().witness)
  await play(aggregator, 1)
  aggregator.give()
  await bank.kept.first(({ confirmed }) => confirmed === 1)
  await bank.state.keep({ confirmed: 0 })
  const { log, lines } = createTestLog()
  const { signal } = new AbortController()
  const watch = new LedgerWatch({ ...{ run: bank.run.runId, witness, state: bank.state, log, signal }, distrust: fail })
  watch.confirm()
  await watch.settle(10)
  expect(lines).toMatchObject([{ level: 'error', fields: { code: 'AGENT_UNCONFIRMED' } }])
})

const fail = (): never => {
  throw new Error('not expected in this test')
}
