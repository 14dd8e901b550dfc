/**
 * An aggregator's two services without a network, and parties that play by a script: what each sends is made here, so
 * that a test can change exactly one thing about it.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { createAggregation, createRounds } from '../../src/aggregator/handlers.ts'
import type { RunStates } from '../../src/aggregator/durable/index.ts'
import { Runs } from '../../src/aggregator/runs.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { canonicalSpec, jobDigest, parseJobSpec } from '../../src/job/index.ts'
import {
  encodedColumns,
  metricsLayout,
  planModel,
  statisticsLayout,
  statisticsUpdate,
  trainLayout,
} from '../../src/learning/index.ts'
import { type RunEvent, summations } from '../../src/round/index.ts'
import type { Role, ServerCall, Task, UpdatePart, UploadStatus } from '../../src/rpc/index.ts'
import { attestedEvent } from '../support/events.ts'
import type { UpdateLayout, UpdateValues } from '../../src/update/index.ts'

export const runId = '000102030405060708090a0b0c0d0e0f'
const quiet = () => undefined

export const specText = (changes: object = {}) =>
  JSON.stringify({
    version: 1,
    name: 'test',
    task: { kind: 'binary-classification' },
    model: { kind: 'logistic' },
    data: {
      dataset: 'loans',
      id: 'id',
      label: 'y',
      features: [{ name: 'x', type: 'number', minimum: 0, maximum: 1 }],
    },
    parties: ['bank-a', 'bank-b', 'bank-c'],
    rounds: { count: 2, quorum: 2, minimumParties: 2, deadlineSeconds: 30 },
    training: { epochs: 1, batch: 8, learningRate: 0.1, optimizer: 'sgd' },
    strategy: { kind: 'fedavg' },
    summation: 'tee',
    seed: 5,
    ...changes,
  })

export function createBench(changes: object = {}, allowPlain = false, states?: RunStates) {
  const spec = parseJobSpec(specText(changes))
  const specJson = canonicalSpec(spec)
  const log = { info: quiet, warn: quiet, error: quiet }
  const setting = { federation: 'test', policyDigest: '0d'.repeat(32), states, maximumRuns: 3 }
  const runs = new Runs({ ...setting, tee: 'simulated bench', now: Date.now, log, allowPlain, prover: createEpoch() })
  onTestFinished(() => runs.close('the test is over'))
  const aggregation = createAggregation(runs)
  const rounds = createRounds(runs)
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  const layouts: Record<string, UpdateLayout> = {
    statistics: statisticsLayout(spec.data.features),
    train: trainLayout(spec.task, plan),
    evaluate: metricsLayout(spec.task),
  }
  const as = (role: Role, name: string, signal = new AbortController().signal): ServerCall => ({
    peer: { federation: 'test', role, name },
    signal,
    widen: () => () => undefined,
    fail: quiet,
  })
  /** As the coordinator does: parties are told of the end when somebody has the model. */
  const collect = async () => {
    const call = as('coordinator', 'main')
    for await (const _ of aggregation.watchAggregation({ runId, afterSequence: 0 }, call));
    if ((await runs.get(runId, call.signal)).state !== 'finished') return
    for await (const _ of aggregation.collectModel({ runId }, call));
  }
  return {
    spec,
    specJson,
    runs,
    aggregation,
    rounds,
    as,
    async start(parties = spec.parties) {
      await aggregation.startRun({ runId, specJson, parties }, as('coordinator', 'main'))
      void collect()
    },
    join: (party: string, rows = 10, signal?: AbortSignal) =>
      rounds
        .join(
          { runId, jobDigest: jobDigest(specJson), rows, runKey: none, checkpoint: none },
          as('party', party, signal),
        )
        [Symbol.asyncIterator](),
    /** The bytes of an update for a task, all deltas `delta`. */
    update(task: Task, { rows = 10, delta = 0.5 } = {}): Uint8Array {
      const layout = layouts[task.kind]
      if (!layout) throw new Error(`no update answers a task ${task.kind}`)
      const raw = Float32Array.from({ length: rows }, (_, i) => i / rows)
      const scripted: UpdateValues = {
        deltas: new Float64Array(layout.deltas).fill(delta),
        counts: new Array(layout.counts).fill(rows),
        sums: new Array(layout.sums).fill(rows / 2),
      }
      const values = task.kind === 'statistics' ? statisticsUpdate(spec.data.features, raw, rows) : scripted
      return summations[spec.summation].seal(values, rows / task.weightUnit, layout, spec.encoding)
    },
    submit: (party: string, parts: Iterable<UpdatePart> | AsyncIterable<UpdatePart>, signal?: AbortSignal) =>
      accepted(rounds.submitUpdate(streamOf(parts), as('party', party, signal))),
    async events(): Promise<RunEvent[]> {
      const events: RunEvent[] = []
      const call = as('coordinator', 'main')
      for await (const event of aggregation.watchAggregation({ runId, afterSequence: 0 }, call)) events.push(event)
      return events
    },
  }
}
export type Bench = ReturnType<typeof createBench>

/** A receipt key that nobody attested. */
function createEpoch() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { epoch, evidence } = attestedEvent('')
  return {
    epoch,
    receiptKey: publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
    evidence: async () => evidence,
  }
}

const none = new Uint8Array(0)

async function accepted(statuses: AsyncIterable<UploadStatus>): Promise<{ digest: Uint8Array }> {
  for await (const status of statuses) if (status.kind === 'accepted') return { digest: status.digest }
  throw new Error('the upload ended without an answer')
}

export async function* streamOf(parts: Iterable<UpdatePart> | AsyncIterable<UpdatePart>): AsyncGenerator<UpdatePart> {
  yield* parts
}

/** An honest upload, with whatever a test changes about its header. */
export function upload(task: Task, bytes: Uint8Array, changes: object = {}): UpdatePart[] {
  const header = { kind: 'header', runId, round: task.round, digest: sha256(bytes), length: bytes.length, weight: 10 }
  return [{ ...header, ...changes } as UpdatePart, { kind: 'chunk', offset: 0, data: bytes, crc32: crc32(bytes) }]
}

export async function nextTask(stream: AsyncIterator<Task>): Promise<Task> {
  const result = await stream.next()
  if (result.done) throw new Error('the stream of tasks ended')
  return result.value
}

/** Joins and answers every task until the run ends; `answer` may do something else instead. */
export async function takePart(
  bench: Bench,
  party: string,
  answer?: (task: Task, stream: AsyncIterator<Task>) => Promise<'leave' | undefined>,
): Promise<void> {
  const stream = bench.join(party)
  for (let task = await nextTask(stream); task.kind !== 'ended'; task = await nextTask(stream)) {
    if (answer) {
      if ((await answer(task, stream)) === 'leave') {
        await stream.return?.()
        return
      }
    } else await bench.submit(party, upload(task, bench.update(task)))
  }
}
