/** Uploads alone: admission, staging, resuming and everything a sender may do wrong, without a run around them. */
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Buffers } from '../../src/aggregator/buffers.ts'
import { AggregatorError } from '../../src/aggregator/index.ts'
import { IncomingUpload } from '../../src/aggregator/incoming.ts'
import { Places } from '../../src/aggregator/places.ts'
import { Statuses } from '../../src/aggregator/statuses.ts'
import { type Reception, Uploads } from '../../src/aggregator/uploads.ts'
import { sha256, toHex } from '../../src/crypto/index.ts'
import { RoundError } from '../../src/round/index.ts'
import type { UpdatePart, UploadStatus } from '../../src/rpc/index.ts'
import { createGate, failure } from '../rpc/kits.ts'

const MIB = 1024 * 1024
const runId = '0a'.repeat(16)
const refusal = (code: string) => expect.objectContaining({ code })

/** Bytes that differ from place to place. */
const update = (length: number, seed = 1) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255)

const chunk = (bytes: Uint8Array, offset: number, end: number): UpdatePart => {
  const data = bytes.subarray(offset, end)
  return { kind: 'chunk', offset, data, crc32: crc32(data) }
}
const headerOf = (bytes: Uint8Array, changes: object = {}) => {
  const header = { kind: 'header', runId, round: 1, digest: sha256(bytes), length: bytes.length, weight: 9 } as const
  return { ...header, ...changes }
}

