/**
 * Runs and the one way to change them. A change reads the run under its lock, lets the caller's plan decide, and writes
 * decision, events, the row that follows from them, the model version and the leaves of the log in one transaction.
 */
import type { Kysely, Transaction } from 'kysely'
import { finalRunStates, type PartyActivity, type PartyState, type Run, type RunEvent } from '../round/index.ts'
import { applyEvents } from './apply-event.ts'
import { StoreError } from './errors.ts'
import { KnownParties } from './known-parties.ts'
import { appendTo } from './ledger.ts'
import { bytesOf, derivedColumns, eventBodyJson, modelToRow, partyFromRow, runFromRow, toJson } from './rows.ts'
import type { Engine, RunRow, Tables } from './schema.ts'
import type { Changed, NewEvent, NewRun, RunChange, RunStore } from './store.ts'
import type { Translator } from './translate.ts'

type Database = Kysely<Tables> | Transaction<Tables>

/** SQLite allows 32,766 bound values in a statement, PostgreSQL 65,535; the widest row binds seven. */
const ROWS_PER_INSERT = 1_000

export function createRunStore(engine: Engine, { guard, transaction }: Translator): RunStore {
  const { db } = engine
  const known = new KnownParties()
  return {
    create: (run) => transaction((tx) => create(tx, run)),
    get: (runId) => guard(async () => (await load(db, await rowOf(db, runId), known))[0]),
    find: (prefix) =>
      guard(async () => {
        const rows = await db.selectFrom('runs').selectAll().where('run_id', 'like', `${prefix}%`).limit(2).execute()
        return load(db, rows, known)
      }),
    list: (limit) =>
      guard(async () => {
        const newest = db.selectFrom('runs').selectAll().orderBy('created_ms', 'desc').orderBy('run_id')
        return load(db, await newest.limit(limit).execute(), known)
      }),
    unfinished: (party) =>
      guard(async () => {
        const query = party === undefined ? unfinished(db) : unfinished(db).where('run_id', 'in', runsNaming(db, party))
        const rows = await query.select('run_id').orderBy('created_ms').orderBy('run_id').execute()
        return rows.map((row) => row.run_id)
      }),
    countUnfinished: () =>
      guard(async () => {
        const row = await unfinished(db)
          .select(({ fn }) => fn.countAll().as('count'))
          .executeTakeFirstOrThrow()
        return Number(row.count)
      }),
    pendingStops: () =>
      guard(async () => {
        const rows = await db.selectFrom('runs').select('run_id').where('stop_pending', '=', 1).execute()
        return rows.map((row) => row.run_id)
      }),
    change: async (runId, plan) => {
      const { lastSequence, ...changed } = await transaction((tx) => change(engine, tx, known, runId, plan))
      known.keep(runId, lastSequence, changed.run.parties)
      return changed
    },
    sourceSequence: (runId) =>
      guard(async () => {
        const query = db.selectFrom('runs').select('source_sequence').where('run_id', '=', runId)
        return (await query.executeTakeFirst())?.source_sequence ?? 0
      }),
  }
}

const unfinished = (db: Database) => db.selectFrom('runs').where('state', 'not in', finalRunStates)

const runsNaming = (db: Database, party: string) =>
  db.selectFrom('run_parties').select('run_id').where('party', '=', party)

const rowOf = (db: Database, runId: string) => db.selectFrom('runs').selectAll().where('run_id', '=', runId).execute()

/** @param known what is not there is read, and kept there; left out where what is read may yet be undone */
async function load(db: Database, rows: readonly RunRow[], known?: KnownParties): Promise<readonly Run[]> {
  const partiesOf = new Map<string, readonly PartyState[]>()
  const unknown: RunRow[] = []
  for (const row of rows) {
    const parties = known?.of(row.run_id, row.last_sequence)
    if (parties === undefined) unknown.push(row)
    else partiesOf.set(row.run_id, parties)
  }
  for (const [runId, parties] of await readParties(db, unknown)) partiesOf.set(runId, parties)
  for (const row of unknown) known?.keep(row.run_id, row.last_sequence, partiesOf.get(row.run_id) ?? [])
  const modelOf = await readModelIds(db, rows)
  return rows.map((row) => runFromRow(row, partiesOf.get(row.run_id) ?? [], modelOf.get(row.run_id)))
}

async function readParties(db: Database, runs: readonly RunRow[]): Promise<ReadonlyMap<string, PartyState[]>> {
  const found = new Map<string, PartyState[]>(runs.map(({ run_id }) => [run_id, []]))
  if (runs.length === 0) return found
  const query = db
    .selectFrom('run_parties')
    .selectAll()
    .where('run_id', 'in', [...found.keys()])
  for (const row of await query.orderBy('place').execute()) found.get(row.run_id)?.push(partyFromRow(row))
  return found
}

/** Only a run that has finished has one. */
async function readModelIds(db: Database, runs: readonly RunRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = runs.filter(({ state }) => state === 'finished').map(({ run_id }) => run_id)
  if (ids.length === 0) return new Map()
  const models = await db.selectFrom('models').select(['run_id', 'model_id']).where('run_id', 'in', ids).execute()
  return new Map(models.map((model) => [model.run_id, model.model_id]))
}

