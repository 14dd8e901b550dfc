/**
 * What does one round cost the aggregator, against the number of parties and parameters?
 * A real aggregator process over mTLS on loopback; the parties are connections of this process that send a finished
 * update, so no training is in the figures. Each round is compared with a bare loop that adds the same arrays.
 */
import { crc32 } from 'node:zlib'
import { setMaxListeners } from 'node:events'
import { sha256 } from '../src/crypto/index.ts'
import { canonicalSpec, jobDigest, type JobSpec, parseJobSpec } from '../src/job/index.ts'
import { encodedColumns, metricsLayout, planModel, statisticsLayout, trainLayout } from '../src/learning/index.ts'
import { type RunEvent, summations } from '../src/round/index.ts'
import { type ClientCall, roundService, aggregationService, type Task, type UpdatePart } from '../src/rpc/index.ts'
import { type UpdateLayout, updateElements } from '../src/update/index.ts'
import { type Federation, startFederation } from './aggregator-process.ts'
import type { Question, Row, Setting } from './question.ts'

const sizes = [
  { parameters: '10^4', hidden: [400] },
  { parameters: '10^6', hidden: [990, 990] },
  { parameters: '10^7', hidden: [3150, 3150] },
] as const
const parties = [3, 10, 100, 300] as const
/** 300 parties x 10^7 parameters would be 12 GB over loopback: minutes for a figure that 100 parties already show. */
const LARGEST_ROUND_BYTES = 5e9
const QUICK_ROUND_BYTES = 5e7
const ROUNDS = 3
/** As party agents send them. */
const CHUNK_BYTES = 256 * 1024

export const round: Question = {
  name: 'round',
  asks: 'Time of one training round at the aggregator and its peak memory, against parties and parameters.',
  async *measure(setting) {
    for (const { parameters, hidden } of sizes) {
      for (const count of parties) {
        const job = jobOf(count, hidden)
        const bytes = summations.plain.bytes(job.layout) * count
        if (bytes > (setting.quick ? QUICK_ROUND_BYTES : LARGEST_ROUND_BYTES)) {
          setting.remark(`left out: ${count} parties x ${parameters} (${(bytes / 1e9).toFixed(1)} GB a round)`)
          continue
        }
        yield* measureRound(job, count, `${count} parties x ${parameters}`, setting)
      }
    }
  },
}

interface Job {
  readonly spec: JobSpec
  readonly specJson: Uint8Array
  readonly layout: UpdateLayout
}

function jobOf(count: number, hidden: readonly number[]): Job {
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
      parties: Array.from({ length: count }, (_, i) => `party-${i}`),
      rounds: { count: ROUNDS, quorum: Math.max(2, count), minimumParties: 2, deadlineSeconds: 600 },
      training: { epochs: 1, batch: 32, learningRate: 0.1, optimizer: 'sgd' },
      strategy: { kind: 'fedavg' },
      summation: 'plain',
      seed: 1,
    }),
  )
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  return { spec, specJson: canonicalSpec(spec), layout: trainLayout(spec.task, plan) }
}

async function* measureRound(job: Job, count: number, name: string, setting: Setting): AsyncGenerator<Row> {
  await using aggregator = await startFederation(job.spec.parties)
  const stop = new AbortController()
  // Every simulated party listens to the one signal.
  setMaxListeners(0, stop.signal)
  const call: ClientCall = { signal: stop.signal, deadlineMs: 600_000 }
  const runId = '00112233445566778899aabbccddeeff'
  const aggregation = aggregator.connect('coordinator', 'bench').client(aggregationService)
  await aggregation.startRun({ runId, specJson: job.specJson, parties: job.spec.parties }, call)
  const working = job.spec.parties.map((party) => takePart(aggregator, party, runId, job, call))
  const closed: Extract<RunEvent, { kind: 'round-closed' }>[] = []
  for await (const event of aggregation.watchAggregation({ runId, afterSequence: 0 }, call)) {
    if (event.kind === 'round-closed' && event.task === 'train') closed.push(event)
    if (event.kind === 'state-changed') setting.remark(`${name}: ${event.state} ${event.reason}`)
  }
  await Promise.all(working)
  const { peakBytes } = await aggregator.usage()
  const best = closed.reduce((a, b) => (a.gatherMs + a.stepMs <= b.gatherMs + b.stepMs ? a : b))
  const totalMs = best.gatherMs + best.stepMs
  const loopMs = bareLoop(updateElements(job.layout), count)
  const row = (what: string, value: number, unit: string, ratio: number | null, against: string | null): Row => {
    return { question: 'round', case: `${name}: ${what}`, value, unit, ratio, against }
  }
  yield row('round', totalMs, 'ms', totalMs / loopMs, 'a bare loop adding the same arrays')
  const receiving = totalMs - best.sumMs - best.stepMs
  yield row('receive', receiving, 'ms', receiving / totalMs, 'the round')
  yield row('verify, add, open', best.sumMs, 'ms', best.sumMs / totalMs, 'the round')
  yield row('step the model', best.stepMs, 'ms', best.stepMs / totalMs, 'the round')
  const modelBytes = updateElements(job.layout) * 4
  yield row('peak memory', peakBytes / 2 ** 20, 'MiB', peakBytes / modelBytes, 'one update')
  stop.abort()
}

const none = new Uint8Array(0)

/** One simulated party: answers every task with the same finished update. */
async function takePart(aggregator: Federation, party: string, runId: string, job: Job, call: ClientCall) {
  const rounds = aggregator.connect('party', party).client(roundService)
  for await (const task of rounds.join(
    { runId, jobDigest: jobDigest(job.specJson), rows: 100, runKey: none, checkpoint: none },
    call,
  )) {
    if (task.kind === 'ended') return
    if (task.kind === 'train')
      for await (const _ of rounds.fetchParameters({ runId, modelDigest: task.modelDigest, offset: 0 }, call));
    const bytes = updateOf(task, job)
    for await (const _ of rounds.submitUpdate(parts(task, runId, bytes), call));
  }
}

/** Zeros are an update like any other: the aggregator reads, checks and adds them all the same. */
const updates = new Map<number, { bytes: Uint8Array; digest: Uint8Array }>()

function updateOf(task: Task, job: Job): { bytes: Uint8Array; digest: Uint8Array } {
  const { spec, layout: train } = job
  const statistics = () => statisticsLayout(spec.data.features)
  const layout = task.kind === 'train' ? train : task.kind === 'statistics' ? statistics() : metricsLayout(spec.task)
  const length = summations.plain.bytes(layout)
  const known = updates.get(length)
  if (known) return known
  const bytes = new Uint8Array(length)
  const made = { bytes, digest: sha256(bytes) }
  updates.set(length, made)
  return made
}

async function* parts(
  task: Task,
  runId: string,
  { bytes, digest }: { bytes: Uint8Array; digest: Uint8Array },
): AsyncGenerator<UpdatePart> {
  yield { kind: 'header', runId, round: task.round, digest, length: bytes.length, weight: 100 }
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    const data = bytes.subarray(at, at + CHUNK_BYTES)
    yield { kind: 'chunk', offset: at, data, crc32: crc32(data) }
  }
}

/** Milliseconds to add `count` int32 arrays into float64 sums: the least any aggregator could do. */
function bareLoop(elements: number, count: number): number {
  const sum = new Float64Array(elements)
  const values = new Int32Array(elements)
  const once = () => {
    const began = performance.now()
    for (let i = 0; i < elements; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
    return performance.now() - began
  }
  // The best of many, warm, as the round is the best of its rounds.
  return Math.min(...Array.from({ length: 20 }, once)) * count
}
