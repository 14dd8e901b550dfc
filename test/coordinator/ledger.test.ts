import { describe, expect, it } from 'vitest'
import { encodeStatement } from '../../src/attestation/index.ts'
import { CoordinatorError, type CoordinatorCode } from '../../src/coordinator/index.ts'
import { toHex } from '../../src/crypto/index.ts'
import {
  compareCheckpoints,
  type Leaf,
  LedgerError,
  type LedgerCode,
  leafHash,
  openCheckpoint,
  parseLeaf,
  type Receipt,
  verifyInclusion,
} from '../../src/ledger/index.ts'
import type { Run } from '../../src/round/index.ts'
import { openStore } from '../../src/store/index.ts'
import { continued, createEpoch, opening, seal } from '../ledger/receipts.ts'
import { attestedEvent } from '../support/events.ts'
import { createLedgerKey } from '../support/ledger.ts'
import { closed } from '../store/fixtures.ts'
import { ana, caller, createHarness, type Harness } from './harness.ts'

const ledgerKey = createLedgerKey('test')
const trust = { origin: 'coffer/test', log: ledgerKey.verifier, witnesses: [], threshold: 0 }
const epoch = createEpoch('first')

const refuses = (code: CoordinatorCode | LedgerCode) =>
  expect.toSatisfy(
    (error) => (error instanceof CoordinatorError || error instanceof LedgerError) && error.code === code,
  )
const withHarness = async (test: (harness: Harness) => Promise<void>): Promise<void> => {
  await using harness = await createHarness({ ledgerKey })
  await test(harness)
}
const receiptOf = (run: Run, changes: Partial<Receipt> = {}): Receipt => ({
  ...opening,
  federation: 'test',
  run: run.runId,
  jobDigest: toHex(run.jobDigest),
  ...changes,
})
const roundClosed = (receipt: Receipt) =>
  closed(receipt.round, { receipt: seal(receipt, epoch), ...(receipt.round === 0 && { task: 'statistics' }) })

async function leavesOf({ control }: Harness): Promise<Leaf[]> {
  const leaves: Leaf[] = []
  for await (const leaf of control.runs.readLeaves({ from: 0, count: 1_000 }, ana)) leaves.push(parseLeaf(leaf))
  return leaves
}

async function opened({ control }: Harness, size = 0) {
  const { checkpoint, consistency } = await control.parties.getCheckpoint({ size }, caller('party', 'bank-a'))
  return { checkpoint: openCheckpoint(checkpoint, trust), consistency }
}

