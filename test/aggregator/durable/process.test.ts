/** Real processes on a real disk: a kill at any moment, two at once, a disk that is full or read-only. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openState } from '../../../src/aggregator/durable/index.ts'
import { type AggregatorCode, AggregatorError } from '../../../src/aggregator/index.ts'

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url))
const runId = 'cd'.repeat(16)
const header = { runId, federation: 'north', spec: '{}', parties: [], created: 0 }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const refusing = (code: AggregatorCode, says: string) =>
  expect.toSatisfy((error) => error instanceof AggregatorError && error.code === code && error.message.includes(says))

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-state-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A process that works in the directory; `heard` resolves when it has said so many lines. */
function startWriter(directory: string, key = '') {
  const writer = spawn(process.execPath, ['--import', 'tsx', child, directory, runId, key], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void writer.kill('SIGKILL'))
  const lines: string[] = []
  const listeners = new Set<() => void>()
  let rest = ''
  let errors = ''
  writer.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    for (const listener of listeners) listener()
  })
  const ended = once(writer, 'close')
  const heard = (count: number) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (lines.length >= count) resolve()
      }
      listeners.add(look)
      look()
      ended.then(() => reject(new Error(errors)), reject)
    })
  return { lines, heard, ended, kill: () => writer.kill('SIGKILL'), errors: () => errors }
}

test('a process that is killed loses nothing that it had said', { timeout: 60_000 }, async () => {
  const directory = temporary()
  let key = ''
  let said: string[] = []
  for (const count of [2, 5, 8]) {
    const writer = startWriter(directory, key)
    await writer.heard(count)
    writer.kill()
    await writer.ended
    key ||= writer.lines[0]?.replace('key ', '') ?? ''
    said = [...said, ...writer.lines.filter((line) => !line.startsWith('key'))]

    // Its lock is taken over, whatever process has its number now.
    await using states = await openState(directory)
    const { records, round, state } = await states.unlock(runId, Buffer.from(key, 'hex'))
    const found = records.map(textOf)
    expect(found.slice(0, said.length)).toEqual(said)
    expect(found.length - said.length).toBeLessThanOrEqual(1)
    if (round !== undefined) expect((await state(round)).every((byte) => byte === round % 256)).toBe(true)
    said = found
  }
  expect(readdirSync(directory).sort()).toEqual(['owner', 'runs'])
})

test('of two processes the second is refused, and the first goes on', { timeout: 60_000 }, async () => {
  // Longer than the name of a socket may be.
  const directory = join(temporary(), 'long'.repeat(30))
  const first = startWriter(directory)
  await first.heard(2)
  await expect(openState(directory)).rejects.toEqual(refusing('AGGREGATION_STATE_BUSY', 'another aggregator'))
  const second = startWriter(directory)
  await second.ended
  expect(second.errors()).toContain('AGGREGATION_STATE_BUSY')
  await first.heard(first.lines.length + 2)
  first.kill()
  await first.ended
})

test('of many that begin at once in one directory, never two have it', async () => {
  const directory = temporary()
  const all = await Promise.allSettled(Array.from({ length: 8 }, () => openState(directory)))
  const open = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  expect(open.length).toBeLessThanOrEqual(1)
  for (const each of open) await each[Symbol.asyncDispose]()
  await using states = await openState(directory)
  expect(states.list()).toEqual([])
})

test('only the owner can read the files', async () => {
  const directory = join(temporary(), 'state')
  await using states = await openState(directory)
  await states.create(header)
  const inside = join(directory, 'runs', runId)
  for (const path of [directory, inside]) expect(statSync(path).mode & 0o777).toBe(0o700)
  for (const name of readdirSync(inside)) expect(statSync(join(inside, name)).mode & 0o777).toBe(0o600)
})

test('a directory that cannot be one is refused with its path', async () => {
  const directory = temporary()
  const file = join(directory, 'runs')
  rmSync(file, { recursive: true, force: true })
  mkdirSync(join(directory, 'owner'))
  await expect(openState(directory)).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'owner'))
  rmSync(join(directory, 'owner'), { recursive: true })
  await (await openState(directory))[Symbol.asyncDispose]()
})

/** A file system of its own; undefined, with the reason printed, where mounting is not allowed. */
function mountSmall(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-state-small-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory], { stdio: 'ignore' })
  onTestFinished(() => {
    if (mounted.status === 0) spawnSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true, force: true })
  })
  if (mounted.status === 0) return directory
  console.info('a small file system is skipped: mounting a tmpfs is not allowed here')
  return undefined
}

test('a full disk keeps what was committed', async (context) => {
  const directory = mountSmall()
  if (directory === undefined) return context.skip()
  const states = await openState(directory)
  const { journal, runKey } = await states.create(header)
  const commit = (round: number, bytes: number) =>
    journal.commit({ round, state: new Uint8Array(bytes), record: bytesOf(`commit ${round}`) })
  await commit(0, 1_000_000)
  await expect(commit(1, 5_000_000)).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'the disk is full'))
  await expect(journal.append(bytesOf('after'))).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'full'))
  await states[Symbol.asyncDispose]()
  await using again = await openState(directory)
  const { records, state } = await again.unlock(runId, runKey)
  expect(records.map(textOf)).toEqual(['commit 0'])
  expect(await state(0)).toHaveLength(1_000_000)
})

test('a disk that becomes read-only commits nothing', async (context) => {
  const directory = mountSmall()
  if (directory === undefined) return context.skip()
  const states = await openState(directory)
  const { journal } = await states.create(header)
  await journal.commit({ round: 0, state: new Uint8Array(10), record: bytesOf('commit 0') })
  // The kernel refuses to remount while a file is open for writing; a new bind mount over it is read-only all the same.
  spawnSync('mount', ['--bind', directory, directory])
  onTestFinished(() => void spawnSync('umount', ['-l', directory]))
  const remounted = spawnSync('mount', ['-o', 'remount,bind,ro', directory], { stdio: 'ignore' })
  expect(remounted.status).toBe(0)
  await expect(journal.commit({ round: 1, state: new Uint8Array(10), record: bytesOf('commit 1') })).rejects.toEqual(
    refusing('AGGREGATION_STATE_DISK', 'the disk is read-only'),
  )
  await expect(openState(join(directory, 'new'))).rejects.toEqual(refusing('AGGREGATION_STATE_DISK', 'new'))
})