async function create(db: Transaction<Tables>, run: NewRun): Promise<Run> {
  const row = rowOfNew(run)
  const inserted = await db
    .insertInto('runs')
    .values(row)
    .onConflict((conflict) => conflict.column('run_id').doNothing())
    .returning('run_id')
    .execute()
  if (inserted.length > 0) {
    const parties = run.parties.map((party, place) => ({
      run_id: run.runId,
      party,
      place,
      decision: 'undecided',
      reasons_json: '[]',
      activity: 'absent',
    }))
    await inChunks(parties, (chunk) => db.insertInto('run_parties').values(chunk).execute())
    await insertEvents(db, run.runId, [
      { sequence: 1, event: { atMs: run.createdMs, kind: 'state-changed', state: 'proposed', reason: run.reason } },
    ])
  }
  const [stored] = await load(db, await rowOf(db, run.runId))
  if (!stored || !Buffer.from(run.jobDigest).equals(stored.jobDigest) || stored.submittedBy !== run.submittedBy) {
    throw new StoreError('STORE_CONFLICT', `run ${run.runId} is already stored with another job or another submitter`)
  }
  return stored
}

function rowOfNew(run: NewRun): RunRow {
  return {
    run_id: run.runId,
    name: run.name,
    spec: run.specJson,
    job_digest: bytesOf(run.jobDigest),
    state: 'proposed',
    reason: run.reason,
    submitted_by: run.submittedBy,
    created_ms: run.createdMs,
    ended_ms: null,
    round: 0,
    rounds: run.rounds,
    metrics_json: '{}',
    metrics_model: 0,
    tee: '',
    last_sequence: 1,
    source_sequence: 0,
    stop_pending: 0,
  }
}

async function change(
  engine: Engine,
  db: Transaction<Tables>,
  known: KnownParties,
  runId: string,
  plan: (run: Run, sourceSequence: number) => RunChange,
): Promise<Changed & { readonly lastSequence: number }> {
  const query = db.selectFrom('runs').selectAll().where('run_id', '=', runId)
  const row = await (engine.rowLocks ? query.forUpdate() : query).executeTakeFirst()
  const [before] = row ? await load(db, [row], known) : []
  if (!row || !before) throw new StoreError('STORE_UNKNOWN_RUN', `run ${runId} is not in the store`)
  const planned = plan(before, row.source_sequence)

  const numbered = planned.events.map((event, index) => ({ sequence: row.last_sequence + 1 + index, event }))
  const events = numbered.map(({ sequence, event }) => withSequence(sequence, event))
  const after = applyEvents(withDecision(before, planned.decision), events)
  const lastSequence = row.last_sequence + events.length
  const columns: Partial<RunRow> = {
    ...derivedColumns(after),
    last_sequence: lastSequence,
    source_sequence: lastSource(row.source_sequence, planned),
    stop_pending: planned.stopPending === undefined ? row.stop_pending : Number(planned.stopPending),
  }
  await db.updateTable('runs').set(columns).where('run_id', '=', runId).execute()
  await insertEvents(db, runId, numbered)
  await updateParties(db, before, after, planned.decision?.party)
  if (planned.model) await db.insertInto('models').values(modelToRow(planned.model)).execute()
  // Last, because the whole log waits for this transaction from here on.
  await appendTo(engine, db, planned.leaves ?? [])
  const modelId = after.state === 'finished' ? (planned.model?.modelId ?? before.modelId) : undefined
  return { run: { ...after, modelId }, events, lastSequence }
}

const lastSource = (before: number, planned: RunChange) =>
  planned.events.reduce(
    (last, event) => Math.max(last, event.sourceSequence ?? 0),
    Math.max(before, planned.sourceSequence ?? 0),
  )

function withSequence(sequence: number, event: NewEvent): RunEvent {
  const { sourceSequence: _, ...rest } = event
  return { sequence, ...rest }
}

function withDecision(run: Run, decision: RunChange['decision']): Run {
  if (!decision) return run
  const parties = run.parties.map((party) =>
    party.party === decision.party ? { ...party, decision: decision.decision, reasons: decision.reasons } : party,
  )
  return { ...run, parties }
}

async function insertEvents(
  db: Transaction<Tables>,
  runId: string,
  numbered: readonly { sequence: number; event: NewEvent }[],
): Promise<void> {
  const rows = numbered.map(({ sequence, event }) => ({
    run_id: runId,
    sequence,
    at_ms: event.atMs,
    source_sequence: event.sourceSequence ?? null,
    kind: event.kind,
    body_json: eventBodyJson(event),
  }))
  await inChunks(rows, (chunk) => db.insertInto('run_events').values(chunk).execute())
}

async function updateParties(
  db: Transaction<Tables>,
  before: Run,
  after: Run,
  decided: string | undefined,
): Promise<void> {
  const changed = new Map<PartyActivity, string[]>()
  for (const [index, { party, activity }] of after.parties.entries()) {
    if (before.parties[index]?.activity === activity) continue
    const parties = changed.get(activity) ?? []
    parties.push(party)
    changed.set(activity, parties)
  }
  const ofRun = db.updateTable('run_parties').where('run_id', '=', before.runId)
  for (const [activity, parties] of changed) await ofRun.set({ activity }).where('party', 'in', parties).execute()
  const party = after.parties.find((each) => each.party === decided)
  if (!party) return
  const columns = { decision: party.decision, reasons_json: toJson(party.reasons) }
  await ofRun.set(columns).where('party', '=', party.party).execute()
}

async function inChunks<T>(rows: readonly T[], insert: (chunk: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) await insert(rows.slice(at, at + ROWS_PER_INSERT))
}