describe('what is entered', () => {
  it('is every decision, once, and every receipt in order', () =>
    withHarness(async (harness) => {
      const run = await harness.running()
      await harness.decide(run, 'bank-a')
      const first = receiptOf(run)
      const second = continued(first)
      harness.aggregator.emit(run.runId, roundClosed(first))
      harness.aggregator.emit(run.runId, roundClosed(second))
      await harness.until(run.runId, (event) => event.kind === 'round-closed' && event.round === 1)
      const leaves = await leavesOf(harness)
      const approval = { kind: 'approval', federation: 'test', run: run.runId, decision: 'accepted', signature: null }
      expect(leaves.slice(0, 3)).toEqual(
        ['bank-a', 'bank-b', 'bank-c'].map((party) => ({ ...approval, jobDigest: toHex(run.jobDigest), party })),
      )
      expect(leaves.slice(3)).toMatchObject([{ receipt: first }, { receipt: second }])
    }))

  it('is the same however often the coordinator restarts and hears the events again', () =>
    withHarness(async (harness) => {
      const run = await harness.running()
      const first = receiptOf(run)
      harness.aggregator.emit(run.runId, roundClosed(first))
      await harness.until(run.runId, (event) => event.kind === 'round-closed')
      await harness.restart()
      harness.aggregator.emit(run.runId, roundClosed(continued(first)))
      await harness.until(run.runId, (event) => event.kind === 'round-closed' && event.round === 1)
      expect(await leavesOf(harness)).toHaveLength(5)
    }))

  it('goes on when the aggregator restarts, in a new epoch with a key of its own', () =>
    withHarness(async (harness) => {
      const run = await harness.running()
      const before = receiptOf(run)
      harness.aggregator.emit(run.runId, roundClosed(before))
      await harness.until(run.runId, (event) => event.kind === 'round-closed')
      harness.aggregator.leave()
      await harness.untilState(run.runId, 'running', 'lost contact')
      harness.aggregator.comeBack()
      const later = createEpoch('second')
      const { epoch: id, receiptKey } = later
      harness.aggregator.emit(run.runId, { ...attestedEvent('simulated again'), epoch: id, receiptKey })
      const after = continued(before, { epoch: id })
      harness.aggregator.emit(run.runId, closed(1, { receipt: seal(after, later) }))
      const seen = await harness.until(run.runId, (event) => event.kind === 'round-closed' && event.round === 1)
      expect(seen).toMatchObject({ state: 'running', reason: '', tee: 'simulated again' })
      expect((await leavesOf(harness)).slice(3)).toMatchObject([{ receipt: before }, { receipt: after }])
    }))

  it('is the policy that the aggregator states, of the second start as of the first', () =>
    withHarness(async (harness) => {
      const run = await harness.running()
      const states = (name: string, policyVersion: number) => {
        const { epoch: id, receiptKey } = createEpoch(name)
        const statement = encodeStatement({
          role: 'aggregator',
          serverKey: '00'.repeat(32),
          attestationKey: '00'.repeat(44),
          issuedAt: 0,
          expiresAt: 1_000,
          context: {
            federation: 'test',
            run: '',
            jobDigest: '',
            policyDigest: 'cd'.repeat(32),
            policyVersion,
            rootsDigest: '00'.repeat(32),
            epoch: id,
            receiptKey,
            sealingKey: '00'.repeat(44),
          },
        })
        const event = attestedEvent('simulated fake')
        harness.aggregator.emit(run.runId, { ...event, epoch: id, evidence: { ...event.evidence, statement } })
      }
      states('one start', 3)
      states('another start', 3)
      states('a third start', 4)
      harness.aggregator.emit(run.runId, roundClosed(receiptOf(run)))
      const after = await harness.until(run.runId, (event) => event.kind === 'round-closed')
      expect(after.state).toBe('running')
      const policies = (await leavesOf(harness)).filter(({ kind }) => kind === 'policy')
      expect(policies).toEqual(
        [3, 4].map((version) => ({ kind: 'policy', federation: 'test', version, digest: 'cd'.repeat(32) })),
      )
    }))

  it.each<[string, (run: Run) => Uint8Array]>([
    ['no receipt', () => Uint8Array.of(1, 2, 3)],
    ['a receipt of another federation', (run) => seal(receiptOf(run, { federation: 'south' }), epoch)],
    ['a receipt of another run', (run) => seal(receiptOf(run, { run: '0'.repeat(32) }), epoch)],
    ['a receipt of another job', (run) => seal(receiptOf(run, { jobDigest: '0'.repeat(64) }), epoch)],
    ['a receipt of another round', (run) => seal(receiptOf(run, { round: 7 }), epoch)],
  ])('is not %s: the run is abandoned', (_, receipt) =>
    withHarness(async (harness) => {
      const run = await harness.running()
      harness.aggregator.emit(run.runId, closed(0, { task: 'statistics', receipt: receipt(run) }))
      const ended = await harness.untilState(run.runId, 'abandoned')
      expect(ended.reason).toContain('RUN_RECEIPT_REFUSED' satisfies CoordinatorCode)
      expect((await leavesOf(harness)).filter(({ kind }) => kind === 'receipt')).toEqual([])
      expect(await harness.aggregator.stopped(run.runId)).toContain('RUN_RECEIPT_REFUSED')
    }),
  )
})