/** A sender that sends what the test puts in, and ends, leaves or fails when it says so. */
function createSender() {
  const parts: UpdatePart[] = []
  let over: 'ended' | undefined
  let wake: () => void = () => undefined
  const leaving = new AbortController()
  async function* stream(): AsyncGenerator<UpdatePart> {
    for (;;) {
      const next = parts.shift()
      if (next) yield next
      else if (over) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  }
  return {
    stream,
    signal: leaving.signal,
    send(...more: UpdatePart[]) {
      parts.push(...more)
      wake()
    },
    end() {
      over = 'ended'
      wake()
    },
    leave: () => leaving.abort(new Error('the connection broke')),
  }
}

interface Setting {
  readonly uploads: Uploads
  readonly bytes: Uint8Array
  readonly party?: string
  readonly header?: object
  readonly expectedBytes?: number
  readonly closed?: AbortSignal
  readonly deliver?: (body: Uint8Array) => Promise<{ round: number }>
}

const never = new AbortController().signal

/** One upload under way: what the sender has heard so far, and how it ends. */
function begin({ uploads, bytes, party = 'bank-a', closed = never, ...rest }: Setting) {
  const sender = createSender()
  const heard: UploadStatus[] = []
  let listeners: (() => void)[] = []
  const windows = { widened: 0, narrowed: 0 }
  const widen = () => {
    windows.widened += 1
    return () => {
      windows.narrowed += 1
    }
  }
  const delivered: string[] = []
  /** Why the upload was ended: an error ends the call with it. */
  const ends: unknown[] = []
  const deliver = async (body: Uint8Array) => {
    delivered.push(toHex(sha256(body)))
    return rest.deliver ? rest.deliver(body) : { round: 1 }
  }
  const done = (async () => {
    const incoming = new IncomingUpload(sender.stream(), sender.signal)
    incoming.ended.addEventListener('abort', () => ends.push(incoming.ended.reason))
    try {
      const header = await incoming.header()
      const expectedBytes = rest.expectedBytes ?? bytes.length
      const reception: Reception = { runId, party, header, expectedBytes, closed, widen }
      for await (const status of uploads.receive(incoming, reception, deliver)) {
        heard.push(status)
        for (const each of listeners.splice(0)) each()
      }
    } finally {
      incoming.end()
    }
  })()
  done.catch(() => undefined)
  sender.send(headerOf(bytes, rest.header))
  return {
    ...sender,
    heard,
    done,
    delivered,
    ends,
    windows,
    /** Resolves when a status of this kind has been heard. */
    async hears(kind: UploadStatus['kind']): Promise<UploadStatus> {
      for (;;) {
        const found = heard.find((status) => status.kind === kind)
        if (found) return found
        await Promise.race([
          new Promise<void>((resolve) => {
            listeners = [...listeners, resolve]
          }),
          done,
        ])
      }
    },
    refused: () => failure(done),
  }
}

/** Everything that is ready to happen has happened. */
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

const accepted = (bytes: Uint8Array, round = 1) => ({ kind: 'accepted', digest: sha256(bytes), round })

describe('an upload', () => {
  const bytes = update(1000)

  test('is admitted, staged, checked and delivered, with wide windows only if it is worth it', async () => {
    const large = update(300_000)
    const uploads = new Uploads()
    const upload = begin({ uploads, bytes: large, deliver: async () => ({ round: 7 }) })
    expect(await upload.hears('admitted')).toEqual({ kind: 'admitted', offset: 0 })
    expect(upload.windows).toEqual({ widened: 1, narrowed: 0 })
    upload.send(chunk(large, 0, 200_000), chunk(large, 200_000, 300_000))
    await upload.done
    expect(upload.heard.at(-1)).toEqual(accepted(large, 7))
    expect(upload.delivered).toEqual([toHex(sha256(large))])
    expect(upload.windows).toEqual({ widened: 1, narrowed: 1 })
    const small = begin({ uploads, bytes })
    small.send(chunk(bytes, 0, 1000))
    await small.done
    expect(small.windows.widened).toBe(0)
  })

  test('tells offsets now and then, not each', async () => {
    const large = update(8 * MIB)
    const clock = vi.spyOn(performance, 'now')
    let time = 0
    clock.mockImplementation(() => time)
    try {
      const upload = begin({ uploads: new Uploads(), bytes: large })
      await upload.hears('admitted')
      for (let at = 0; at < 8 * MIB; at += MIB / 2) {
        time += 60
        upload.send(chunk(large, at, at + MIB / 2))
        await settled()
      }
      await upload.done
      const offsets = upload.heard.flatMap((status) => (status.kind === 'progress' ? [status.offset / MIB] : []))
      expect(offsets).toEqual([1, 2, 3, 4, 5, 6, 7])
    } finally {
      clock.mockRestore()
    }
  })

  const cases: [string, string, (upload: ReturnType<typeof begin>) => void][] = [
    ['longer than announced', 'AGGREGATION_UPLOAD_LENGTH', ({ send }) => send(chunk(update(1001), 0, 1001))],
    [
      'cut short',
      'AGGREGATION_UPLOAD_CUT',
      ({ send, end }) => {
        send(chunk(bytes, 0, 8))
        end()
      },
    ],
    ['with a gap', 'AGGREGATION_UPLOAD_GAP', ({ send }) => send(chunk(bytes, 0, 500), chunk(bytes, 600, 700))],
    ['reordered', 'AGGREGATION_UPLOAD_GAP', ({ send }) => send(chunk(bytes, 500, 1000), chunk(bytes, 0, 500))],
    ['overlapping', 'AGGREGATION_UPLOAD_GAP', ({ send }) => send(chunk(bytes, 0, 500), chunk(bytes, 400, 600))],
    [
      'with a corrupted chunk',
      'AGGREGATION_UPLOAD_CHUNK',
      ({ send }) => send({ ...chunk(bytes, 0, 500), crc32: 1 } as UpdatePart),
    ],
    [
      'with other bytes than its digest says',
      'AGGREGATION_UPLOAD_DIGEST',
      ({ send }) => send(chunk(update(1000, 2), 0, 1000)),
    ],
    ['with two headers', 'AGGREGATION_UPLOAD_FORM', ({ send }) => send(headerOf(bytes))],
  ]
  test.each(cases)('%s is refused: %s', async (_, code, act) => {
    const uploads = new Uploads()
    const upload = begin({ uploads, bytes })
    act(upload)
    const error = await upload.refused()
    expect(error).toBeInstanceOf(AggregatorError)
    expect(error).toEqual(refusal(code))
    expect(upload.delivered).toEqual([])
    // And the next one of the same party is none the worse for it.
    const again = begin({ uploads, bytes })
    const admitted = await again.hears('admitted')
    again.send(chunk(bytes, admitted.kind === 'admitted' ? admitted.offset : 0, 1000))
    await again.done
    expect(again.delivered).toEqual([toHex(sha256(bytes))])
  })

  test.each([
    ['another length than the round’s', { expectedBytes: 999 }],
    ['100 GB', { header: { length: 1e11 } }],
  ])('announcing %s is refused before anything is held', async (_, changes) => {
    const upload = begin({ uploads: new Uploads({ bytes: 1, uploads: 1 }), bytes, ...changes })
    expect(await upload.refused()).toEqual(refusal('AGGREGATION_UPLOAD_LENGTH'))
    expect(upload.heard).toEqual([])
  })

  test('without a header is refused', async () => {
    async function* parts() {
      yield chunk(bytes, 0, 1000)
    }
    const incoming = new IncomingUpload(parts(), never)
    await expect(incoming.header()).rejects.toThrow(refusal('AGGREGATION_UPLOAD_FORM'))
    incoming.end()
    const nothing = createSender()
    nothing.end()
    const empty = new IncomingUpload(nothing.stream(), never)
    await expect(empty.header()).rejects.toThrow(refusal('AGGREGATION_UPLOAD_FORM'))
    empty.end()
  })

  test('that its round refuses is let go', async () => {
    const uploads = new Uploads({ bytes: 1000, uploads: 1 })
    const wrong = new RoundError('ROUND_WEIGHT', 'no')
    const upload = begin({ uploads, bytes, deliver: () => Promise.reject(wrong) })
    upload.send(chunk(bytes, 0, 1000))
    expect(await upload.refused()).toBe(wrong)
    const other = begin({ uploads, bytes, party: 'bank-b' })
    other.send(chunk(bytes, 0, 1000))
    await other.done
  })
})

describe('an upload that broke', () => {
  const bytes = update(3000)

  test('goes on at the offset that is held, with its digest over the whole', async () => {
    const uploads = new Uploads()
    const first = begin({ uploads, bytes })
    first.send(chunk(bytes, 0, 1000), chunk(bytes, 1000, 2000))
    await settled()
    first.leave()
    expect(await first.refused()).toEqual(new Error('the connection broke'))
    const second = begin({ uploads, bytes })
    expect(await second.hears('admitted')).toEqual({ kind: 'admitted', offset: 2000 })
    // What was under way twice is ignored.
    second.send(chunk(bytes, 1000, 2000), chunk(bytes, 0, 500), chunk(bytes, 2000, 3000))
    await second.done
    expect(second.delivered).toEqual([toHex(sha256(bytes))])
  })

  test('of another digest, or for another round, begins anew', async () => {
    const uploads = new Uploads({ bytes: 3000, uploads: 1 })
    const first = begin({ uploads, bytes })
    first.send(chunk(bytes, 0, 1000))
    await settled()
    first.leave()
    await first.refused()
    const other = update(3000, 5)
    const second = begin({ uploads, bytes: other })
    expect(await second.hears('admitted')).toEqual({ kind: 'admitted', offset: 0 })
    second.send(chunk(other, 0, 1000))
    await settled()
    second.leave()
    const third = begin({ uploads, bytes: other, header: { round: 2 } })
    expect(await third.hears('admitted')).toEqual({ kind: 'admitted', offset: 0 })
    third.send(chunk(other, 0, 3000))
    await third.done
    expect(third.delivered).toEqual([toHex(sha256(other))])
  })

  test('of another party is not shown to anybody else', async () => {
    const uploads = new Uploads()
    const first = begin({ uploads, bytes })
    first.send(chunk(bytes, 0, 1000))
    await settled()
    first.leave()
    const other = begin({ uploads, bytes, party: 'bank-b' })
    expect(await other.hears('admitted')).toEqual({ kind: 'admitted', offset: 0 })
    other.leave()
    await other.refused()
  })

  test('is replaced by a newer one of the same party, which takes over what has come', async () => {
    const uploads = new Uploads({ bytes: 3000, uploads: 1 })
    const older = begin({ uploads, bytes })
    older.send(chunk(bytes, 0, 1000))
    await settled()
    const newer = begin({ uploads, bytes })
    expect(await older.refused()).toEqual(refusal('AGGREGATION_UPLOAD_REPLACED'))
    expect(await newer.hears('admitted')).toEqual({ kind: 'admitted', offset: 1000 })
    // What the older one still brings counts for nothing.
    older.send(chunk(bytes, 1000, 2000))
    newer.send(chunk(bytes, 1000, 3000))
    await newer.done
    expect(newer.delivered).toEqual([toHex(sha256(bytes))])
  })

  test('while it was being delivered counts, and its party hears so', async () => {
    const uploads = new Uploads()
    const summing = createGate()
    const first = begin({ uploads, bytes, deliver: () => summing.opened.then(() => ({ round: 4 })) })
    first.send(chunk(bytes, 0, 3000))
    await settled()
    first.leave()
    const second = begin({ uploads, bytes })
    expect(await second.hears('admitted')).toEqual({ kind: 'admitted', offset: 3000 })
    summing.open()
    await second.done
    expect(second.heard.at(-1)).toEqual(accepted(bytes, 4))
    expect([first.delivered.length, second.delivered.length]).toEqual([1, 0])
  })

  test('is let go when its round closes', async () => {
    const uploads = new Uploads({ bytes: 3000, uploads: 1 })
    const closing = new AbortController()
    const first = begin({ uploads, bytes, closed: closing.signal })
    first.send(chunk(bytes, 0, 1000))
    await settled()
    first.leave()
    await first.refused()
    const waiting = begin({ uploads, bytes, party: 'bank-b' })
    await settled()
    expect(waiting.heard).toEqual([])
    closing.abort(new RoundError('ROUND_CLOSED', 'over'))
    await waiting.hears('admitted')
    const late = begin({ uploads, bytes, closed: closing.signal })
    expect(await late.refused()).toEqual(refusal('ROUND_CLOSED'))
    waiting.leave()
  })

  test('under way when its round closes is told so', async () => {
    const closing = new AbortController()
    const uploads = new Uploads({ bytes: 3000, uploads: 1 })
    const admitted = begin({ uploads, bytes, closed: closing.signal })
    await admitted.hears('admitted')
    const waiting = begin({ uploads, bytes, party: 'bank-b', closed: closing.signal })
    await settled()
    closing.abort(new RoundError('ROUND_CLOSED', 'over'))
    expect(await admitted.refused()).toEqual(refusal('ROUND_CLOSED'))
    expect(await waiting.refused()).toEqual(refusal('ROUND_CLOSED'))
  })
})

describe('time', () => {
  const bytes = update(5 * MIB)
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('ends an upload that stands still', async () => {
    const upload = begin({ uploads: new Uploads(), bytes })
    await upload.hears('admitted')
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await upload.refused()).toEqual(refusal('AGGREGATION_UPLOAD_SLOW'))
  })

  test('ends one that brings a byte a minute, or the same bytes again and again', async () => {
    for (const next of [(at: number) => at, () => 0]) {
      const upload = begin({ uploads: new Uploads(), bytes })
      await upload.hears('admitted')
      for (let at = 0; at < 3; at++) {
        upload.send(chunk(bytes, next(at), next(at) + 1))
        await vi.advanceTimersByTimeAsync(10_000)
      }
      expect(await upload.refused()).toEqual(refusal('AGGREGATION_UPLOAD_SLOW'))
    }
  })

  test('does not end one that brings a MiB in time, nor one that waits for a place or for the sum', async () => {
    const uploads = new Uploads({ bytes: bytes.length, uploads: 1 })
    const summing = createGate()
    const slow = begin({ uploads, bytes, deliver: () => summing.opened.then(() => ({ round: 1 })) })
    await slow.hears('admitted')
    const waiting = begin({ uploads, bytes, party: 'bank-b' })
    for (let at = 0; at < 5; at++) {
      await vi.advanceTimersByTimeAsync(29_000)
      slow.send(chunk(bytes, at * MIB, (at + 1) * MIB))
    }
    await vi.advanceTimersByTimeAsync(120_000)
    expect(waiting.heard).toEqual([])
    summing.open()
    await slow.done
    await waiting.hears('admitted')
    waiting.send(chunk(bytes, 0, bytes.length))
    await waiting.done
  })

  test('ends one that never sends its header', async () => {
    const incoming = new IncomingUpload(createSender().stream(), never)
    const header = failure(incoming.header())
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await header).toEqual(refusal('AGGREGATION_UPLOAD_SLOW'))
  })

  test('gives the place of one that is set aside to another that needs it, and not before', async () => {
    const uploads = new Uploads({ bytes: bytes.length, uploads: 8 })
    const first = begin({ uploads, bytes })
    first.send(chunk(bytes, 0, MIB))
    await first.hears('admitted')
    await settled()
    first.leave()
    await first.refused()
    const other = begin({ uploads, bytes, party: 'bank-b' })
    await vi.advanceTimersByTimeAsync(29_000)
    expect(other.heard).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    await other.hears('admitted')
    other.leave()
    await other.refused()
    // Nobody needed this one: it is there still.
    await vi.advanceTimersByTimeAsync(600_000)
    const again = begin({ uploads, bytes, party: 'bank-b' })
    expect(await again.hears('admitted')).toMatchObject({ offset: 0 })
    again.send(chunk(bytes, 0, MIB))
    await settled()
    again.leave()
    await vi.advanceTimersByTimeAsync(600_000)
    const later = begin({ uploads, bytes, party: 'bank-b' })
    expect(await later.hears('admitted')).toMatchObject({ offset: MIB })
    later.leave()
    await later.refused()
  })

  test.each(['replaces itself', 'leaves and comes back'])(
    'takes the place of one that %s every 29 s without a byte',
    async (how) => {
      const uploads = new Uploads({ bytes: bytes.length, uploads: 8 })
      const held = begin({ uploads, bytes })
      await held.hears('admitted')
      const other = begin({ uploads, bytes, party: 'bank-b' })
      await vi.advanceTimersByTimeAsync(29_000)
      if (how === 'leaves and comes back') held.leave()
      await settled()
      const again = begin({ uploads, bytes })
      await again.hears('admitted')
      expect(other.heard).toEqual([])
      await vi.advanceTimersByTimeAsync(29_000)
      const error = await again.refused()
      expect(error).toBeInstanceOf(AggregatorError)
      expect(error).toEqual(refusal('AGGREGATION_UPLOAD_SLOW'))
      expect(other.heard).toEqual([{ kind: 'admitted', offset: 0 }])
      other.leave()
      await other.refused()
    },
  )

  test('takes the place of a stalled upload at once: it has had its time', async () => {
    const uploads = new Uploads({ bytes: bytes.length, uploads: 8 })
    const stalled = begin({ uploads, bytes })
    await stalled.hears('admitted')
    const other = begin({ uploads, bytes, party: 'bank-b' })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await stalled.refused()).toEqual(refusal('AGGREGATION_UPLOAD_SLOW'))
    await other.hears('admitted')
    other.leave()
    await other.refused()
  })
})

