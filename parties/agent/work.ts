/** A task, from its parameters to a sealed update and the training state that goes with it. */
import { metricsLayout, statisticsLayout, statisticsUpdate, trainLayout } from '../../src/learning/index.ts'
import type { ClientCall, Log, RoundApi, Task } from '../../src/rpc/index.ts'
import type { UpdateValues } from '../../src/update/index.ts'
import type { Vectors } from '../state/index.ts'
import { type Control, correctionOf, nextControl, type Trained } from '../trainers/index.ts'
import { fetchParameters } from './download.ts'
import type { LocalRun } from './local-run.ts'
import { type Sealed, sealTrained, sealWhole } from './seal.ts'

export type RoundTask = Exclude<Task, { kind: 'ended' }>
type ModelTask = Extract<RoundTask, { kind: 'train' | 'evaluate' }>
type TrainTask = Extract<RoundTask, { kind: 'train' }>

export interface Means {
  readonly local: LocalRun
  readonly rounds: Pick<RoundApi<ClientCall>, 'fetchParameters'>
  readonly signal: AbortSignal
  readonly log: Log
}

/**
 * @param vectors this party's training state, of its newest update that was counted
 * @throws what reading, training and sealing throw, and the signal's reason when it aborts
 */
export async function work(task: RoundTask, vectors: () => Promise<Vectors>, means: Means): Promise<Sealed> {
  const { spec, train, rows } = means.local
  const share = rows / task.weightUnit
  if (task.kind === 'statistics') {
    const { features } = spec.data
    return sealWhole(statisticsUpdate(features, train.raw, train.rows), share, statisticsLayout(features), spec)
  }
  const parameters = await fetch(task, task.modelDigest, means)
  const metrics = await evaluate(task, parameters, means)
  if (task.kind === 'evaluate') return sealWhole(metrics, share, metricsLayout(spec.task), spec)
  return trainOn(task, { parameters, metrics, share, vectors: await vectors() }, means)
}

interface Start {
  readonly parameters: Float32Array
  readonly metrics: UpdateValues
  readonly share: number
  readonly vectors: Vectors
}

async function trainOn(task: TrainTask, { parameters, metrics, share, vectors }: Start, means: Means): Promise<Sealed> {
  const { local, log, signal } = means
  const { spec, plan } = local
  const control = await controlOf(task, vectors, means)
  const trainer = await local.trainer()
  const trained = await trainer.train({
    parameters,
    ...local.matrices(task.standardisation).train,
    training: spec.training,
    mu: spec.strategy.kind === 'fedprox' ? spec.strategy.mu : 0,
    seed: `${spec.seed}/${local.name}/${task.round}`,
    correction: control && correctionOf(control, plan),
    signal,
  })
  log.info({ run: task.runId, round: task.round, loss: trained.loss, backend: trainer.backend.name }, 'trained')
  const next = control && nextControl(control, stepped(parameters, trained, spec.training.learningRate), plan)
  const deltas = new Float64Array(parameters.length * (control ? 2 : 1))
  subtract(trained.parameters, parameters, deltas)
  if (control && next) subtract(next, control.own, deltas.subarray(parameters.length))
  const sums = [...Array.from(metrics.sums), trained.loss * local.rows]
  const layout = trainLayout(spec.task, plan, spec.strategy)
  const values = { deltas, counts: metrics.counts, sums }
  return sealTrained(values, { share, layout, spec, residual: vectors.residual, control: next })
}

/** SCAFFOLD's two controls; undefined in a job without them. This party's is zero until an update of it was counted. */
async function controlOf(task: TrainTask, { control }: Vectors, means: Means): Promise<Control | undefined> {
  const { spec, plan } = means.local
  if (spec.strategy.kind !== 'scaffold') return undefined
  const server = await fetch(task, task.controlDigest, means)
  return { server, own: control ?? new Float32Array(plan.size) }
}

const stepped = (from: Float32Array, { parameters: to, steps }: Trained, learningRate: number) => ({
  ...{ from, to, steps, learningRate },
})

/** A plain loop: Float64Array.from with a function takes 15 times as long, seconds for 10^7 parameters. */
function subtract(to: Float32Array, from: Float32Array, into: Float64Array): void {
  for (let i = 0; i < to.length; i++) into[i] = (to[i] ?? 0) - (from[i] ?? 0)
}

/** Judges the incoming model on this party's hold-out rows; the party's own figures stay in its log. */
async function evaluate(task: ModelTask, parameters: Float32Array, means: Means): Promise<UpdateValues> {
  const { local, signal, log } = means
  const { holdout } = local.matrices(task.standardisation)
  const trainer = await local.trainer()
  const { metrics, totals } = await trainer.evaluate({ parameters, ...holdout, signal })
  log.info({ run: task.runId, model: task.round - 1, holdout: holdout.rows, ...metrics }, 'evaluated')
  return totals
}

function fetch({ runId }: ModelTask, digest: Uint8Array, { local, rounds, signal, log }: Means): Promise<Float32Array> {
  return fetchParameters({ runId, digest, size: local.plan.size }, rounds, signal, log)
}
