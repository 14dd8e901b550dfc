/** The state directory: what is kept, to whom it opens, and each thing that it refuses, by its code. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Journal, openState, type RunHeader, type RunStates } from '../../../src/aggregator/durable/index.ts'
import { type AggregatorCode, AggregatorError } from '../../../src/aggregator/index.ts'
import { createRandom } from '../../../src/crypto/index.ts'
import { ModelDisk } from './model-disk.ts'

const directory = '/state'
const runId = '0f'.repeat(16)
const path = `${directory}/runs/${runId}`
const header: RunHeader = { runId, federation: 'north', spec: '{"a":"b"}', parties: ['alpha', 'beta'], created: 5 }

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textsOf = (records: readonly Uint8Array[]): string[] => records.map((each) => new TextDecoder().decode(each))
const refusing = (code: AggregatorCode, says = '') =>
  expect.toSatisfy((error) => error instanceof AggregatorError && error.code === code && error.message.includes(says))

interface Begun {
  readonly disk: ModelDisk
  readonly states: RunStates
  readonly journal: Journal
  readonly runKey: Uint8Array
}

async function begin(): Promise<Begun> {
  const disk = new ModelDisk()
  const states = await openState(directory, disk)
  return { disk, states, ...(await states.create(header)) }
}

/** Three records and the rounds 0 to 2, then the end of the process. */
async function play({ disk, states, journal, runKey }: Begun): Promise<{ disk: ModelDisk; runKey: Uint8Array }> {
  for (let round = 0; round < 3; round += 1) {
    await journal.append(bytesOf(`record ${round}`))
    await journal.commit({ round, state: stateOf(round), record: bytesOf(`commit ${round}`) })
  }
  await states[Symbol.asyncDispose]()
  return { disk, runKey }
}
const stateOf = (round: number) => new Uint8Array(2_500_000).fill(round + 1)
const played = ['record 0', 'commit 0', 'record 1', 'commit 1', 'record 2', 'commit 2']

const nameOf = (disk: ModelDisk, start: string): string => {
  const name = disk.names(path).find((each) => each.startsWith(start))
  if (name === undefined) throw new Error(`there is no ${start}`)
  return `${path}/${name}`
}

describe('a run', () => {
  test('is found again with its records, its newest states and nothing else', async () => {
    const { disk, runKey } = await play(await begin())
    await using states = await openState(directory, disk)
    expect(states.list()).toEqual([header])
    const opened = await states.unlock(runId, runKey)
    expect(textsOf(opened.records)).toEqual(played)
    expect(opened.round).toBe(2)
    for (const round of [1, 2]) {
      const state = await opened.state(round)
      expect(state.buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(Buffer.compare(state, stateOf(round))).toBe(0)
    }
    await expect(opened.state(0)).rejects.toEqual(refusing('AGGREGATION_STATE_DAMAGED', 'round 0'))
    expect(disk.names(path).map((name) => name.replace(/-[0-9a-f]{32}$/, ''))).toEqual([
      'log-0',
      'log-1',
      'run.json',
      'state-1',
      'state-2',
    ])
  })

  test('goes on where it was, over any number of restarts', async () => {
    const { disk, runKey } = await play(await begin())
    for (let round = 3; round < 6; round += 1) {
      await using states = await openState(directory, disk)
      const { journal, records } = await states.unlock(runId, runKey)
      expect(records).toHaveLength(3 + round)
      await expect(journal.commit({ round: 2, state: stateOf(0), record: bytesOf('again') })).rejects.toEqual(
        refusing('AGGREGATION_STATE_BUSY', 'round 2'),
      )
      await journal.commit({ round, state: stateOf(round), record: bytesOf(`commit ${round}`) })
    }
    await using states = await openState(directory, disk)
    const { records, state } = await states.unlock(runId, runKey)
    expect(textsOf(records)).toEqual([...played, 'commit 3', 'commit 4', 'commit 5'])
    expect((await state(4))[0]).toBe(5)
  })

  test('shows nothing of its content', async () => {
    const { disk } = await play(await begin())
    const files = disk.names(path).filter((name) => name !== 'run.json')
    const all = Buffer.concat(files.map((name) => disk.bytesOf(`${path}/${name}`)))
    expect(all.includes('record')).toBe(false)
    expect(all.includes(Buffer.alloc(100, 3))).toBe(false)
  })

  test('is removed whole, and can be made again', async () => {
    const begun = await begin()
    const { states, disk, journal } = begun
    await states.remove(runId)
    expect(states.list()).toEqual([])
    expect(await disk.list(`${directory}/runs`)).toEqual([])
    await expect(journal.append(bytesOf('late'))).rejects.toEqual(refusing('AGGREGATION_STATE_BUSY', 'closed'))
    await states.remove(runId)
    await states.create(header)
    expect(states.list()).toEqual([header])
  })

  test("that is being removed is gone before the directory is anybody else's", async () => {
    const { states, disk } = await begin()
    const removal = states.remove(runId)
    await states[Symbol.asyncDispose]()
    expect(await disk.list(`${directory}/runs`)).toEqual([])
    await removal
  })

  test('that was half removed is removed when the directory is opened', async () => {
    const { disk } = await play(await begin())
    disk.fault = (operation, at) => (operation === 'remove' && at.includes('/log-') ? { code: 'EIO' } : undefined)
    const states = await openState(directory, disk)
    await expect(states.remove(runId)).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'the disk failed'))
    disk.fault = () => undefined
    disk.powerLoss(createRandom('x'))
    await using again = await openState(directory, disk)
    expect(again.list()).toEqual([])
    expect(await disk.list(`${directory}/runs`)).toEqual([])
  })

  test('calls wait in order for a state that is being written, and share an fsync', async () => {
    const { disk, journal, states, runKey } = await begin()
    let syncs = 0
    disk.fault = (operation, at) => {
      if (operation === 'sync' && at.includes('/log-')) syncs += 1
      return undefined
    }
    const commit = journal.commit({ round: 0, state: stateOf(0), record: bytesOf('commit') })
    const after = Array.from({ length: 100 }, (_, at) => journal.append(bytesOf(`after ${at}`)))
    await Promise.all([commit, ...after])
    expect(syncs).toBe(1)
    await states[Symbol.asyncDispose]()
    await using again = await openState(directory, disk)
    const { records } = await again.unlock(runId, runKey)
    expect(textsOf(records)).toEqual(['commit', ...after.map((_, at) => `after ${at}`)])
  })
})

