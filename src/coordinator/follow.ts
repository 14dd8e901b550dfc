/**
 * Brings accepted runs to the aggregator and follows them to their end; a proposed one it leaves to the parties until
 * its deadline, which calls `take` again. One task per run; all it knows is in the store,
 * so it starts again wherever the run was, after a restart of either side. What fails for now is tried again, slower and
 * slower; what the aggregator refuses ends the run.
 */
import { finalRunStates, type Run, type RunEvent } from '../round/index.ts'
import type { Log } from '../rpc/index.ts'
import { type RunChange, type Store, StoreError } from '../store/index.ts'
import { type AggregatorLink, describe, isRefusal, isUnknownRun } from './aggregator-link.ts'
import type { BackOff } from './back-off.ts'
import { batches } from './batches.ts'
import { collectModel } from './collect.ts'
import { deadlinePassed } from './decisions.ts'
import { CoordinatorError } from './errors.ts'
import type { Proposals } from './proposals.ts'
import { abandon, acceptedParties, aggregatorAway, finish, follow, hasEnded, started } from './runs.ts'

/** Events stored in one transaction. */
const BATCH = 256
/** The form of a receipt of 1,024 parties (120 KB) takes 10 ms to check, and nothing else goes on meanwhile. */
const LARGE_RECEIPT_BYTES = 16_384

export interface FollowerParts {
  readonly store: Store
  readonly link: AggregatorLink
  readonly proposals: Proposals
  /** Changes a run in the store and tells whoever wants to know. */
  readonly change: (runId: string, plan: (run: Run, sourceSequence: number) => RunChange) => Promise<Run>
  readonly backOff: BackOff
  readonly now: () => number
  readonly log: Log
}

export interface Follower {
  /** Sees to a run from wherever it is; a second call while it is being seen to changes nothing. */
  take(runId: string): void
  /** Drops what is being done about a run, for the run has been ended here, and tells the aggregator so. */
  retake(runId: string): Promise<void>
  close(): Promise<void>
}

interface Task {
  readonly leaving: AbortController
  /** Somebody called `take` meanwhile: the task may have looked at the run before it changed. */
  again: boolean
  done: Promise<void>
}

export function createFollower(parts: FollowerParts): Follower {
  const tasks = new Map<string, Task>()
  let closed = false

  const take = (runId: string): void => {
    const present = tasks.get(runId)
    if (present) present.again = true
    if (present || closed) return
    const task: Task = { leaving: new AbortController(), again: false, done: Promise.resolve() }
    tasks.set(runId, task)
    task.done = pursue(parts, runId, task.leaving.signal).then(() => {
      tasks.delete(runId)
      if (task.again && !task.leaving.signal.aborted) take(runId)
    })
  }
  const leave = async (runId: string): Promise<void> => {
    const task = tasks.get(runId)
    task?.leaving.abort()
    await task?.done
  }
  return {
    take,
    retake: async (runId) => {
      await leave(runId)
      take(runId)
    },
    close: async () => {
      closed = true
      await Promise.all([...tasks.keys()].map(leave))
    },
  }
}

/** Never rejects: what happens to a run is in its history and in the log. */
async function pursue(parts: FollowerParts, runId: string, signal: AbortSignal): Promise<void> {
  let attempt = 0
  const progress = (): void => {
    attempt = 0
  }
  while (!signal.aborted) {
    try {
      if (await step(parts, runId, signal, progress)) return
    } catch (error) {
      if (signal.aborted) return
      await failed(parts, runId, error)
      await parts.backOff(attempt++, signal)
    }
  }
}

