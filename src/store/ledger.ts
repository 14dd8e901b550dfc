/**
 * The Merkle log as rows: leaves, complete nodes, the state of the tree, signed checkpoints. An append reads the tree
 * under its lock, so two writers follow each other, and it writes in the transaction of the change that causes it: a
 * leaf is in the log exactly if that change happened.
 */
import type { Transaction } from 'kysely'
import { toHex } from '../crypto/index.ts'
import { appendLeaves, leafHash, readTreeState, type TreeNode, type TreeState } from '../ledger/index.ts'
import { StoreError } from './errors.ts'
import { bytesOf } from './rows.ts'
import type { Engine, LedgerTreeRow, Tables } from './schema.ts'
import type { LedgerStore } from './store.ts'
import type { Translator } from './translate.ts'

const TREE = 1
const HASH_BYTES = 32
/** Far below the bound values that a statement may have. */
const ROWS_PER_STATEMENT = 1_000

export function createLedgerStore(engine: Engine, { guard, transaction }: Translator): LedgerStore {
  const { db } = engine
  return {
    tree: () =>
      guard(async () => treeFromRow(await db.selectFrom('ledger_tree').selectAll().where('id', '=', TREE).execute())),
    append: (leaves) => transaction((tx) => appendTo(engine, tx, leaves)),
    leaves: (from, count) =>
      guard(async () => {
        const rows = db.selectFrom('ledger_leaves').select('data').where('leaf_index', '>=', from)
        const page = await rows.orderBy('leaf_index').limit(count).execute()
        return page.map(({ data }) => bytesOf(data))
      }),
    indexOf: (hash) =>
      guard(async () => {
        const query = db.selectFrom('ledger_leaves').select('leaf_index').where('leaf_hash', '=', bytesOf(hash))
        return (await query.executeTakeFirst())?.leaf_index
      }),
    nodes: (nodes) => guard(() => readNodes(engine, nodes)),
    newestCheckpoint: () =>
      guard(async () => {
        const newest = db.selectFrom('ledger_checkpoints').selectAll().orderBy('size', 'desc').limit(1)
        const row = await newest.executeTakeFirst()
        return row && { size: row.size, note: bytesOf(row.note) }
      }),
    keepCheckpoint: (size, note) =>
      guard(async () => {
        const row = { size, note: bytesOf(note) }
        await db
          .insertInto('ledger_checkpoints')
          .values(row)
          .onConflict((conflict) => conflict.column('size').doNothing())
          .execute()
        const kept = db.selectFrom('ledger_checkpoints').select('note').where('size', '=', size)
        return bytesOf((await kept.executeTakeFirstOrThrow()).note)
      }),
  }
}

/** Enters those of the leaves that are not in the log, in order, in this transaction. */
export async function appendTo(
  { rowLocks }: Engine,
  db: Transaction<Tables>,
  leaves: readonly Uint8Array[],
): Promise<void> {
  if (leaves.length === 0) return
  const query = db.selectFrom('ledger_tree').selectAll().where('id', '=', TREE)
  const before = treeFromRow(await (rowLocks ? query.forUpdate() : query).execute())
  const fresh = await notEntered(db, leaves)
  if (fresh.length === 0) return
  const { state, nodes } = appendLeaves(
    before,
    fresh.map(({ hash }) => hash),
  )
  const leafRows = fresh.map(({ hash, data }, at) => ({ leaf_index: before.size + at, leaf_hash: hash, data }))
  const nodeRows = nodes.map(({ level, index, hash }) => ({ level, node_index: index, hash }))
  for (const rows of pages(leafRows)) await db.insertInto('ledger_leaves').values(rows).execute()
  for (const rows of pages(nodeRows)) await db.insertInto('ledger_nodes').values(rows).execute()
  const row = { size: state.size, peaks: new Uint8Array(Buffer.concat(state.peaks)) }
  await db.updateTable('ledger_tree').set(row).where('id', '=', TREE).execute()
}

async function notEntered(db: Transaction<Tables>, leaves: readonly Uint8Array[]) {
  const byHash = new Map(leaves.map((data) => [toHex(leafHash(data)), { hash: leafHash(data), data: bytesOf(data) }]))
  for (const page of pages([...byHash.values()])) {
    const hashes = page.map(({ hash }) => hash)
    const query = db.selectFrom('ledger_leaves').select('leaf_hash').where('leaf_hash', 'in', hashes)
    for (const { leaf_hash } of await query.execute()) byHash.delete(toHex(bytesOf(leaf_hash)))
  }
  return [...byHash.values()]
}

function treeFromRow([row]: readonly LedgerTreeRow[]): TreeState {
  if (row === undefined) throw new StoreError('STORE_CORRUPT', 'the state of the ledger is missing')
  const peaks = bytesOf(row.peaks)
  const count = Math.ceil(peaks.length / HASH_BYTES)
  return readTreeState(
    row.size,
    Array.from({ length: count }, (_, at) => peaks.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES)),
  )
}

/** A proof needs at most two nodes of each level. */
async function readNodes({ db }: Engine, nodes: readonly TreeNode[]) {
  const found = new Map<string, Uint8Array>()
  for (const level of new Set(nodes.map((node) => node.level))) {
    const indexes = nodes.filter((node) => node.level === level).map(({ index }) => index)
    const query = db.selectFrom('ledger_nodes').select(['node_index', 'hash']).where('level', '=', level)
    const rows = await query.where('node_index', 'in', indexes).execute()
    for (const { node_index, hash } of rows) found.set(`${level}/${node_index}`, bytesOf(hash))
  }
  return ({ level, index }: TreeNode) => found.get(`${level}/${index}`)
}

function* pages<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) yield rows.slice(at, at + ROWS_PER_STATEMENT)
}
