/** A task, from its parameters to a sealed update, and the update's way to the aggregator. */
import { crc32 } from 'node:zlib'
import { equalBytes, sha256, toHex } from '../../src/crypto/index.ts'
import { metricsLayout, statisticsLayout, statisticsUpdate, trainLayout } from '../../src/learning/index.ts'
import { summations } from '../../src/round/index.ts'
import type { ClientCall, Log, RoundApi, Task, UpdatePart } from '../../src/rpc/index.ts'
import type { UpdateLayout, UpdateValues } from '../../src/update/index.ts'
import { AgentError } from './errors.ts'
import type { LocalRun } from './local-run.ts'
import { isTransport, persist } from './persist.ts'

/** Update bytes per message; within the 1 MiB a message may have. */
const CHUNK_BYTES = 256 * 1024
/** Added to a round's remaining time for calls: the aggregator decides what is late, not this clock. */
const GRACE_MS = 10_000

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
  const parameters = await fetchParameters(local, task, rounds, signal, log)
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

async function fetchParameters(
  local: LocalRun,
  task: Extract<RoundTask, { kind: 'train' | 'evaluate' }>,
  rounds: Rounds,
  signal: AbortSignal,
  log: Log,
): Promise<Float32Array> {
  const parameters = new Float32Array(local.plan.size)
  const bytes = new Uint8Array(parameters.buffer)
  const fetch = async () => {
    const request = { runId: task.runId, modelDigest: task.modelDigest, offset: 0 }
    const call = { signal, deadlineMs: task.remainingMs + GRACE_MS }
    let filled = 0
    for await (const data of rounds.fetchParameters(request, call)) {
      if (data.length > bytes.length - filled) throw wrongModel(`has more than ${bytes.length} bytes`)
      bytes.set(data, filled)
      filled += data.length
    }
    const digest = sha256(bytes)
    if (filled === bytes.length && equalBytes(digest, task.modelDigest)) return 'over' as const
    throw wrongModel(`has ${filled} bytes and digest ${toHex(digest)}, the task names ${toHex(task.modelDigest)}`)
  }
  await persist('the aggregator', log, signal, fetch, isTransport)
  signal.throwIfAborted()
  return parameters
}

function wrongModel(text: string): AgentError {
  return new AgentError('AGENT_MODEL_DIGEST', `the model that came ${text}`)
}

/**
 * Sends an update until the aggregator has it, or a newer task makes it pointless. The same bytes go each time, so an
 * update whose acknowledgement was lost is not counted twice.
 */
export async function submit(
  update: Uint8Array,
  task: RoundTask,
  weight: number,
  rounds: Rounds,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const { runId, round } = task
  const digest = sha256(update)
  const header = { kind: 'header', runId, round, digest, length: update.length, weight } as const
  // One line for every update that leaves, whatever becomes of its acknowledgement.
  log.info({ run: runId, round, digest: toHex(digest), bytes: update.length }, 'sending the update')
  const send = async () => {
    const call = { signal, deadlineMs: task.remainingMs + GRACE_MS }
    for await (const status of rounds.submitUpdate(parts(header, update), call)) {
      if (status.kind === 'accepted') return 'over' as const
    }
    return 'again' as const
  }
  await persist('the aggregator', log, signal, send, isTransport)
}

async function* parts(header: UpdatePart, update: Uint8Array): AsyncGenerator<UpdatePart> {
  yield header
  for (let at = 0; at < update.length; at += CHUNK_BYTES) {
    const data = update.subarray(at, at + CHUNK_BYTES)
    yield { kind: 'chunk', offset: at, data, crc32: crc32(data) }
  }
}
