import { beforeEach, describe, expect, test, vi } from 'vitest'
import { IncomingUpload, Places } from '../../src/aggregator/upload.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { Task, UpdatePart } from '../../src/rpc/index.ts'
import { type Bench, createBench, nextTask, streamOf, upload } from './bench.ts'

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
    ['cut short', 'AGGREGATION_UPLOAD_LENGTH', () => cut(upload(task, honest))],
    [
      'larger than announced',
      'AGGREGATION_UPLOAD_LENGTH',
      () => [...upload(task, honest), { kind: 'data', data: honest }],
    ],
    ['announcing 100 GB', 'AGGREGATION_UPLOAD_LENGTH', () => upload(task, honest, { length: 1e11 })],
    [
      'with another digest than its bytes',
      'AGGREGATION_UPLOAD_DIGEST',
      () => upload(task, honest, { digest: new Uint8Array(32) }),
    ],
    ['without a header', 'AGGREGATION_UPLOAD_FORM', () => upload(task, honest).slice(1)],
    ['with two headers', 'AGGREGATION_UPLOAD_FORM', () => [...upload(task, honest), ...upload(task, honest)]],
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
    await narrow.runs.abandon('the test is over')
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

test('an upload that stands still is dropped after the progress deadline, and its place is free again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const [header] = upload(task, honest)
    const stalled = bench.submit('bank-a', stall(header ? [header] : []))
    const outcome = expect(stalled).rejects.toThrow(refusal('AGGREGATION_UPLOAD_SLOW'))
    await vi.advanceTimersByTimeAsync(30_000)
    await outcome
  } finally {
    vi.useRealTimers()
  }
  await bench.submit('bank-a', upload(task, honest))
})

test('a byte now and then does not keep a place either', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const [header] = upload(task, honest)
    async function* trickle(): AsyncGenerator<UpdatePart> {
      if (header) yield header
      for (let at = 0; at < honest.length; at++) {
        await vi.advanceTimersByTimeAsync(10_000)
        yield { kind: 'data', data: honest.subarray(at, at + 1) }
      }
    }
    await expect(bench.submit('bank-a', trickle())).rejects.toThrow(refusal('AGGREGATION_UPLOAD_SLOW'))
  } finally {
    vi.useRealTimers()
  }
})

test('a newer upload of the same party ends the older', async () => {
  const [header] = upload(task, honest)
  const older = bench.submit('bank-a', stall(header ? [header] : []))
  const outcome = expect(older).rejects.toThrow(refusal('AGGREGATION_UPLOAD_REPLACED'))
  await new Promise(setImmediate)
  await bench.submit('bank-a', upload(task, honest))
  await outcome
})

test('an upload under way ends when its round closes, and gives its place back', async () => {
  const [header] = upload(task, honest)
  const stalled = ['bank-a', 'bank-b', 'bank-c'].map((party) => bench.submit(party, stall(header ? [header] : [])))
  const outcomes = stalled.map((each) => expect(each).rejects.toThrow(refusal('ROUND_CLOSED')))
  await new Promise(setImmediate)
  await bench.runs.abandon('the test is over')
  await Promise.all(outcomes)
})

test('waiting for a place is not slowness', async () => {
  const places = new Places(10)
  const gate = withResolvers()
  const never = new AbortController().signal
  const holding = places.hold(10, never, () => gate.promise)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const incoming = new IncomingUpload(streamOf(upload(task, honest)))
    const header = await incoming.header()
    const waiting = places.hold(10, never, () => incoming.body(header, honest.length))
    await vi.advanceTimersByTimeAsync(120_000)
    gate.resolve(undefined)
    expect(await waiting).toEqual(honest)
    incoming.close()
  } finally {
    vi.useRealTimers()
  }
  await holding
})

test('places are given in order, and a waiting upload that leaves does not keep one', async () => {
  const places = new Places(10)
  const order: string[] = []
  const gate = withResolvers()
  const never = new AbortController().signal
  const leaving = new AbortController()
  const first = places.hold(10, never, async () => {
    await gate.promise
    order.push('first')
  })
  const left = places.hold(10, leaving.signal, async () => order.push('left'))
  const last = places.hold(10, never, async () => order.push('last'))
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  gate.resolve(undefined)
  await Promise.all([first, last])
  expect(order).toEqual(['first', 'last'])
})

function withResolvers() {
  let resolve: (value: unknown) => void = () => undefined
  const promise = new Promise<unknown>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

function cut([header, data]: UpdatePart[]): UpdatePart[] {
  if (!header || data?.kind !== 'data') throw new Error('an upload has a header and data')
  return [header, { kind: 'data', data: data.data.subarray(0, 8) }]
}

async function* stall(parts: UpdatePart[]): AsyncGenerator<UpdatePart> {
  yield* parts
  await new Promise(() => undefined)
}