describe('what the log shows', () => {
  it('is a signed checkpoint of an empty log at first, then larger ones that continue it', () =>
    withHarness(async (harness) => {
      const empty = await opened(harness)
      expect(empty.checkpoint.size).toBe(0)
      await harness.running()
      const three = await opened(harness)
      compareCheckpoints(empty.checkpoint, three.checkpoint, three.consistency)
      await harness.running()
      const six = await opened(harness, 3)
      expect(six.checkpoint.size).toBe(6)
      compareCheckpoints(three.checkpoint, six.checkpoint, six.consistency)
      // Who says that he saw more gets what there is.
      expect(await opened(harness, 100)).toEqual({ checkpoint: six.checkpoint, consistency: [] })
    }))

  it('is signed once for each size', () =>
    withHarness(async (harness) => {
      await harness.running()
      const asked = await Promise.all([1, 2, 3].map(() => harness.control.runs.getCheckpoint({ size: 0 }, ana)))
      expect(new Set(asked.map(({ checkpoint }) => toHex(checkpoint))).size).toBe(1)
    }))

  it('proves a leaf in the tree of any size that holds it, and says when it does not', () =>
    withHarness(async (harness) => {
      await harness.running()
      await harness.running()
      const { checkpoint } = await opened(harness)
      const leaves: Uint8Array[] = []
      for await (const leaf of harness.control.runs.readLeaves({ from: 1, count: 4 }, ana)) leaves.push(leaf)
      expect(leaves).toHaveLength(4)
      const [leaf = new Uint8Array()] = leaves
      const prove = (hash: Uint8Array, size: number) =>
        harness.control.parties.proveInclusion({ leafHash: hash, size }, caller('party', 'bank-a'))
      const { index, path } = await prove(leafHash(leaf), checkpoint.size)
      expect(index).toBe(1)
      verifyInclusion(leafHash(leaf), index, checkpoint, path)
      await expect(prove(leafHash(leaf), 1)).rejects.toEqual(refuses('LEDGER_LEAF_UNKNOWN'))
      await expect(prove(new Uint8Array(32), 6)).rejects.toEqual(refuses('LEDGER_LEAF_UNKNOWN'))
      await expect(prove(leafHash(leaf), 7)).rejects.toEqual(refuses('LEDGER_SIZE'))
    }))

  it('is at most 1,000 leaves at once', async () => {
    await using store = await openStore('sqlite::memory:')
    await store.ledger.append(Array.from({ length: 1_005 }, (_, n) => new TextEncoder().encode(`leaf ${n}`)))
    await using harness = await createHarness({ store, ledgerKey })
    let count = 0
    for await (const _leaf of harness.control.runs.readLeaves({ from: 2, count: 5_000 }, ana)) count++
    expect(count).toBe(1_000)
  })
})

describe('a coordinator that takes up a log', () => {
  it('goes on with its own', () =>
    withHarness(async (harness) => {
      await harness.running()
      const before = await opened(harness)
      await harness.restart()
      await harness.running()
      const after = await opened(harness, before.checkpoint.size)
      compareCheckpoints(before.checkpoint, after.checkpoint, after.consistency)
    }))

  it('refuses one that another key signed', async () => {
    await using store = await openStore('sqlite::memory:')
    const first = await createHarness({ store, ledgerKey })
    await opened(first)
    await first.control.close()
    await using other = await createHarness({ store, ledgerKey: createLedgerKey('test') })
    await expect(other.control.resume()).rejects.toEqual(refuses('LEDGER_OTHER_KEY'))
  })

  it('refuses one that lost leaves it had signed', async () => {
    await using lost = await openStore('sqlite::memory:')
    await using whole = await openStore('sqlite::memory:')
    const leaf = (n: number) => new TextEncoder().encode(`leaf ${n}`)
    await whole.ledger.append([leaf(1), leaf(2), leaf(3)])
    await using harness = await createHarness({ store: whole, ledgerKey })
    const { checkpoint } = await harness.control.runs.getCheckpoint({ size: 0 }, ana)
    await lost.ledger.append([leaf(1), leaf(2)])
    await lost.ledger.keepCheckpoint(3, checkpoint)
    await using rolledBack = await createHarness({ store: lost, ledgerKey })
    await expect(rolledBack.control.resume()).rejects.toEqual(refuses('LEDGER_ROLLED_BACK'))
    await lost.ledger.append([leaf(4), leaf(5)])
    await expect(rolledBack.control.resume()).rejects.toEqual(refuses('LEDGER_INCONSISTENT'))
  })
})
