/**
 * SQLite through @photostructure/sqlite, which is node:sqlite's interface with prebuilt binaries for Node 20 as well;
 * one driver for all releases. Kysely's own SQLite dialect needs only the small adapter below.
 *
 * synchronous=FULL: a commit is one fsync (230-345 a second on the machine this was measured on), and what was
 * acknowledged survives a crash of the process and of the machine. Statements block the event loop while they run.
 */
import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from '@photostructure/sqlite'
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import { type StoreCode, StoreError } from './errors.ts'
import type { Engine, Tables, Translated } from './schema.ts'

type Database = InstanceType<typeof DatabaseSync>

const nothingChanged = { changes: 0, lastInsertRowid: 0 }

/** How long the driver itself waits for another writer. It blocks the event loop, so `translate.ts` does the rest. */
const BUSY_MS = 5
/** Prepared statements kept; the store has about forty. The driver frees them only when they are garbage-collected. */
const KEPT_STATEMENTS = 200

export function openSqlite(path: string): Engine {
  const translate = (error: unknown) => translateSqlite(error, path)
  let database: Database
  try {
    database = openFile(path)
  } catch (error) {
    throw translate(error)?.error ?? unreachable(path, error)
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(database) }) })
  return { engine: 'sqlite', db, bytesType: 'blob', rowLocks: false, translate }
}

function openFile(path: string): Database {
  if (path !== ':memory:') {
    // Created by us before SQLite does, so that there is no moment at which others may read it; -wal and -shm follow it.
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  }
  const database = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

function adapt(database: Database): SqliteDatabase {
  const statements = new Map<string, ReturnType<SqliteDatabase['prepare']>>()
  return {
    prepare: (text) => {
      // Every transaction of the store writes; one that begins by reading could not be upgraded when another has written.
      const sql = text === 'begin' ? 'begin immediate' : text
      const known = statements.get(sql)
      if (known) return known
      const statement = database.prepare(sql)
      const run = (parameters: readonly unknown[]) => statement.run(...parameters)
      const adapted = {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...parameters),
        // SQLite has rolled back by itself after a full disk (sqlite.org/lang_transaction.html, section 3); a second
        // rollback would fail, and hide the first error.
        run: sql === 'rollback' ? () => (database.isTransaction ? run([]) : nothingChanged) : run,
        iterate: (parameters: readonly unknown[]) => statement.iterate(...parameters),
      }
      if (statements.size >= KEPT_STATEMENTS) statements.clear()
      statements.set(sql, adapted)
      return adapted
    },
    close: () => {
      statements.clear()
      // The driver checkpoints only when no statement is left, and those are freed late: so it is done here.
      try {
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // Nothing is lost: what stays in the write-ahead log is read from there when the file is opened again.
      } finally {
        database.close()
      }
    },
  }
}

/** SQLite's result codes (sqlite.org/rescode.html); an extended code has its primary one in the low byte. */
const IOERR_SHMSIZE = 4_874
const codes: ReadonlyMap<number, StoreCode> = new Map([
  [3, 'STORE_UNREACHABLE'],
  [5, 'STORE_BUSY'],
  [6, 'STORE_BUSY'],
  [8, 'STORE_UNREACHABLE'],
  [10, 'STORE_UNREACHABLE'],
  [11, 'STORE_CORRUPT'],
  [13, 'STORE_FULL'],
  [14, 'STORE_UNREACHABLE'],
  [23, 'STORE_UNREACHABLE'],
  [26, 'STORE_CORRUPT'],
])
/** The driver gives no result code for what fails while a statement is prepared, only SQLite's text of it. */
const texts: ReadonlyMap<string, number> = new Map([
  ['database is locked', 5],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['file is not a database', 26],
])

function translateSqlite(error: unknown, path: string): Translated | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined
  const given = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
  const result = given ?? texts.get(error.message) ?? 1
  const code = result === IOERR_SHMSIZE ? 'STORE_FULL' : codes.get(result & 0xff)
  if (!code) return undefined
  const text = `database ${path}: ${error.message} (SQLite ${result})`
  return { error: new StoreError(code, text, { cause: error }), again: code === 'STORE_BUSY' }
}

function unreachable(path: string, error: unknown): Error {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  const text = error instanceof Error ? error.message : String(error)
  const code = full ? 'STORE_FULL' : 'STORE_UNREACHABLE'
  return new StoreError(code, `database ${path} cannot be opened: ${text}`, { cause: error })
}