describe('admission', () => {
  test('is in order, at most so many at once and so many bytes', async () => {
    const bytes = update(10)
    const uploads = new Uploads({ bytes: 1000, uploads: 2 })
    const all = Array.from({ length: 5 }, (_, at) => begin({ uploads, bytes, party: `bank-${at}` }))
    await settled()
    const inside = () => all.map(({ heard }) => heard.length)
    expect(inside()).toEqual([1, 1, 0, 0, 0])
    all[3]?.leave()
    all[0]?.send(chunk(bytes, 0, 10))
    await settled()
    expect(inside()).toEqual([2, 1, 1, 0, 0])
    all[1]?.send(chunk(bytes, 0, 10))
    await settled()
    expect(inside()).toEqual([2, 2, 1, 0, 1])
    for (const each of all) each.leave()
  })

  test('lets one that is larger than everything in alone', async () => {
    const uploads = new Uploads({ bytes: 100, uploads: 8 })
    const small = update(60)
    const first = begin({ uploads, bytes: small })
    const large = update(1000)
    const second = begin({ uploads, bytes: large, party: 'bank-b' })
    const third = begin({ uploads, bytes: small, party: 'bank-c' })
    await settled()
    expect([first, second, third].map(({ heard }) => heard.length)).toEqual([1, 0, 0])
    first.send(chunk(small, 0, 60))
    await second.hears('admitted')
    expect(third.heard).toEqual([])
    second.send(chunk(large, 0, 1000))
    await third.hears('admitted')
    third.leave()
  })

  test('keeps the places of those that left while they waited free', async () => {
    const places = new Places({ bytes: 10, uploads: 1 })
    const leaving = new AbortController()
    const first = await places.take(10, never)
    const left = places.take(10, leaving.signal)
    const last = places.take(10, never)
    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    first.free()
    first.free()
    ;(await last).free()
    await expect(places.take(1, leaving.signal)).rejects.toThrow('gone')
  })

  test('asks for what may be reclaimed only when the next one does not fit', async () => {
    const held: { free(): void }[] = []
    const places = new Places({ bytes: 10, uploads: 8 }, () => {
      const [place] = held.splice(0, 1)
      place?.free()
      return place !== undefined
    })
    held.push(await places.take(4, never), await places.take(4, never))
    await places.take(2, never)
    expect(held).toHaveLength(2)
    await places.take(8, never)
    expect(held).toHaveLength(0)
  })
})

