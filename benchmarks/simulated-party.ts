/**
 * What benchmarks of whole rounds play with: a job of a certain size, and parties that answer each of its tasks with a
 * finished update, over the way on which real agents send theirs. No training is in the figures.
 */
import { setMaxListeners } from 'node:events'
import { uploadUpdate } from '../parties/agent/upload.ts'
import { sha256 } from '../src/crypto/index.ts'
import { canonicalSpec, jobDigest, type JobSpec, parseJobSpec } from '../src/job/index.ts'
import { encodedColumns, metricsLayout, planModel, statisticsLayout, trainLayout } from '../src/learning/index.ts'
import type { RunEvent } from '../src/round/index.ts'
import { summations } from '../src/round/index.ts'
import { aggregationService, type ClientCall, type RoundApi, type Task } from '../src/rpc/index.ts'
import type { UpdateLayout } from '../src/update/index.ts'
import type { Federation } from './aggregator-process.ts'

/** Layers of a model with so many parameters, over 20 columns. */
export const hiddenOf = { '10^4': [400], '10^6': [990, 990], '10^7': [3150, 3150] } as const

export interface Job {
  readonly runId: string
  readonly spec: JobSpec
  readonly specJson: Uint8Array
  readonly layout: UpdateLayout
}

/** @param quorum with which a round closes when nobody who is there owes an update */
export function jobOf(parties: number, hidden: readonly number[], rounds: number, quorum = parties): Job {
  const spec = parseJobSpec(
    JSON.stringify({
      version: 1,
      name: 'benchmark',
      task: { kind: 'regression', minimum: 0, maximum: 1 },
      model: { kind: 'mlp', hidden },
      data: {
        dataset: 'none',
        id: 'id',
        label: 'y',
        features: Array.from({ length: 20 }, (_, i) => ({ name: `x${i}`, type: 'number', minimum: 0, maximum: 1 })),
      },
      parties: Array.from({ length: parties }, (_, i) => `party-${i}`),
      rounds: { count: rounds, quorum, minimumParties: 2, deadlineSeconds: 3600 },
      training: { epochs: 1, batch: 32, learningRate: 0.1, optimizer: 'sgd' },
      strategy: { kind: 'fedavg' },
      summation: 'plain',
      seed: 1,
    }),
  )
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const runId = '00112233445566778899aabbccddeeff'
  return { runId, spec, specJson: canonicalSpec(spec), layout: trainLayout(spec.task, plan) }
}

export interface StartedRun {
  /** From the first. */
  readonly events: AsyncIterable<RunEvent>
  /** Takes the model of a finished run: only then its parties are told that it has ended. */
  collect(): Promise<void>
}

export async function startRun(aggregator: Federation, job: Job, call: ClientCall): Promise<StartedRun> {
  // Every simulated party listens to the one signal.
  setMaxListeners(0, call.signal)
  const aggregation = aggregator.connect('coordinator', 'bench').client(aggregationService)
  const { runId, specJson, spec } = job
  await aggregation.startRun({ runId, specJson, parties: spec.parties }, call)
  return {
    events: aggregation.watchAggregation({ runId, afterSequence: 0 }, call),
    async collect() {
      for await (const _ of aggregation.collectModel({ runId }, call));
    },
  }
}

const ROWS = 100
const none = new Uint8Array(0)

/** The tasks of one party. @param runKey as an earlier task told it, after a restart */
export function join(
  rounds: RoundApi<ClientCall>,
  job: Job,
  call: ClientCall,
  runKey: Uint8Array = none,
): AsyncIterable<Task> {
  const { runId, specJson } = job
  return rounds.join({ runId, jobDigest: jobDigest(specJson), rows: ROWS, runKey, checkpoint: none }, call)
}

interface Update {
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

/** Fetches the model if there is one to train, and sends an update until it is in the sum. */
export async function answer(rounds: RoundApi<ClientCall>, job: Job, task: Task, call: ClientCall): Promise<void> {
  const { runId } = job
  if (task.kind === 'train')
    for await (const _ of rounds.fetchParameters({ runId, modelDigest: task.modelDigest, offset: 0 }, call));
  const { bytes, digest } = updateOf(task.round, job)
  const header = { kind: 'header', runId, round: task.round, digest, length: bytes.length, weight: ROWS } as const
  await uploadUpdate(bytes, header, rounds, call.signal, quietly)
}

const quiet = () => undefined
const quietly = { info: quiet, warn: quiet, error: quiet }

/** Zeros are an update like any other: the aggregator reads, checks and adds them all the same. */
const updates = new Map<number, Update>()

/** What every party sends in this round. */
export function updateOf(round: number, { spec, layout: train }: Job): Update {
  const layout =
    round === 0 ? statisticsLayout(spec.data.features) : round > spec.rounds.count ? metricsLayout(spec.task) : train
  const length = summations.plain.bytes(layout)
  const known = updates.get(length)
  if (known) return known
  const bytes = new Uint8Array(length)
  const made = { bytes, digest: sha256(bytes) }
  updates.set(length, made)
  return made
}

/** So many at once; the others wait for their turn. */
export function createTurns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const lines: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
  let next = 0
  return (work) => {
    const line = next++ % atOnce
    const turn = (lines[line] ?? Promise.resolve()).then(work)
    lines[line] = turn.catch(() => undefined)
    return turn
  }
}
