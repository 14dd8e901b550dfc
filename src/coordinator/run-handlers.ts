/** RunService: what people ask of the coordinator. */
import { randomBytes } from 'node:crypto'
import { canonicalSpec, jobDigest, readJobSpec } from '../job/index.ts'
import { encodedColumns, planModel } from '../learning/index.ts'
import type { ModelVersion, Run } from '../round/index.ts'
import { type CoordinatorStatus, RpcError, type RunApi, type ServerCall } from '../rpc/index.ts'
import type { Store } from '../store/index.ts'
import type { AggregatorLink } from './aggregator-link.ts'
import type { Attendance } from './attendance.ts'
import type { Changes } from './changes.ts'
import { waitingFor, withPresentReason } from './decisions.ts'
import { CoordinatorError } from './errors.ts'
import type { Follower, FollowerParts } from './follow.ts'
import type { Ledger } from './ledger.ts'
import type { Proposals } from './proposals.ts'
import { stop } from './runs.ts'
import { watchRun } from './watch.ts'

/** With 1,024 parties and their reasons (80 KiB and 300 KiB) a run still fits one message of 1 MiB and 64 KiB. */
export const MAXIMUM_CANONICAL_SPEC_BYTES = 640 * 1024
const LISTED = 50
/** For the rows of a list: a message holds 1 MiB and 64 KiB. */
const LIST_BYTES = 900 * 1024

export interface RunHandlerParts {
  readonly store: Store
  readonly changes: Changes
  readonly change: FollowerParts['change']
  readonly follower: Follower
  readonly attendance: Attendance
  readonly proposals: Proposals
  readonly ledger: Ledger
  readonly link: AggregatorLink
  readonly now: () => number
  readonly draining: AbortSignal
  /** Runs that have not ended: each costs a stream to the aggregator and its place in each party's list. */
  readonly maximumRuns: number
  readonly about: Pick<CoordinatorStatus, 'version' | 'federation' | 'store'>
}

export function createRunHandlers(parts: RunHandlerParts): RunApi<ServerCall> {
  const { store, change, follower, proposals, ledger, now } = parts
  const present = (run: Run): Run => withPresentReason(run, proposals.held(run.runId))
  return {
    getCheckpoint: ledger.getCheckpoint,
    proveInclusion: ledger.proveInclusion,
    readLeaves: ledger.readLeaves,
    submitRun: ({ specJson }, { peer }) => submit(parts, specJson, peer.name),
    listRuns: async ({ limit }) => {
      const newest = await store.runs.list(limit || LISTED)
      return { runs: fitting(newest.map(present).map(brief), runBytes) }
    },
    getRun: async ({ runId }) => present(await oneRun(store, runId)),
    watchRun: ({ runId, afterSequence }, call) => watch(parts, runId, afterSequence, call),
    stopRun: async ({ runId, reason }, { peer }) => {
      const found = await oneRun(store, runId)
      const run = await change(found.runId, (current) => stop(current, peer.name, reason, now()))
      await follower.retake(run.runId)
      return run
    },
    listModels: async ({ limit }) => ({ models: fitting(await store.models.list(limit || LISTED), modelBytes) }),
    getModel: ({ modelId }) => oneModel(store, modelId),
    downloadModel: ({ modelId }) => download(store, modelId),
    getStatus: async (_, call) => status(parts, call.signal),
  }
}

async function submit(parts: RunHandlerParts, text: Uint8Array, submittedBy: string): Promise<Run> {
  const { store, changes, follower, attendance, now, maximumRuns } = parts
  const spec = readJobSpec(text)
  // A topology that cannot be built, or does not fit the task, is refused here rather than by every party.
  planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const specJson = canonicalSpec(spec)
  if (specJson.length > MAXIMUM_CANONICAL_SPEC_BYTES) {
    const text = `job spec '${spec.name}' has ${specJson.length} bytes in canonical form; at most ${MAXIMUM_CANONICAL_SPEC_BYTES}`
    throw new CoordinatorError('RUN_SPEC_TOO_LARGE', text)
  }
  const unfinished = await store.runs.countUnfinished()
  // Submissions of the same moment may exceed it by a few: it protects memory, and is no quota.
  if (unfinished >= maximumRuns) {
    throw new CoordinatorError('RUN_LIMIT', `${unfinished} runs have not ended; at most ${maximumRuns} are held`)
  }
  const run = await store.runs.create({
    runId: randomBytes(16).toString('hex'),
    name: spec.name,
    specJson,
    jobDigest: jobDigest(specJson),
    submittedBy,
    createdMs: now(),
    rounds: spec.rounds.count,
    parties: spec.parties,
    reason: waitingFor(spec.parties, attendance.isConnected),
  })
  changes.announce(run, undefined)
  // Begins the deadline for the decisions.
  follower.take(run.runId)
  return run
}

async function* watch(parts: RunHandlerParts, beginning: string, afterSequence: number, { signal }: ServerCall) {
  const { store, changes, draining } = parts
  const { runId } = await oneRun(store, beginning)
  yield* watchRun(store, changes, runId, afterSequence, AbortSignal.any([signal, draining]))
  // An end without an error means that the run's last event has been sent.
  if (draining.aborted) throw new RpcError('PEER_DRAINING', 'the coordinator is shutting down')
}

async function* download(store: Store, beginning: string) {
  const { modelId } = await oneModel(store, beginning)
  yield* store.models.read(modelId)
}

async function status({ link, attendance, now, about }: RunHandlerParts, signal: AbortSignal) {
  const { reachable, detail } = await link.probe(signal)
  return {
    ...about,
    connectedParties: attendance.connected(),
    aggregatorReachable: reachable,
    aggregatorDetail: detail,
    timeMs: now(),
  }
}

async function oneRun(store: Store, beginning: string): Promise<Run> {
  const [run, another] = await store.runs.find(beginning)
  if (!run) throw new CoordinatorError('RUN_UNKNOWN', `no run's id begins with ${beginning}`)
  if (!another) return run
  throw new CoordinatorError('RUN_AMBIGUOUS', `${beginning} begins ${run.runId}, ${another.runId} and maybe more`)
}

async function oneModel(store: Store, beginning: string): Promise<ModelVersion> {
  const [model, another] = await store.models.find(beginning)
  if (!model) throw new CoordinatorError('MODEL_UNKNOWN', `no model version's id begins with ${beginning}`)
  if (!another) return model
  throw new CoordinatorError(
    'MODEL_AMBIGUOUS',
    `${beginning} begins ${model.modelId}, ${another.modelId} and maybe more`,
  )
}

/** In a list a run comes without the parties' reasons; `getRun` has them. The wire leaves out the spec as well. */
const brief = (run: Run): Run => ({ ...run, parties: run.parties.map((party) => ({ ...party, reasons: [] })) })

const runBytes = (run: Run): number =>
  600 + run.tee.length + 3 * run.reason.length + sum(run.parties.map(({ party }) => party.length + 10))
const modelBytes = (model: ModelVersion): number =>
  600 + model.tee.length + sum(model.parties.map((party) => party.length + 2))
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/** The first rows that go into one message. */
function fitting<T>(rows: readonly T[], bytesOf: (row: T) => number): readonly T[] {
  let left = LIST_BYTES
  return rows.filter((row) => {
    left -= bytesOf(row)
    return left >= 0
  })
}
