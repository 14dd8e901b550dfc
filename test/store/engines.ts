/**
 * The engines every test of the store runs on: SQLite always, PostgreSQL when COFFER_TEST_POSTGRES names a database in
 * which the tests may make schemas (postgres://user@host:port/database).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  /** Runs SQL beside the store, as an administrator or an attacker would. */
  query(sql: string): Promise<void>
  rows(sql: string): Promise<readonly unknown[]>
}

export interface TestEngine {
  readonly name: 'sqlite' | 'postgres'
  create(): Promise<TestDatabase>
}

const postgresUrl = process.env.COFFER_TEST_POSTGRES

export const sqliteEngine: TestEngine = {
  name: 'sqlite',
  create: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coffer-store-'))
    const path = join(directory, 'store.db')
    return {
      url: `sqlite:${path}`,
      query: async (sql) => {
        const { DatabaseSync } = await import('@photostructure/sqlite')
        const database = new DatabaseSync(path)
        database.exec(sql)
        database.close()
      },
      rows: async (sql) => {
        const { DatabaseSync } = await import('@photostructure/sqlite')
        const database = new DatabaseSync(path)
        const rows = database.prepare(sql).all()
        database.close()
        return rows.map((row) => ({ ...Object(row) }))
      },
      [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
    }
  },
}

let schemas = 0

function postgresEngine(url: string): TestEngine {
  return {
    name: 'postgres',
    create: async () => {
      const schema = `coffer_${process.pid}_${++schemas}`
      const rows = async (sql: string): Promise<readonly unknown[]> => {
        const client = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
        await client.connect()
        const result = await client.query<Record<string, unknown>>(sql)
        await client.end()
        return result.rows
      }
      const once = async (sql: string): Promise<void> => void (await rows(sql))
      await once(`create schema ${schema}`)
      const own = new URL(url)
      own.searchParams.set('options', `-c search_path=${schema}`)
      return {
        url: own.href.replaceAll('+', '%20'),
        query: once,
        rows,
        [Symbol.asyncDispose]: () => once(`drop schema ${schema} cascade`),
      }
    },
  }
}

if (!postgresUrl) console.info('PostgreSQL tests are skipped: COFFER_TEST_POSTGRES is not set')

export const engines: readonly TestEngine[] = postgresUrl ? [sqliteEngine, postgresEngine(postgresUrl)] : [sqliteEngine]
