/**
 * The training thread: one model on one backend, one request after the other. It computes without pause, so the agent's
 * event loop stays free and stopping goes through shared memory. Whatever fails is answered with a code; the thread
 * lives on.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createRandom } from '../../src/crypto/index.ts'
import { exactMetrics, metricsUpdate } from '../../src/learning/index.ts'
import { chooseBackend } from './backend.ts'
import { TrainerError } from './errors.ts'
import type { Outcome, Reply, Request, ThreadSetup } from './messages.ts'
import { createModel, startBackend } from './tensorflow.ts'
import { type ComputedModel, predictRows, type Supervision, trainRows } from './training.ts'

/** Progress is told in steps of one percent: thousands of batches a second are nobody's news. */
const PROGRESS_STEP = 0.01

const { plan, task, backend: requested }: ThreadSetup = workerData

function send(reply: Reply, moved: ArrayBufferLike[] = []): void {
  parentPort?.postMessage(
    reply,
    moved.filter((buffer) => buffer instanceof ArrayBuffer),
  )
}

try {
  const backend = await chooseBackend(requested, plan.kernels, startBackend)
  const model = await createModel(plan, task)
  parentPort?.on('message', (request: Request) => serve(model, request))
  send({ kind: 'started', backend })
} catch (error) {
  send({ kind: 'refused', ...failure(error) })
}

function serve(model: ComputedModel, request: Request): void {
  const { id } = request
  let told = 0
  const supervision: Supervision = {
    stopped: () => Atomics.load(request.stop, 0) !== 0,
    progress(share) {
      if (share < 1 && share - told < PROGRESS_STEP) return
      told = share
      send({ kind: 'progress', id, share })
    },
  }
  try {
    const outcome = work(model, request, supervision)
    send({ kind: 'done', id, outcome }, buffersOf(outcome))
  } catch (error) {
    send({ kind: 'done', id, outcome: { kind: 'failed', ...failure(error) } })
  }
}

function work(model: ComputedModel, request: Request, supervision: Supervision): Outcome {
  if (request.kind === 'predict') {
    const predictions = predictRows(model, plan, request.input, supervision)
    return predictions === undefined ? { kind: 'stopped' } : { kind: 'predicted', predictions }
  }
  if (request.kind === 'evaluate') {
    const { labels } = request.input
    const predictions = predictRows(model, plan, request.input, supervision)
    if (predictions === undefined) return { kind: 'stopped' }
    const metrics = exactMetrics(task, predictions, labels)
    return { kind: 'evaluated', metrics, totals: metricsUpdate(task, predictions, labels) }
  }
  // TensorFlow.js draws the masks of dropout from Math.random; in this thread nothing else does.
  Math.random = createRandom(`${request.input.seed}/dropout`).uniform
  const trained = trainRows(model, plan, request.input, supervision)
  return trained === undefined ? { kind: 'stopped' } : { kind: 'trained', ...trained }
}

function buffersOf(outcome: Outcome): ArrayBufferLike[] {
  if (outcome.kind === 'trained') return [outcome.parameters.buffer]
  return outcome.kind === 'predicted' ? [outcome.predictions.buffer] : []
}

function failure(error: unknown) {
  const message = error instanceof Error ? error.message : String(error)
  return { code: error instanceof TrainerError ? error.code : ('TRAINER_FAILED' as const), message }
}
