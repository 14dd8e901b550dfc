import { crc32 } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { AggregatorError } from '../../src/aggregator/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { Task, UpdatePart } from '../../src/rpc/index.ts'
import { type Bench, createBench, nextTask, runId, streamOf, upload } from './bench.ts'
import { createGate } from '../rpc/kits.ts'

const refusal = (code: string) => expect.objectContaining({ code })

let bench: Bench
let task: Task
let honest: Uint8Array

/** A run in which bank-a, bank-b and bank-c have their first task. */
beforeEach(async () => {
  bench = createBench()
  await bench.start()
  const streams = ['bank-a', 'bank-b', 'bank-c'].map((party) => bench.join(party))
  const tasks = await Promise.all(streams.map((stream) => nextTask(stream)))
  if (!tasks[0]) throw new Error('no task came')
  task = tasks[0]
  honest = bench.update(task)
})

describe('an update is refused', () => {
  const withInt = (bytes: Uint8Array, index: number, value: number) => {
    const copy = bytes.slice()
    new DataView(copy.buffer).setInt32(4 * index, value, true)
    return copy
  }
  const cases: [string, string, () => UpdatePart[]][] = [
    ['of another shape', 'AGGREGATION_UPLOAD_LENGTH', () => upload(task, new Uint8Array(honest.length + 4))],
    [
      'larger than announced',
      'AGGREGATION_UPLOAD_LENGTH',
      () => [...upload(task, honest).slice(0, 1), ...upload(task, new Uint8Array(honest.length + 4)).slice(1)],
    ],
    ['announcing 100 GB', 'AGGREGATION_UPLOAD_LENGTH', () => upload(task, honest, { length: 1e11 })],
    [
      'with another digest than its bytes',
      'AGGREGATION_UPLOAD_DIGEST',
      () => upload(task, honest, { digest: new Uint8Array(32) }),
    ],
    ['without a header', 'AGGREGATION_UPLOAD_FORM', () => upload(task, honest).slice(1)],
    [
      'with two headers',
      'AGGREGATION_UPLOAD_FORM',
      () => [...upload(task, honest).slice(0, 1), ...upload(task, honest)],
    ],
    ['that is empty', 'AGGREGATION_UPLOAD_FORM', () => []],
    ['of another round', 'ROUND_OTHER', () => upload(task, honest, { round: 2 })],
    ['of another run', 'AGGREGATION_UNKNOWN_RUN', () => upload(task, honest, { runId: 'ff'.repeat(16) })],
    ['claiming more rows than the party joined with', 'ROUND_WEIGHT', () => upload(task, honest, { weight: 1_000 })],
    ['with a negative count', 'UPDATE_COUNT_INVALID', () => upload(task, withInt(honest, 0, -1))],
  ]
  test.each(cases)('%s', async (_, code, parts) => {
    await expect(bench.submit('bank-a', parts())).rejects.toThrow(refusal(code))
  })
  test('with a value beyond the declared range, and is announced as such', async () => {
    const narrow = createBench({ encoding: { bits: 16, range: 16 } })
    await narrow.start()
    const streams = ['bank-a', 'bank-b', 'bank-c'].map((party) => narrow.join(party))
    const next = () => Promise.all(streams.map((stream) => nextTask(stream)))
    ;[task = task] = await next()
    for (const party of ['bank-a', 'bank-b', 'bank-c']) await narrow.submit(party, upload(task, narrow.update(task)))
    ;[task = task] = await next()
    const attack = upload(task, withInt(narrow.update(task), 0, 1 << 15))
    await expect(narrow.submit('bank-a', attack)).rejects.toThrow(refusal('UPDATE_OUT_OF_RANGE'))
    await narrow.aggregation.stopAggregation({ runId, reason: 'the test is over' }, narrow.as('coordinator', 'main'))
    const announced = expect.objectContaining({ party: 'bank-a', activity: 'refused', detail: 'UPDATE_OUT_OF_RANGE' })
    expect(await narrow.events()).toContainEqual(announced)
  })
  test('from a party that has not joined', async () => {
    await expect(bench.submit('bank-x', upload(task, honest))).rejects.toThrow(refusal('AGGREGATION_STRANGER'))
  })
})

