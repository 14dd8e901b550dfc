import { describe, expect, it } from 'vitest'
import {
  consistencyRanges,
  inclusionRanges,
  LedgerError,
  proofOf,
  rangeNodes,
  treeRoot,
} from '../../src/ledger/index.ts'
import { openStore, type Store, StoreError } from '../../src/store/index.ts'
import { buildLog, hashOf, headOf, numbered } from '../ledger/logs.ts'
import { engines } from './engines.ts'
import { newRun, runId, state } from './fixtures.ts'

const headNow = async (store: Store) => {
  const tree = await store.ledger.tree()
  return { size: tree.size, root: treeRoot(tree) }
}

describe.each(engines)('the log on $name', (engine) => {
  it('keeps leaves, their places, and the tree that RFC 9162 makes of them', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    const leaves = numbered(11)
    const log = buildLog(leaves)
    expect(await headNow(store)).toEqual(headOf(log, 0))
    await store.ledger.append(leaves.slice(0, 4))
    await store.ledger.append([])
    await store.ledger.append(leaves.slice(4))
    expect(await headNow(store)).toEqual(headOf(log, 11))
    expect(await store.ledger.leaves(3, 5)).toEqual(leaves.slice(3, 8))
    expect(await store.ledger.leaves(11, 5)).toEqual([])
    expect(await store.ledger.indexOf(hashOf(log, 7))).toBe(7)
    expect(await store.ledger.indexOf(new Uint8Array(32))).toBeUndefined()
  })

  it('gives the nodes of every proof, and nothing for one that is not there', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    const log = buildLog(numbered(13))
    await store.ledger.append(numbered(13))
    const proof = async (ranges: ReturnType<typeof inclusionRanges>) =>
      proofOf(ranges, await store.ledger.nodes(ranges.flatMap(rangeNodes)))
    for (let size = 1; size <= 13; size++) {
      expect(await proof(consistencyRanges(size, 13))).toEqual(log.consistency(size, 13))
      expect(await proof(inclusionRanges(size - 1, 13))).toEqual(log.inclusion(size - 1, 13))
    }
    const read = await store.ledger.nodes([{ level: 9, index: 0 }])
    expect(read({ level: 9, index: 0 })).toBeUndefined()
  })

  it('enters a leaf once, whoever brings it again and how often in one change', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    const [first, second] = numbered(2)
    if (first === undefined || second === undefined) throw new Error('two leaves were made')
    await store.ledger.append([first, first])
    await store.ledger.append([first, second, second])
    expect(await headNow(store)).toEqual(headOf(buildLog(numbered(2)), 2))
  })

  it('enters leaves with the change of a run, or nothing of either', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.runs.create(newRun())
    await store.runs.change(runId(1), () => ({ events: [state('accepted')], leaves: numbered(1) }))
    expect((await store.ledger.tree()).size).toBe(1)
    const twice = { ...state('running'), sourceSequence: 1 }
    await store.runs.change(runId(1), () => ({ events: [twice] }))
    await expect(
      store.runs.change(runId(1), () => ({ events: [twice], leaves: numbered(2) })),
      'the event is there already, which the database refuses',
    ).rejects.toThrow(/unique/i)
    expect((await store.ledger.tree()).size).toBe(1)
  })

  it('puts writers of several programs in order', async () => {
    await using database = await engine.create()
    await using one = await openStore(database.url)
    await using other = await openStore(database.url)
    const write = async (store: Store, name: string) => {
      for (const leaf of numbered(20, name)) await store.ledger.append([leaf])
    }
    await Promise.all([write(one, 'one'), write(other, 'other')])
    const leaves = await one.ledger.leaves(0, 100)
    expect(leaves).toHaveLength(40)
    expect(await headNow(other)).toEqual(headOf(buildLog(leaves), 40))
  })

  it('keeps the first note of each size and knows the largest', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    expect(await store.ledger.newestCheckpoint()).toBeUndefined()
    const note = (text: string) => new TextEncoder().encode(text)
    expect(await store.ledger.keepCheckpoint(10, note('ten'))).toEqual(note('ten'))
    expect(await store.ledger.keepCheckpoint(9, note('nine'))).toEqual(note('nine'))
    expect(await store.ledger.keepCheckpoint(10, note('another ten'))).toEqual(note('ten'))
    expect(await store.ledger.newestCheckpoint()).toEqual({ size: 10, note: note('ten') })
  })

  it('is there again after the store was closed', async () => {
    await using database = await engine.create()
    const first = await openStore(database.url)
    await first.ledger.append(numbered(3))
    await first.close()
    await using again = await openStore(database.url)
    await again.ledger.append(numbered(7))
    expect(await headNow(again)).toEqual(headOf(buildLog(numbered(7)), 7))
  })

  it('refuses a tree that was damaged or taken away', async () => {
    await using database = await engine.create()
    await using store = await openStore(database.url)
    await store.ledger.append(numbered(3))
    await database.query('update ledger_tree set size = 4')
    await expect(store.ledger.tree()).rejects.toSatisfy(
      (error) => error instanceof LedgerError && error.code === 'LEDGER_STATE_INVALID',
    )
    await database.query('delete from ledger_tree')
    await expect(store.ledger.append(numbered(4))).rejects.toSatisfy(
      (error) => error instanceof StoreError && error.code === 'STORE_CORRUPT',
    )
  })
})
