import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/index.ts'
import { readableLine } from '../../src/cli/log.ts'
import { storeUrl } from '../../src/cli/programs.ts'
import { createMemoryNetwork, type Network } from '../../src/rpc/index.ts'
import { coffer, createDirectory, createTestIo, jsonLine, NOW } from './support.ts'

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo --simulated', { cwd, now: Date.now })
})
afterAll(() => dispose())

const start = (words: string, network: Network, terminal = false) => {
  const io = createTestIo({ cwd, network, terminal, now: Date.now })
  return { io, done: main(words.split(' '), io) }
}

/** A network on which nothing ever finishes draining. */
const stuck: Network = {
  ...createMemoryNetwork(),
  serve: async ({ address }) => ({
    address,
    drain: () => new Promise(() => undefined),
    [Symbol.asyncDispose]: async () => undefined,
  }),
}

describe.each(['coordinator', 'aggregator'])('%s', (role) => {
  test('says in one line when it is ready, drains after a signal, and ends with 0', async () => {
    const { io, done } = start(role, createMemoryNetwork())
    await io.until('listens on')
    expect(io.out()).toMatch(new RegExp(`^${role} of federation demo listens on 127\\.0\\.0\\.1:\\d+\n$`))
    io.signal('SIGTERM')
    expect(await done).toBe(0)
  })

  test('--json: a ready line with the real address; the log stays on stderr as JSON', async () => {
    const { io, done } = start(`${role} --listen 127.0.0.1:0 --json`, createMemoryNetwork())
    await io.until('"ready"')
    const ready = jsonLine(io.out())
    expect(ready).toMatchObject({ ready: true, role, federation: 'demo', address: expect.stringMatching(/:[1-9]\d*$/) })
    io.signal('SIGINT')
    expect(await done).toBe(0)
    const lines = io
      .err()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.at(-1)).toMatchObject({ message: 'ended', 'log.level': 'info', 'service.name': `coffer-${role}` })
  })

  test('a second signal ends it at once with 130', async () => {
    const { io, done } = start(role, stuck)
    await io.until('listens on')
    io.signal('SIGINT')
    await io.until('a second signal')
    io.signal('SIGINT')
    expect(await done).toBe(130)
  })

  test('an address that cannot be listened on ends it with 2, before anything is opened', async () => {
    expect(await coffer(`${role} --listen nowhere`, { cwd, now: Date.now })).toMatchObject({ code: 2, out: '' })
  })
})

test('what the network refuses is told and ends the program', async () => {
  const taken = await coffer('aggregator --json', {
    cwd,
    now: Date.now,
    network: { ...stuck, serve: () => Promise.reject(new Error('taken')) },
  })
  expect(taken.code).toBe(1)
  expect(jsonLine(taken.out)).toMatchObject({ error: { code: 'CLI_UNEXPECTED', message: 'taken' } })
})

test('a relative store is meant from the home', () => {
  expect(storeUrl('/home', 'sqlite:coordinator.db')).toBe('sqlite:/home/coordinator.db')
  expect(storeUrl('/home', 'sqlite:/var/c.db')).toBe('sqlite:/var/c.db')
  expect(storeUrl('/home', 'sqlite::memory:')).toBe('sqlite::memory:')
  expect(storeUrl('/home', 'postgres://u@h/d')).toBe('postgres://u@h/d')
})

test('a readable log line: time, level, message, fields, error; a stack only when asked for', () => {
  const entry = {
    'log.level': 'warn',
    '@timestamp': '2026-05-17T12:00:00.000Z',
    'service.name': 'coffer-party',
    message: 'lost',
    run: '3f9c',
    why: 'two words',
    error: { message: 'gone', stack: 'Error: gone\n    at x' },
  }
  const line = JSON.stringify(entry)
  expect(readableLine(line, false, false)).toBe('12:00:00 warn  lost run=3f9c why="two words" gone\n')
  expect(readableLine(line, false, true)).toContain('    at x')
  expect(readableLine(line, true, false)).toMatch(/^\x1b\[33m.*\x1b\[0m\n$/)
  expect(readableLine('no json', false, false)).toBe('no json')
})

test('a readable log line holds no control of a terminal, wherever a peer put one', () => {
  const evil = '\x1b]52;c;aGk=\x07\x1b[2J\x9b2J'
  const error = { message: evil, stack: `Error: ${evil}\n    at ${evil}` }
  const entry = { 'log.level': 'info', '@timestamp': NOW, message: evil, plain: evil, [evil]: 1, deep: [evil], error }
  for (const line of [`${JSON.stringify(entry)}\n`, `${evil}\n`, `"${evil}"\n`]) {
    const readable = readableLine(line, false, true)
    expect(readable).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    expect(readable.endsWith('\n')).toBe(true)
  }
})