/** True when nothing is left to do about the run. */
async function step(parts: FollowerParts, runId: string, signal: AbortSignal, progress: () => void): Promise<boolean> {
  const { store, link, change, now } = parts
  const run = await store.runs.get(runId)
  if (!run) return true
  if (run.state === 'proposed') return propose(parts, run)
  parts.proposals.forget(runId)
  if (hasEnded(run)) {
    // An attempt to take its model over may have been cut short by its end.
    if (run.state !== 'finished') await store.models.discard(runId)
    await tellEnd(parts, run, signal)
    return true
  }
  if (run.state === 'accepted') {
    const request = { runId, specJson: run.specJson, parties: acceptedParties(run) }
    await link.api.startRun(request, link.call(signal))
    await change(runId, (current) => started(current, now()))
    progress()
  } else {
    await watch(parts, runId, signal, progress)
  }
  return false
}

/** True while the parties have to decide. */
async function propose({ proposals, change, now }: FollowerParts, run: Run): Promise<boolean> {
  if (proposals.hold(run) === 'waiting') return true
  const plan = (current: Run): RunChange => deadlinePassed(current, proposals.circumstances(current), now())
  return (await change(run.runId, plan)).state === 'proposed'
}

/** Stores the aggregator's events until one ends the run. */
async function watch(parts: FollowerParts, runId: string, signal: AbortSignal, progress: () => void): Promise<void> {
  const { store, link, change, now } = parts
  const afterSequence = await store.runs.sourceSequence(runId)
  const leaving = new AbortController()
  const call = link.stream(AbortSignal.any([signal, leaving.signal]))
  try {
    for await (const batch of batches(link.api.watchAggregation({ runId, afterSequence }, call), BATCH, isLarge)) {
      const end = batch.findIndex(endsRun)
      const last = batch[end]
      const withModel = last?.kind === 'state-changed' && last.state === 'finished'
      const events = withModel ? batch.slice(0, end) : batch
      const run = await change(runId, (current, source) => follow(current, source, events, now()))
      progress()
      if (withModel && !hasEnded(run)) await takeModel(parts, run, last, signal)
      if (last || hasEnded(run)) return
    }
  } finally {
    leaving.abort()
  }
  if (!signal.aborted) throw new CoordinatorError('AGGREGATION_CUT', `the events of run ${runId} ended before the run`)
}

const isLarge = (event: RunEvent): boolean =>
  event.kind === 'round-closed' && event.receipt.length > LARGE_RECEIPT_BYTES

const endsRun = (event: RunEvent): boolean => event.kind === 'state-changed' && finalRunStates.includes(event.state)

/** The run is finished for everybody in the moment its model version is there, and not before. */
async function takeModel(parts: FollowerParts, run: Run, last: RunEvent, signal: AbortSignal): Promise<void> {
  const { store, link, change, now } = parts
  const model = await collectModel(store, link, run, now(), signal)
  await change(run.runId, (current, source) => finish(current, source, last, model))
}

/** The run ended here; the aggregator hears of it until it has understood. */
async function tellEnd({ store, link, change }: FollowerParts, run: Run, signal: AbortSignal): Promise<void> {
  const { runId } = run
  if (!(await store.runs.pendingStops()).includes(runId)) return
  try {
    await link.api.stopAggregation({ runId, reason: run.reason.slice(0, 500) }, link.call(signal))
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  await change(runId, () => ({ events: [], stopPending: false }))
}

async function failed(parts: FollowerParts, runId: string, error: unknown): Promise<void> {
  const { link, change, now, log } = parts
  log.warn({ run: runId, error: describe(error) }, 'a run cannot go on for now')
  const plan = (run: Run): RunChange => {
    if (isUnknownRun(error)) {
      return abandon(
        run,
        `the aggregator at ${link.address} no longer holds this run: its state was lost`,
        false,
        now(),
      )
    }
    if (isRefusal(error)) return abandon(run, `the aggregator at ${link.address}: ${describe(error)}`, true, now())
    return aggregatorAway(run, link.address, describe(error), now())
  }
  // A store that fails cannot keep why it fails; its own error is in the log, and the run goes on when it works again.
  if (error instanceof StoreError) return
  try {
    await change(runId, plan)
  } catch (failure) {
    log.error({ run: runId, error: describe(failure) }, 'a change of a run was not stored')
  }
}
