/**
 * The schema's versions. Each step runs once, in order, in one transaction with the version it leads to; a step that
 * was released is never changed again. A database of a newer release is refused, not guessed at.
 */
import { type Kysely, sql, type Transaction } from 'kysely'
import { StoreError } from './errors.ts'
import type { Engine, Tables } from './schema.ts'

type Step = (db: Transaction<Tables>, bytes: 'blob' | 'bytea') => Promise<void>

/** Any number that other programs on the same PostgreSQL are unlikely to use for an advisory lock: "coff" in ASCII. */
const MIGRATION_LOCK = 0x63_6f_66_66

const steps: readonly Step[] = [firstTables, runsOfModelParts, teeOfRuns, ledgerTables]

export async function migrate({ db, bytesType, rowLocks }: Engine): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (rowLocks) await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction)
    const version = await currentVersion(transaction)
    if (version > steps.length) {
      throw new StoreError(
        'STORE_NEWER_SCHEMA',
        `the database has schema ${version}; this release knows schemas up to ${steps.length}`,
      )
    }
    for (const step of steps.slice(version)) await step(transaction, bytesType)
    await transaction.updateTable('coffer_schema').set({ version: steps.length }).execute()
  })
}

async function currentVersion(db: Kysely<Tables>): Promise<number> {
  await db.schema
    .createTable('coffer_schema')
    .ifNotExists()
    .addColumn('version', 'integer', (c) => c.notNull())
    .execute()
  const row = await db.selectFrom('coffer_schema').select('version').executeTakeFirst()
  if (row) return row.version
  await db.insertInto('coffer_schema').values({ version: 0 }).execute()
  return 0
}

async function firstTables(db: Transaction<Tables>, bytes: 'blob' | 'bytea'): Promise<void> {
  const binary = sql.raw(bytes)
  await db.schema
    .createTable('runs')
    .addColumn('run_id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('spec', binary, (c) => c.notNull())
    .addColumn('job_digest', binary, (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('submitted_by', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('ended_ms', 'bigint')
    .addColumn('round', 'bigint', (c) => c.notNull())
    .addColumn('rounds', 'bigint', (c) => c.notNull())
    .addColumn('metrics_json', 'text', (c) => c.notNull())
    .addColumn('metrics_model', 'bigint', (c) => c.notNull())
    .addColumn('last_sequence', 'bigint', (c) => c.notNull())
    .addColumn('source_sequence', 'bigint', (c) => c.notNull())
    .addColumn('stop_pending', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('runs_by_state').on('runs').columns(['state', 'created_ms']).execute()
  await db.schema.createIndex('runs_by_creation').on('runs').columns(['created_ms', 'run_id']).execute()
  await db.schema
    .createTable('run_parties')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.run_id'))
    .addColumn('party', 'text', (c) => c.notNull())
    .addColumn('place', 'bigint', (c) => c.notNull())
    .addColumn('decision', 'text', (c) => c.notNull())
    .addColumn('reasons_json', 'text', (c) => c.notNull())
    .addColumn('activity', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('run_parties_key', ['run_id', 'party'])
    .execute()
  await db.schema
    .createTable('run_events')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.run_id'))
    .addColumn('sequence', 'bigint', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('source_sequence', 'bigint')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('body_json', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('run_events_key', ['run_id', 'sequence'])
    .addUniqueConstraint('run_events_source', ['run_id', 'source_sequence'])
    .execute()
  await modelTables(db, bytes)
}

async function modelTables(db: Transaction<Tables>, bytes: 'blob' | 'bytea'): Promise<void> {
  const binary = sql.raw(bytes)
  await db.schema
    .createTable('models')
    .addColumn('model_id', 'text', (c) => c.primaryKey())
    .addColumn('run_id', 'text', (c) => c.notNull().unique().references('runs.run_id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('job_digest', binary, (c) => c.notNull())
    .addColumn('digest', binary, (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('rounds', 'bigint', (c) => c.notNull())
    .addColumn('parameters', 'bigint', (c) => c.notNull())
    .addColumn('metrics_json', 'text', (c) => c.notNull())
    .addColumn('spec', binary, (c) => c.notNull())
    .addColumn('standardisation_json', 'text', (c) => c.notNull())
    .addColumn('parties_json', 'text', (c) => c.notNull())
    .execute()
  // Without a reference to `models`: the bytes come first, and count only once the model version is registered.
  await db.schema
    .createTable('model_parts')
    .addColumn('model_id', 'text', (c) => c.notNull())
    .addColumn('part', 'bigint', (c) => c.notNull())
    .addColumn('data', binary, (c) => c.notNull())
    .addPrimaryKeyConstraint('model_parts_key', ['model_id', 'part'])
    .execute()
}

/** Which run the parts are for, so that those of a run that ended without a model can be found. */
async function runsOfModelParts(db: Transaction<Tables>): Promise<void> {
  // Of an attempt that was cut short: it begins from the start anyway.
  const registered = db.selectFrom('models').select('model_id')
  await db.deleteFrom('model_parts').where('model_id', 'not in', registered).execute()
  await db.schema.alterTable('model_parts').addColumn('run_id', 'text').execute()
  await db
    .updateTable('model_parts')
    .set(({ selectFrom }) => ({
      run_id: selectFrom('models').select('models.run_id').whereRef('models.model_id', '=', 'model_parts.model_id'),
    }))
    .execute()
  // With the run in a row after 1 MiB of data, SQLite would read all of that to find it.
  await db.schema.createIndex('model_parts_by_run').on('model_parts').column('run_id').execute()
}

/** In which TEE the aggregator said it ran; of what is older than this step nobody knows. */
async function teeOfRuns(db: Transaction<Tables>): Promise<void> {
  for (const table of ['runs', 'models'] as const) {
    await db.schema
      .alterTable(table)
      .addColumn('tee', 'text', (c) => c.notNull().defaultTo(''))
      .execute()
  }
}

/** The Merkle log begins empty: what happened before this step was entered by nobody. */
async function ledgerTables(db: Transaction<Tables>, bytes: 'blob' | 'bytea'): Promise<void> {
  const binary = sql.raw(bytes)
  await db.schema
    .createTable('ledger_leaves')
    .addColumn('leaf_index', 'bigint', (c) => c.primaryKey())
    .addColumn('leaf_hash', binary, (c) => c.notNull().unique())
    .addColumn('data', binary, (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('ledger_nodes')
    .addColumn('level', 'bigint', (c) => c.notNull())
    .addColumn('node_index', 'bigint', (c) => c.notNull())
    .addColumn('hash', binary, (c) => c.notNull())
    .addPrimaryKeyConstraint('ledger_nodes_key', ['level', 'node_index'])
    .execute()
  await db.schema
    .createTable('ledger_tree')
    .addColumn('id', 'bigint', (c) => c.primaryKey())
    .addColumn('size', 'bigint', (c) => c.notNull())
    .addColumn('peaks', binary, (c) => c.notNull())
    .execute()
  await db.insertInto('ledger_tree').values({ id: 1, size: 0, peaks: new Uint8Array() }).execute()
  await db.schema
    .createTable('ledger_checkpoints')
    .addColumn('size', 'bigint', (c) => c.primaryKey())
    .addColumn('note', binary, (c) => c.notNull())
    .execute()
}