test('a refused update leaves the sum untouched, and an honest one may follow', async () => {
  const attack = upload(task, honest, { digest: new Uint8Array(32) })
  await expect(bench.submit('bank-a', attack)).rejects.toThrow(refusal('AGGREGATION_UPLOAD_DIGEST'))
  await expect(bench.submit('bank-a', upload(task, honest))).resolves.toEqual({ digest: sha256(honest) })
})

test('the same update twice counts once; another one is refused', async () => {
  await bench.submit('bank-a', upload(task, honest))
  await expect(bench.submit('bank-a', upload(task, honest))).resolves.toEqual({ digest: sha256(honest) })
  const other = bench.update(task, { rows: 9 })
  await expect(bench.submit('bank-a', upload(task, other))).rejects.toThrow(refusal('ROUND_CONFLICT'))
})

test('an upload under way ends when its run does', async () => {
  const [header] = upload(task, honest)
  const stalled = ['bank-a', 'bank-b', 'bank-c'].map((party) => bench.submit(party, stall(header ? [header] : [])))
  const outcomes = stalled.map((each) => expect(each).rejects.toThrow(refusal('ROUND_CLOSED')))
  await new Promise(setImmediate)
  await bench.aggregation.stopAggregation({ runId, reason: 'the test is over' }, bench.as('coordinator', 'main'))
  await Promise.all(outcomes)
})

test('one that a newer one replaces fails its call, though its party reads no answers', async () => {
  const [header] = upload(task, honest)
  const begin = (fail: (reason: Error) => void) => {
    const statuses = bench.rounds.submitUpdate(stall(header ? [header] : []), { ...bench.as('party', 'bank-a'), fail })
    return statuses[Symbol.asyncIterator]().next()
  }
  const { opened, open } = createGate<Error>()
  expect(await begin(open)).toMatchObject({ value: { kind: 'admitted' } })
  const { open: never } = createGate<Error>()
  expect(await begin(never)).toMatchObject({ value: { kind: 'admitted' } })
  const error = await opened
  expect(error).toBeInstanceOf(AggregatorError)
  expect(error).toEqual(refusal('AGGREGATION_UPLOAD_REPLACED'))
})

test('one that its party breaks off goes on where it stood', async () => {
  const [header, whole] = upload(task, honest)
  if (!header || whole?.kind !== 'chunk') throw new Error('an upload has a header and a chunk')
  const begun = bench.submit('bank-a', [header, piece(whole, 0, 8)])
  await expect(begun).rejects.toThrow(refusal('AGGREGATION_UPLOAD_CUT'))
  await expect(bench.submit('bank-a', [header, piece(whole, 8, honest.length)])).resolves.toEqual({
    digest: sha256(honest),
  })
})

function piece(whole: Extract<UpdatePart, { kind: 'chunk' }>, from: number, to: number): UpdatePart {
  const data = whole.data.subarray(from, to)
  return { kind: 'chunk', offset: from, data, crc32: crc32(data) }
}

async function* stall(parts: UpdatePart[]): AsyncGenerator<UpdatePart> {
  yield* parts
  await new Promise(() => undefined)
}

test('the party whose update closes the round is told that it counts', async () => {
  for (const party of ['bank-a', 'bank-b']) await bench.submit(party, upload(task, honest))
  const failures: unknown[] = []
  const call = { ...bench.as('party', 'bank-c'), fail: (reason: unknown) => failures.push(reason) }
  const said: string[] = []
  for await (const { kind } of bench.rounds.submitUpdate(streamOf(upload(task, honest)), call)) said.push(kind)
  expect(said).toEqual(['admitted', 'accepted'])
  expect(failures).toEqual([])
})