describe('a run that begins anew', () => {
  test('has another key and nothing of what was', async () => {
    const { disk, runKey } = await play(await begin())
    const states = await openState(directory, disk)
    const renewed = await states.renew(header)
    await renewed.journal.append(bytesOf('anew'))
    await states[Symbol.asyncDispose]()
    await using again = await openState(directory, disk)
    await expect(again.unlock(runId, runKey)).rejects.toThrow(refusing('AGGREGATION_RUN_KEY'))
    const opened = await again.unlock(runId, renewed.runKey)
    expect(textsOf(opened.records)).toEqual(['anew'])
    expect(disk.names(path).some((name) => name.startsWith('state-'))).toBe(false)
  })

  test.each(['a kill', 'a power loss'])(
    'is there, old or new, after %s at any step, and can begin anew again',
    async (how) => {
      let cuts = 0
      for (let step = 1; ; step += 1) {
        const { disk } = await play(await begin())
        const states = await openState(directory, disk)
        const last = disk.steps + step
        disk.fault = () => (disk.steps >= last ? { code: 'EIO' } : undefined)
        const cut = await states.renew(header).then(
          () => false,
          () => true,
        )
        disk.fault = () => undefined
        if (how === 'a kill') disk.kill()
        else disk.powerLoss(createRandom(`${step}`))
        await using after = await openState(directory, disk)
        expect(after.list()).toEqual([header])
        const { runKey, journal } = await after.renew(header)
        await journal.close()
        expect((await after.unlock(runId, runKey)).records).toEqual([])
        if (!cut) break
        cuts += 1
      }
      expect(cuts).toBeGreaterThan(8)
    },
  )
})