describe('memory', () => {
  test('of a hundred updates one after the other is that of one', async () => {
    const uploads = new Uploads()
    const memories = new Set<ArrayBufferLike>()
    const deliver = async (body: Uint8Array) => {
      memories.add(body.buffer)
      return { round: 1 }
    }
    for (let at = 0; at < 100; at++) {
      // Some smaller, with remains of a larger one before them.
      const bytes = update(at % 2 === 0 ? 5000 : 3000, at)
      const upload = begin({ uploads, bytes, party: `bank-${at}`, deliver })
      upload.send(chunk(bytes, 0, bytes.length))
      await upload.done
      expect(upload.delivered).toEqual([toHex(sha256(bytes))])
    }
    expect(memories.size).toBe(1)
    uploads.rest()
    const bytes = update(10)
    const upload = begin({ uploads, bytes, deliver })
    upload.send(chunk(bytes, 0, 10))
    await upload.done
    expect(memories.size).toBe(2)
  })

  test('of free buffers gives way to a larger one', () => {
    const buffers = new Buffers(100)
    const small = [buffers.take(30), buffers.take(40)]
    for (const each of small) buffers.give(each)
    const large = buffers.take(90)
    buffers.give(large)
    expect(buffers.take(30).buffer).toBe(large.buffer)
  })

  test('of statuses that nobody hears is that of the last offset', async () => {
    const statuses = new Statuses()
    statuses.say({ kind: 'admitted', offset: 0 })
    for (let offset = 1; offset <= 1000; offset++) statuses.say({ kind: 'progress', offset })
    statuses.end()
    const heard: UploadStatus[] = []
    for await (const status of statuses) heard.push(status)
    expect(heard).toEqual([
      { kind: 'admitted', offset: 0 },
      { kind: 'progress', offset: 1000 },
    ])
  })

  test('of an upload whose sender does not listen is given back all the same', async () => {
    const uploads = new Uploads({ bytes: 1000, uploads: 1 })
    const bytes = update(1000)
    const sender = createSender()
    const incoming = new IncomingUpload(sender.stream(), sender.signal)
    sender.send(headerOf(bytes), chunk(bytes, 0, 1000))
    const header = await incoming.header()
    const reception = {
      runId,
      party: 'bank-a',
      header,
      expectedBytes: 1000,
      closed: never,
      widen: () => () => undefined,
    }
    const statuses = uploads.receive(incoming, reception, async () => ({ round: 1 }))
    // Hears that it is admitted, and no more.
    await statuses.next()
    const other = begin({ uploads, bytes, party: 'bank-b' })
    await other.hears('admitted')
    other.leave()
    await statuses.return(undefined)
  })
})

test('an update whose delivery closes the round is acknowledged, though that takes a while', async () => {
  const bytes = new Uint8Array(8).fill(3)
  const closing = new AbortController()
  let written: (value: { round: number }) => void = () => undefined
  const delivered = new Promise<{ round: number }>((resolve) => {
    written = resolve
  })
  const deliver = () => {
    closing.abort(new RoundError('ROUND_CLOSED', 'round 1 has closed'))
    return delivered
  }
  const upload = begin({ uploads: new Uploads(), bytes, closed: closing.signal, deliver })
  await upload.hears('admitted')
  upload.send({ kind: 'chunk', offset: 0, data: bytes, crc32: crc32(bytes) })
  await settled()
  written({ round: 1 })
  expect(await upload.hears('accepted')).toMatchObject({ round: 1 })
  await upload.done
  expect(upload.ends).not.toContainEqual(expect.any(RoundError))
})
