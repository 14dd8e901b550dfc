import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, it } from 'vitest'
import { openStore, StoreError } from '../../src/store/index.ts'
import { newRun } from './fixtures.ts'

it('gives up, with a code, when another program never lets go of the file', { timeout: 20_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-busy-'))
  const path = join(directory, 'a.db')
  const store = await openStore(`sqlite:${path}`)
  const other = new DatabaseSync(path)
  other.exec('begin immediate')
  const failure = await store.runs.create(newRun()).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(StoreError)
  expect(failure).toMatchObject({ code: 'STORE_BUSY' })
  // Readers are not held up by a writer (write-ahead log).
  expect(await store.runs.list(5)).toEqual([])
  other.close()
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})