describe('who may open it', () => {
  test('whoever has the key, one at a time', async () => {
    const { disk, runKey } = await play(await begin())
    await using states = await openState(directory, disk)
    for (const wrong of [new Uint8Array(randomBytes(32)), new Uint8Array(), runKey.subarray(1)]) {
      await expect(states.unlock(runId, wrong)).rejects.toEqual(refusing('AGGREGATION_RUN_KEY', runId))
    }
    const first = states.unlock(runId, runKey)
    await expect(states.unlock(runId, runKey)).rejects.toEqual(refusing('AGGREGATION_STATE_BUSY', 'open already'))
    await (await first).journal.close()
    await states.unlock(runId, runKey)
  })

  test('one aggregator at a time', async () => {
    const { disk } = await begin()
    await expect(openState(directory, disk)).rejects.toEqual(refusing('AGGREGATION_STATE_BUSY', 'another aggregator'))
  })

  test('the newer one, where the lock does not see the older', async () => {
    const { disk, journal, states, runKey } = await begin()
    await journal.append(bytesOf('first'))
    disk.lock = () => Promise.resolve(() => Promise.resolve())
    await using newer = await openState(directory, disk)
    await expect(journal.append(bytesOf('second'))).rejects.toEqual(refusing('AGGREGATION_STATE_BUSY', 'taken'))
    await expect(states.create({ ...header, runId: '1'.repeat(32) })).rejects.toEqual(
      refusing('AGGREGATION_STATE_BUSY'),
    )
    expect(textsOf((await newer.unlock(runId, runKey)).records)).toEqual(['first'])
  })

  test('a run that is not there', async () => {
    const { states } = await begin()
    await expect(states.unlock('1'.repeat(32), new Uint8Array(32))).rejects.toEqual(refusing('AGGREGATION_UNKNOWN_RUN'))
    await expect(states.create(header)).rejects.toEqual(refusing('AGGREGATION_CONFLICT', runId))
    for (const wrong of ['../../etc', '', `${runId}0`, 'AB'.repeat(16)]) {
      await expect(states.create({ ...header, runId: wrong })).rejects.toEqual(refusing('AGGREGATION_RUN_ID'))
    }
  })
})

describe('sizes', () => {
  test('of records, states, headers and the number of runs are bounded', async () => {
    const { states, journal } = await begin()
    await expect(journal.append(new Uint8Array(3 * 1024 * 1024 + 1))).rejects.toEqual(
      refusing('AGGREGATION_STATE_SIZE', '3145729'),
    )
    // Nothing was written, so the journal goes on.
    await journal.append(new Uint8Array(3 * 1024 * 1024))
    const large = { ...header, runId: '2'.repeat(32), spec: 'x'.repeat(4 * 1024 * 1024) }
    await expect(states.create(large)).rejects.toEqual(refusing('AGGREGATION_STATE_SIZE', 'run.json'))
    for (let at = 1; at < 256; at += 1) await states.create({ ...header, runId: at.toString(16).padStart(32, '0') })
    await expect(states.create({ ...header, runId: '3'.repeat(32) })).rejects.toEqual(refusing('AGGREGATION_FULL'))
  })
})

type Change = (disk: ModelDisk) => void
const flip =
  (start: string, at: (length: number) => number): Change =>
  (disk) =>
    disk.change(nameOf(disk, start), (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(at(bytes.length)) ^ 1, at(bytes.length))
      return bytes
    })
const cut =
  (start: string, by: number): Change =>
  (disk) =>
    disk.change(nameOf(disk, start), (bytes) => bytes.subarray(0, bytes.length - by))
const lose =
  (start: string): Change =>
  (disk) =>
    disk.removeNow(nameOf(disk, start))

/** Log 0 of a run that was opened a second time, which wrote one record more: 6 + 1. */
async function playTwice() {
  const { disk, runKey } = await play(await begin())
  const states = await openState(directory, disk)
  const { journal } = await states.unlock(runId, runKey)
  await journal.append(bytesOf('record 3'))
  await states[Symbol.asyncDispose]()
  return { disk, runKey }
}

const lastFrame = 8 + 5 + 'record 3'.length + 16

describe('the end of the newest log', () => {
  const torn: [string, Change][] = [
    ['one byte short', cut('log-1', 1)],
    ['a tag only', cut('log-1', lastFrame - 8)],
    ['half a length', cut('log-1', lastFrame - 4)],
    ['a wrong tag', flip('log-1', (length) => length - 1)],
    ['a wrong byte', flip('log-1', (length) => length - 20)],
    ['a wrong length', flip('log-1', (length) => length - lastFrame)],
    ['zeros', (disk) => disk.change(nameOf(disk, 'log-1'), (bytes) => bytes.fill(0, bytes.length - lastFrame))],
  ]
  test.each(torn)('may be torn: %s', async (_name, change) => {
    const { disk, runKey } = await playTwice()
    change(disk)
    const states = await openState(directory, disk)
    const { records, journal } = await states.unlock(runId, runKey)
    expect(textsOf(records)).toEqual(played)
    // The same place is written again, by another epoch and under another key.
    await journal.append(bytesOf('record 3'))
    await states[Symbol.asyncDispose]()
    await using again = await openState(directory, disk)
    expect(textsOf((await again.unlock(runId, runKey)).records)).toEqual([...played, 'record 3'])
  })

  test('may be the whole log, or its opening', async () => {
    for (const kept of [0, 5, 30]) {
      const { disk, runKey } = await playTwice()
      disk.change(nameOf(disk, 'log-1'), (bytes) => bytes.subarray(0, kept))
      await using states = await openState(directory, disk)
      expect(textsOf((await states.unlock(runId, runKey)).records)).toEqual(played)
    }
  })
})

