/**
 * PostgreSQL through pg. Rows that a change reads first are locked (SELECT ... FOR UPDATE), so two writers of one run
 * follow each other; a transaction that still loses (40001, 40P01) is repeated by the caller.
 */
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { StoreError, type StoreCode } from './errors.ts'
import type { Engine, Tables, Translated } from './schema.ts'
import { CALL_MS } from '../timeouts/index.ts'

/** Few, because the coordinator writes little: one for changes, the others for watchers and downloads. */
const CONNECTIONS = 6
const CONNECT_MS = CALL_MS / 2
/** No statement of the store takes long; one that does is held up by a lock or a dead network. */
const STATEMENT_MS = CALL_MS
const INT8_OID = 20

export function openPostgres(url: string): Engine {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + CONNECT_MS,
    keepAlive: true,
    application_name: 'coffer',
    // int8 comes as text by default; the columns' numbers all stay below 2^53.
    types: { getTypeParser: (oid, format) => (oid === INT8_OID ? Number : pg.types.getTypeParser(oid, format)) },
  })
  // An idle connection that breaks is dropped by the pool; whoever asks next gets a new one, or the error.
  pool.on('error', () => undefined)
  const { host, pathname } = new URL(url)
  const where = `PostgreSQL at ${host}${pathname}`
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return { engine: 'postgres', db, bytesType: 'bytea', rowLocks: true, translate: (e) => translatePostgres(e, where) }
}

/** SQLSTATE codes and classes (postgresql.org/docs/current/errcodes-appendix.html), and the sockets' error names. */
const meanings: readonly [pattern: RegExp, code: StoreCode, again: boolean][] = [
  [/^53100$/, 'STORE_FULL', false],
  [/^(40001|40P01)$/, 'STORE_BUSY', true],
  [/^(55P03|57014)$/, 'STORE_BUSY', false],
  [/^XX00[12]$/, 'STORE_CORRUPT', false],
  [/^(08...|28...|3D...|3F...|42501|53...|57P..|58...|25006)$/, 'STORE_UNREACHABLE', false],
  [/^E[A-Z_]+$/, 'STORE_UNREACHABLE', false],
]

function translatePostgres(error: unknown, where: string): Translated | undefined {
  if (!(error instanceof Error)) return undefined
  const found = causeWithCode(error)
  const row = found && meanings.find(([pattern]) => pattern.test(found.code))
  if (row) {
    const [, code, again] = row
    return { error: new StoreError(code, `${where}: ${found.message} (${found.code})`, { cause: error }), again }
  }
  // pg has no code for these: "Connection terminated unexpectedly", "timeout exceeded when trying to connect", "Query
  // read timeout", "Client has encountered a connection error and is not queryable".
  if (!found && /connect|terminated|timeout|SSL/i.test(error.message)) {
    const text = `${where}: ${error.message}`
    return { error: new StoreError('STORE_UNREACHABLE', text, { cause: error }), again: false }
  }
  return undefined
}

/** A refused connection to a name with several addresses comes as an AggregateError. */
function causeWithCode(error: Error): { code: string; message: string } | undefined {
  const errors: readonly unknown[] = error instanceof AggregateError ? [error, ...error.errors] : [error]
  for (const each of errors) {
    if (each instanceof Error && 'code' in each && typeof each.code === 'string') {
      return { code: each.code, message: each.message || error.message }
    }
  }
  return undefined
}
