/** A task, from its parameters to a sealed update, and the update's way to the aggregator. */
import { sha256 } from '../../src/crypto/index.ts'
import { metricsLayout, statisticsLayout, statisticsUpdate, trainLayout } from '../../src/learning/index.ts'
import { summations } from '../../src/round/index.ts'
import type { ClientCall, Log, RoundApi, Task } from '../../src/rpc/index.ts'
import type { UpdateLayout, UpdateValues } from '../../src/update/index.ts'
import { fetchParameters } from './download.ts'
import type { LocalRun } from './local-run.ts'
import { uploadUpdate } from './upload.ts'

type Rounds = RoundApi<ClientCall>
export type RoundTask = Exclude<Task, { kind: 'ended' }>

/** @returns the update's bytes, sealed for the job's summation. */
export async function work(
  local: LocalRun,
  task: RoundTask,
  rounds: Rounds,
  signal: AbortSignal,
  log: Log,
): Promise<Uint8Array> {
  const { layout, values } = await compute(local, task, rounds, signal, log)
  const share = local.rows / task.weightUnit
  return summations[local.spec.summation].seal(values, share, layout, local.spec.encoding)
}

async function compute(
  local: LocalRun,
  task: RoundTask,
  rounds: Rounds,
  signal: AbortSignal,
  log: Log,
): Promise<{ layout: UpdateLayout; values: UpdateValues }> {
  const { spec, plan } = local
  if (task.kind === 'statistics') {
    const { raw, rows } = local.train
    return { layout: statisticsLayout(spec.data.features), values: statisticsUpdate(spec.data.features, raw, rows) }
  }
  const wanted = { runId: task.runId, digest: task.modelDigest, size: plan.size }
  const parameters = await fetchParameters(wanted, rounds, signal, log)
  const metrics = await evaluate(local, task, parameters, signal, log)
  if (task.kind === 'evaluate') return { layout: metricsLayout(spec.task), values: metrics }
  const trainer = await local.trainer()
  const { train } = local.matrices(task.standardisation)
  const trained = await trainer.train({
    parameters,
    ...train,
    training: spec.training,
    mu: spec.strategy.kind === 'fedprox' ? spec.strategy.mu : 0,
    seed: `${spec.seed}/${local.name}/${task.round}`,
    signal,
  })
  log.info({ run: task.runId, round: task.round, loss: trained.loss, backend: trainer.backend.name }, 'trained')
  const deltas = new Float64Array(parameters.length)
  // A plain loop: Float64Array.from with a function takes 15 times as long, seconds for 10^7 parameters.
  for (let i = 0; i < deltas.length; i++) deltas[i] = (trained.parameters[i] ?? 0) - (parameters[i] ?? 0)
  const sums = [...Array.from(metrics.sums), trained.loss * local.rows]
  return { layout: trainLayout(spec.task, plan), values: { deltas, counts: metrics.counts, sums } }
}

/** Judges the incoming model on this party's hold-out rows; the party's own figures stay in its log. */
async function evaluate(
  local: LocalRun,
  task: Extract<RoundTask, { kind: 'train' | 'evaluate' }>,
  parameters: Float32Array,
  signal: AbortSignal,
  log: Log,
): Promise<UpdateValues> {
  const { holdout } = local.matrices(task.standardisation)
  const trainer = await local.trainer()
  const { metrics, totals } = await trainer.evaluate({ parameters, ...holdout, signal })
  log.info({ run: task.runId, model: task.round - 1, holdout: holdout.rows, ...metrics }, 'evaluated')
  return totals
}

/** Sends an update until the aggregator has it, or a newer task makes it pointless. */
export async function submit(
  update: Uint8Array,
  task: RoundTask,
  weight: number,
  rounds: Rounds,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const { runId, round } = task
  const header = { kind: 'header', runId, round, digest: sha256(update), length: update.length, weight } as const
  await uploadUpdate(update, header, rounds, signal, log)
}
