/**
 * A disk without room, twice: SQLite's own limit of pages, which works everywhere, and a file system of 1 MiB, which
 * needs the right to mount one.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openStore, type Store, StoreError } from '../../src/store/index.ts'
import { storeOn } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { chunks, newRun, runId } from './fixtures.ts'

const rejectsFull = expect.toSatisfy((error) => error instanceof StoreError && error.code === 'STORE_FULL')

async function fillsUp(store: Store): Promise<number> {
  for (let n = 1; n < 1_000; n++) {
    const specJson = new Uint8Array(40_000).fill(n)
    const failure = await store.runs.create(newRun(n, { specJson })).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (failure === undefined) continue
    expect(failure).toEqual(rejectsFull)
    return n - 1
  }
  throw new Error('the disk never became full')
}

/** What was acknowledged is there, what was refused is not, and reading goes on. */
async function holdsExactly(store: Store, count: number): Promise<void> {
  expect(await store.runs.countUnfinished()).toBe(count)
  for (const run of await store.runs.list(1_000)) {
    expect(run.parties).toHaveLength(3)
    expect(await store.events.read(run.runId, 0, 10)).toHaveLength(1)
  }
}

describe('a full disk', () => {
  it('is refused with a code, keeps what was acknowledged, and goes on when there is room', async () => {
    const engine = openSqlite(':memory:')
    const store = await storeOn(engine)
    const limit = (pages: number) => sql.raw(`pragma max_page_count = ${pages}`).execute(engine.db)
    await limit(200)
    const count = await fillsUp(store)
    expect(count).toBeGreaterThan(5)
    await holdsExactly(store, count)
    await expect(store.models.write('00', runId(1), chunks(new Uint8Array(3 << 20), 1 << 20))).rejects.toEqual(
      rejectsFull,
    )
    await limit(1_000_000)
    await store.runs.create(newRun(count + 1))
    await holdsExactly(store, count + 1)
    await store.close()
  })

  it('is the same on a file system of 1 MiB', async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'coffer-full-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' })
    if (mounted.status !== 0) {
      rmSync(directory, { recursive: true })
      console.info('the full file system is skipped: mounting a tmpfs is not allowed here')
      return context.skip()
    }
    try {
      const url = `sqlite:${join(directory, 'store.db')}`
      const store = await openStore(url)
      const count = await fillsUp(store)
      await holdsExactly(store, count)
      await store.close()
      await using again = await openStore(url)
      await holdsExactly(again, count)
    } finally {
      spawnSync('umount', ['-l', directory])
      rmSync(directory, { recursive: true })
    }
  })
})