describe('damage', () => {
  const file: [string, string, Change][] = [
    ['a flipped byte in an older log', 'log-0', flip('log-0', () => 200)],
    ['a flipped length in an older log', 'log-0', flip('log-0', () => 59)],
    ['an older log cut', 'log-0', cut('log-0', 1)],
    ['an older log cut between records', 'log-1', cut('log-0', 8 + 9 + 'commit 2'.length + 16)],
    ['an older log lost', 'log 0 is missing', lose('log-0')],
    ['a flipped byte in the middle of the newest log', 'log-1', flip('log-1', () => 30)],
    ['a flipped length in the middle of the newest log', 'log-1', flip('log-1', () => 0)],
    ['the newest state lost', 'state-2', lose('state-2')],
    ['run.json changed', 'log-0', (disk) => disk.change(`${path}/run.json`, replaced('alpha', 'omega'))],
    [
      'a log twice',
      'two logs have one number',
      (disk) => disk.copyNow(nameOf(disk, 'log-1'), `${path}/log-1-${'0'.repeat(32)}`),
    ],
    [
      'a log under the name of another epoch',
      'log-0',
      (disk) => {
        disk.copyNow(nameOf(disk, 'log-0'), `${path}/log-0-${'0'.repeat(32)}`)
        disk.removeNow(
          disk
            .names(path)
            .map((name) => `${path}/${name}`)
            .filter((name) => name.includes('log-0'))[1] ?? '',
        )
      },
    ],
  ]
  test.each(file)('%s is refused', async (_name, says, change) => {
    const { disk, runKey } = await playTwice()
    change(disk)
    await using states = await openState(directory, disk)
    await expect(states.unlock(runId, runKey)).rejects.toEqual(refusing('AGGREGATION_STATE_DAMAGED', says))
  })

  const stateFiles: [string, Change][] = [
    ['a flipped byte', flip('state-2', (length) => length - 100)],
    ['a flipped head', flip('state-2', () => 0)],
    ['another length', flip('state-2', () => 23)],
    ['a byte cut', cut('state-2', 1)],
    ['a byte more', (disk) => disk.change(nameOf(disk, 'state-2'), (bytes) => Buffer.concat([bytes, Buffer.of(0)]))],
    ['nothing', (disk) => disk.change(nameOf(disk, 'state-2'), () => Buffer.alloc(0))],
    [
      'chunks in another order',
      (disk) =>
        disk.change(nameOf(disk, 'state-2'), (bytes) => {
          const [chunk, head] = [1024 * 1024 + 16, 24]
          const [one, two] = [bytes.subarray(head, head + chunk), bytes.subarray(head + chunk, head + 2 * chunk)]
          return Buffer.concat([bytes.subarray(0, head), two, one, bytes.subarray(head + 2 * chunk)])
        }),
    ],
    ['that of the round before', (disk) => disk.copyNow(nameOf(disk, 'state-1'), nameOf(disk, 'state-2'))],
  ]
  test.each(stateFiles)('a state with %s is refused, and the one before it can be read', async (_name, change) => {
    const { disk, runKey } = await play(await begin())
    change(disk)
    await using states = await openState(directory, disk)
    const { state } = await states.unlock(runId, runKey)
    await expect(state(2)).rejects.toEqual(refusing('AGGREGATION_STATE_DAMAGED', 'state-2'))
    expect((await state(1))[0]).toBe(2)
  })

  const headers: [string, AggregatorCode, (bytes: Buffer) => Buffer][] = [
    ['no JSON', 'AGGREGATION_STATE_DAMAGED', () => Buffer.from('{')],
    ['no object', 'AGGREGATION_STATE_DAMAGED', () => Buffer.from('7')],
    ['a space', 'AGGREGATION_STATE_DAMAGED', (bytes) => Buffer.concat([bytes, Buffer.from(' ')])],
    ['another run', 'AGGREGATION_STATE_DAMAGED', replaced(runId, '1'.repeat(32))],
    ['a member of another kind', 'AGGREGATION_STATE_DAMAGED', replaced('"created":5', '"created":"5"')],
    ['too many bytes', 'AGGREGATION_STATE_DAMAGED', () => Buffer.alloc(5 * 1024 * 1024)],
    ['a later format', 'AGGREGATION_STATE_RELEASE', replaced('coffer-run-v1', 'coffer-run-v2')],
  ]
  test.each(headers)('a run.json with %s spoils its own run alone', async (_name, code, change) => {
    const begun = await begin()
    const other = { ...header, runId: '4'.repeat(32) }
    await begun.states.create(other)
    const { disk, runKey } = await play(begun)
    disk.change(`${path}/run.json`, change)
    await using states = await openState(directory, disk)
    expect(states.list()).toEqual([other])
    expect(states.damaged()).toEqual([{ runId, error: refusing(code, 'run.json') }])
    await expect(states.unlock(runId, runKey)).rejects.toEqual(refusing(code))
    await states.remove(runId)
    expect(states.damaged()).toEqual([])
  })
})

