/**
 * What do the numbers of a round cost the aggregator, without a network?
 *
 * Summing: updates lie in memory, as they do once they are staged, and go through the engine in its thread: each is
 * verified and added. The bare loop does nothing but add the same arrays, on one core. Both take turns, some updates
 * each, so that whatever else the machine does meets both alike.
 *
 * A whole round is what the aggregator does from the bytes of a gRPC message on: parse the chunks, check their CRC-32,
 * hash the update, verify and add, step the model, serialise and hash what the next round starts from. It is measured in
 * processor time of all threads, since two of them share the work.
 */
import { crc32 } from 'node:zlib'
import { createEngine } from '../src/aggregator/engine/index.ts'
import { Staging } from '../src/aggregator/staging.ts'
import { sha256 } from '../src/crypto/index.ts'
import { type JobSpec, parseJobSpec } from '../src/job/index.ts'
import { encodedColumns, planModel, trainLayout } from '../src/learning/index.ts'
import { roundService, type UpdatePart } from '../src/rpc/index.ts'
import { wireMethods } from '../src/rpc/protocol.ts'
import { fixedPoint, type UpdateLayout, updateElements } from '../src/update/index.ts'
import type { Question, Row, Setting } from './question.ts'

/** Different ones, together far larger than any cache; more would tell nothing and take gigabytes. */
const DISTINCT = 6
/** Updates added by one before the other has its turn. */
const TURN = 5
const CHUNK_BYTES = 256 * 1024
const PARTIES = 10
const ROWS = 100

export const aggregate: Question = {
  name: 'aggregate',
  asks:
    'Time to verify and sum updates that lie in memory, against a bare loop that adds the same arrays; and processor ' +
    'time of a whole round from the bytes of its gRPC messages on (parse, CRC-32, SHA-256, verify, add, step, serialise).',
  async *measure(setting) {
    yield* measureSumming(setting)
    yield* measureRound(setting)
  },
}

async function* measureSumming({ quick, remark }: Setting): AsyncGenerator<Row> {
  const updates = quick ? 30 : 100
  const { spec, layout } = jobOf([3150, 3150])
  const values = Array.from({ length: DISTINCT }, (_, i) => updateOf(layout, spec, i))
  await using engine = await createEngine({ spec })
  const sum = new Float64Array(updateElements(layout))
  const times = { bare: 0, engine: 0 }
  // Twice as long as measured: what comes before everything is compiled and every page is there is thrown away.
  for (const measured of [false, true]) {
    await engine.open({ round: 1, task: 'train' })
    for (let from = 0; from < updates; from += TURN) {
      const turn = Array.from({ length: TURN }, (_, i) => values[(from + i) % DISTINCT] ?? new Int32Array(0))
      const began = performance.now()
      for (const update of turn) addBare(sum, update)
      const between = performance.now()
      await Promise.all(turn.map((update, i) => engine.add(bytesOf(update), factsOf(from + i))))
      if (!measured) continue
      times.bare += between - began
      times.engine += performance.now() - between
    }
    const began = performance.now()
    if (measured) await engine.close()
    else await engine.discard()
    if (measured)
      remark(`opening, stepping, serialising and hashing took ${(performance.now() - began).toFixed(0)} ms more`)
  }
  const name = `${updates} updates of ${layout.deltas.toExponential(1)} values`
  const row = { question: 'aggregate', case: `${name}: verify and add`, value: times.engine, unit: 'ms' }
  yield { ...row, ratio: times.engine / times.bare, against: 'a bare loop adding the same arrays' }
}

/** The limit: what no aggregator can do without. */
function addBare(sum: Float64Array, values: Int32Array): void {
  const { length } = values
  for (let i = 0; i < length; i += 1) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
}

async function* measureRound({ quick }: Setting): AsyncGenerator<Row> {
  const rounds = quick ? 15 : 50
  const { spec, layout } = jobOf([990, 990])
  const values = updateOf(layout, spec, 0)
  const messages = chunksOf(bytesOf(values))
  const digest = sha256(bytesOf(values))
  await using engine = await createEngine({ spec })
  const parts = Array.from({ length: PARTIES }, () => new Uint8Array(new SharedArrayBuffer(values.byteLength)))
  const whole: number[] = []
  for (let round = 1; round <= rounds; round += 1) {
    const before = process.cpuUsage()
    await engine.open({ round, task: 'train' })
    const adding = parts.map((body, i) => {
      receive(messages, body, digest)
      return engine.add(body, factsOf(i))
    })
    await Promise.all(adding)
    await engine.close()
    whole.push(cpuMs(before))
  }
  const name = `round of ${PARTIES} parties x ${layout.deltas.toExponential(1)}`
  const bare = process.cpuUsage()
  for (const _ of parts) crc32(bytesOf(values), crc32(sha256(bytesOf(values))))
  const hashing = cpuMs(bare)
  yield {
    question: 'aggregate',
    case: `${name}: processor time`,
    value: best(whole),
    unit: 'ms',
    ratio: best(whole) / hashing,
    against: 'CRC-32 and SHA-256 over the same bytes',
  }
}

/** As the handlers of the aggregator do it. */
function receive(messages: readonly Buffer[], body: Uint8Array<SharedArrayBuffer>, digest: Uint8Array): void {
  const staging = new Staging(body, digest)
  for (const message of messages) {
    const part = decodePart(message)
    if (part.kind === 'chunk') staging.add(part)
  }
  staging.verify()
}

const codec = roundService.methods.submitUpdate.request
const wire = wireMethods(roundService).find(({ key }) => key === 'submitUpdate')

function decodePart(message: Buffer): UpdatePart {
  if (wire === undefined) throw new Error('the round service takes no updates')
  return codec.fromWire(wire.decodeRequest(message))
}

function chunksOf(bytes: Uint8Array): Buffer[] {
  if (wire === undefined) throw new Error('the round service takes no updates')
  const encode = wire.encodeRequest
  return Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, i) => {
    const data = bytes.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
    return encode(codec.toWire({ kind: 'chunk', offset: i * CHUNK_BYTES, data, crc32: crc32(data) }))
  })
}

function jobOf(hidden: readonly number[]): { spec: JobSpec; layout: UpdateLayout } {
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
      parties: Array.from({ length: PARTIES }, (_, i) => `party-${i}`),
      rounds: { count: 1, quorum: PARTIES },
    }),
  )
  const plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
  return { spec, layout: trainLayout(spec.task, plan, spec.strategy) }
}

/** Deltas of all sizes that a well-behaved party sends, in shared memory. */
function updateOf(layout: UpdateLayout, { encoding }: JobSpec, seed: number): Int32Array {
  const values = new Int32Array(new SharedArrayBuffer(4 * updateElements(layout)))
  const { limit } = fixedPoint(encoding)
  let state = seed + 1
  for (let i = 0; i < layout.deltas; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    values[i] = state % Math.ceil(limit / 1024)
  }
  return values
}

const bytesOf = (values: Int32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** More updates than parties: what is measured is the sum, which does not count who they are from. */
const factsOf = (i: number) => ({ party: `party-${i}`, rows: ROWS, weightUnit: 100 * ROWS, staleness: 0 })

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** Whatever else the machine does can only add to it. */
const best = (values: readonly number[]): number => Math.min(...values)
