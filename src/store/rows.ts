/**
 * Rows to domain values and back. What comes out of the database is checked like anything from outside: a row that
 * does not decode is STORE_CORRUPT with its place, never a half-filled object.
 */
import { z } from 'zod'
import {
  type ModelVersion,
  type PartyState,
  partyActivities,
  type Run,
  type RunEvent,
  type RunEventBody,
  runStates,
  taskKinds,
} from '../round/index.ts'
import { StoreError } from './errors.ts'
import type { EventRow, ModelRow, PartyRow, RunRow } from './schema.ts'

/** JSON has no NaN and no infinities, but a loss may be one: they are kept by name. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)])
const score = number.exactOptional()
const metrics = z.strictObject({
  auc: score,
  ks: score,
  log_loss: score,
  accuracy: score,
  mse: score,
  mae: score,
} satisfies Record<keyof Run['metrics'], typeof score>)
const names = z.array(z.string())
const standardisation = z.strictObject({ mean: z.array(number), deviation: z.array(number) })
const digest = z
  .string()
  .regex(/^[0-9a-f]*$/)
  .transform((hex) => bytesOf(Buffer.from(hex, 'hex')))

const runState = z.enum(runStates)
const activity = z.enum(partyActivities)

const eventBody = z.discriminatedUnion('kind', [
  // Of events kept before there were receipts the rest is missing.
  z.strictObject({
    kind: z.literal('attested'),
    tee: z.string(),
    epoch: z.string().default(''),
    receiptKey: z.string().default(''),
    evidence: z
      .strictObject({ quote: digest, eventLog: digest, statement: digest })
      .default(() => ({ quote: new Uint8Array(0), eventLog: new Uint8Array(0), statement: new Uint8Array(0) })),
  }),
  z.strictObject({ kind: z.literal('state-changed'), state: runState, reason: z.string() }),
  z.strictObject({
    kind: z.literal('party-changed'),
    party: z.string(),
    activity,
    round: z.number(),
    detail: z.string(),
  }),
  z.strictObject({
    kind: z.literal('round-opened'),
    round: z.number(),
    task: z.enum(taskKinds),
    cohort: names,
    deadlineMs: z.number(),
  }),
  z.strictObject({
    kind: z.literal('round-closed'),
    round: z.number(),
    task: z.enum(taskKinds),
    contributors: names,
    missing: names,
    metrics,
    trainingLoss: number,
    modelDigest: digest,
    gatherMs: z.number(),
    sumMs: z.number(),
    stepMs: z.number(),
    receipt: digest.or(z.literal('').transform(() => new Uint8Array(0))).default(() => new Uint8Array(0)),
  }),
])

const decision = z.enum(['undecided', 'accepted', 'declined'])

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'number' && !Number.isFinite(each)) return String(each)
    return each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each
  })
}

function fromJson<T>(schema: z.ZodType<T>, text: string, where: string): T {
  return decoded(schema, parsed(text, where), where)
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notJson(where, cause)
  }
}

const notJson = (where: string, cause: unknown) =>
  new StoreError('STORE_CORRUPT', `${where}: found text that is not JSON`, { cause })

function decoded<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.map(String).join('.')
  throw new StoreError('STORE_CORRUPT', `${where}${path ? ` at ${path}` : ''}: ${issue?.message ?? 'does not decode'}`)
}

/** pg gives Buffers, which compare and print differently: plain bytes on both engines. */
export function bytesOf(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Keys in the order of a RunEventBody; the event's place and time have columns of their own. */
export function eventBodyJson(event: RunEventBody): string {
  const { sequence, atMs, sourceSequence, ...body } = { sequence: 0, atMs: 0, sourceSequence: 0, ...event }
  return toJson(body)
}

export function eventFromRow(row: Pick<EventRow, 'run_id' | 'sequence' | 'at_ms' | 'body_json'>): RunEvent {
  const body = fromJson(eventBody, row.body_json, `event ${row.sequence} of run ${row.run_id}`)
  return { sequence: row.sequence, atMs: row.at_ms, ...body }
}

export function partyFromRow(row: PartyRow): PartyState {
  const where = `run ${row.run_id}, party ${row.party}`
  return {
    party: row.party,
    decision: decoded(decision, row.decision, `${where}, decision`),
    // Most have none, and there may be a thousand of them.
    reasons: row.reasons_json === '[]' ? [] : fromJson(names, row.reasons_json, `${where}, reasons`),
    activity: decoded(activity, row.activity, `${where}, activity`),
  }
}

/** `parties` in the order of the job spec; `modelId` of the registered model version, if there is one. */
export function runFromRow(row: RunRow, parties: readonly PartyState[], modelId: string | undefined): Run {
  const where = `run ${row.run_id}`
  const state = decoded(runState, row.state, `${where}, state`)
  return {
    runId: row.run_id,
    name: row.name,
    specJson: bytesOf(row.spec),
    jobDigest: bytesOf(row.job_digest),
    state,
    reason: row.reason,
    submittedBy: row.submitted_by,
    createdMs: row.created_ms,
    endedMs: row.ended_ms ?? undefined,
    round: row.round,
    rounds: row.rounds,
    parties,
    metrics: fromJson(metrics, row.metrics_json, `${where}, metrics`),
    metricsModel: row.metrics_model,
    modelId: state === 'finished' ? modelId : undefined,
    tee: row.tee,
  }
}

/** The columns of a run that events change. */
export function derivedColumns(run: Run): Partial<RunRow> {
  return {
    state: run.state,
    reason: run.reason,
    ended_ms: run.endedMs ?? null,
    round: run.round,
    metrics_json: toJson(run.metrics),
    metrics_model: run.metricsModel,
    tee: run.tee,
  }
}

export function modelFromRow(row: ModelRow): ModelVersion {
  const where = `model version ${row.model_id}`
  return {
    modelId: row.model_id,
    runId: row.run_id,
    name: row.name,
    jobDigest: bytesOf(row.job_digest),
    digest: bytesOf(row.digest),
    createdMs: row.created_ms,
    rounds: row.rounds,
    parameters: row.parameters,
    metrics: fromJson(metrics, row.metrics_json, `${where}, metrics`),
    specJson: bytesOf(row.spec),
    standardisation: fromJson(standardisation, row.standardisation_json, `${where}, standardisation`),
    parties: fromJson(names, row.parties_json, `${where}, parties`),
    tee: row.tee,
  }
}

export function modelToRow(model: ModelVersion): ModelRow {
  return {
    model_id: model.modelId,
    run_id: model.runId,
    name: model.name,
    job_digest: model.jobDigest,
    digest: model.digest,
    created_ms: model.createdMs,
    rounds: model.rounds,
    parameters: model.parameters,
    metrics_json: toJson(model.metrics),
    spec: model.specJson,
    standardisation_json: toJson(model.standardisation),
    parties_json: toJson(model.parties),
    tee: model.tee,
  }
}