function replaced(from: string, to: string): (bytes: Buffer) => Buffer {
  return (bytes) => Buffer.from(bytes.toString().replace(from, to))
}

describe('a disk that fails', () => {
  const faults: [string, string, 'append' | 'sync' | 'create' | 'rename' | 'syncDirectory', string][] = [
    ['ENOSPC', 'the disk is full', 'append', '/state-3'],
    ['ENOSPC', 'the disk is full', 'append', '/log-1'],
    ['EROFS', 'the disk is read-only', 'create', '/state-3'],
    ['EIO', 'the disk failed', 'sync', '/state-3'],
    ['EIO', 'the disk failed', 'sync', '/log-1'],
    ['EIO', 'the disk failed', 'rename', '/state-3'],
    ['EIO', 'the disk failed', 'syncDirectory', runId],
  ]
  test.each(faults)('%s (%s) at %s of %s commits nothing, and nothing after it', async (code, says, failing, where) => {
    const { disk, runKey } = await play(await begin())
    const states = await openState(directory, disk)
    const { journal } = await states.unlock(runId, runKey)
    await journal.append(bytesOf('kept'))
    disk.fault = (operation, at) => (operation === failing && at.includes(where) ? { code, bytes: 9 } : undefined)
    const commit = { round: 3, state: stateOf(3), record: bytesOf('commit 3') }
    const results = await Promise.allSettled([journal.commit(commit), journal.append(bytesOf('after'))])
    for (const result of results) {
      expect(result).toEqual({ status: 'rejected', reason: refusing('AGGREGATION_STATE_DISK', says) })
    }
    // Mended, and still not trusted.
    disk.fault = () => undefined
    await expect(journal.append(bytesOf('later'))).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', says))
    await states[Symbol.asyncDispose]()
    disk.powerLoss(createRandom(`${code} ${failing} ${where}`))
    await using again = await openState(directory, disk)
    const { records, round } = await again.unlock(runId, runKey)
    // A record whose fsync failed may have reached the disk; what follows a failure never does.
    expect(textsOf(records).slice(0, 7)).toEqual([...played, 'kept'])
    expect(textsOf(records)).not.toContain('later')
    expect(round).toBe(records.length === 7 ? 2 : 3)
  })

  test('ends an opening and a creation with its code, and both can be tried again', async () => {
    const { disk, runKey } = await play(await begin())
    await using states = await openState(directory, disk)
    const other = { ...header, runId: '5'.repeat(32) }
    disk.fault = (operation) => (operation === 'create' ? { code: 'ENOSPC' } : undefined)
    await expect(states.unlock(runId, runKey)).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'the disk is full'))
    await expect(states.create(other)).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'the disk is full'))
    disk.fault = () => undefined
    await states.create(other)
    expect(textsOf((await states.unlock(runId, runKey)).records)).toEqual(played)
  })

  test('an old state that cannot be removed breaks no promise, but the journal', async () => {
    const { disk, journal } = await begin()
    disk.fault = (operation, at) => (operation === 'remove' && at.includes('/state-0') ? { code: 'EROFS' } : undefined)
    for (let round = 0; round < 3; round += 1) {
      await journal.commit({ round, state: stateOf(round), record: bytesOf(`commit ${round}`) })
    }
    await expect(journal.append(bytesOf('next'))).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'state-0'))
  })
})
