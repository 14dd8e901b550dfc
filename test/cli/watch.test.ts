import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run, RunEvent } from '../../src/round/index.ts'
import { type ClientCall, RpcError, type RunApi } from '../../src/rpc/index.ts'
import { main } from '../../src/cli/index.ts'
import { story } from './story.ts'
import {
  coffer,
  createDirectory,
  createEvents,
  createFakeNetwork,
  createRun,
  createTestIo,
  jsonLine,
  NOW,
  RUN_ID,
} from './support.ts'

let cwd = ''
let dispose: () => PromiseLike<void> = async () => undefined
beforeAll(async () => {
  const directory = await createDirectory()
  cwd = directory.path
  dispose = () => directory[Symbol.asyncDispose]()
  await coffer('init federation demo', { cwd })
})
afterAll(() => dispose())

const ended = (changes: Partial<Run> = {}) =>
  createRun({ state: 'finished', round: 10, endedMs: NOW, modelId: '7b21'.padEnd(32, '0'), ...changes })

/** A coordinator whose stream of events is made by `streams`, one after the other. */
function coordinatorOf(run: Run, streams: ((afterSequence: number, call: ClientCall) => AsyncIterable<RunEvent>)[]) {
  const asked: number[] = []
  const api: Partial<RunApi<ClientCall>> = {
    getRun: async () => run,
    watchRun: ({ afterSequence }, call) => {
      asked.push(afterSequence)
      const next = streams.shift()
      if (next === undefined) throw new Error('nobody expected another stream')
      return next(afterSequence, call)
    },
  }
  return { asked, network: createFakeNetwork(api) }
}

const all = createEvents(story.finished)
async function* after(sequence: number, upTo = all.length) {
  yield* all.slice(sequence, upTo)
}

test('plain lines where nobody looks at a terminal; exit code 0 for a finished run', async () => {
  const { network } = coordinatorOf(ended(), [(from) => after(from)])
  const { code, out, err } = await coffer('run watch 3f9c', { cwd, network })
  expect(code).toBe(0)
  expect(out.split('\n').at(-2)).toMatch(/1:07 {2}run finished$/)
  expect(out).toContain('round 10/10 closed: 3 parties; auc 0.7399')
  expect(out).not.toContain('\x1b')
  expect(err).toContain('model 7b21')
})

test('--json: one line at the end and everything else on stderr', async () => {
  const { network } = coordinatorOf(ended(), [(from) => after(from)])
  const { code, out, err } = await coffer('run watch 3f9c --json', { cwd, network, terminal: true })
  expect(code).toBe(0)
  expect(jsonLine(out)).toMatchObject({ runId: RUN_ID, state: 'finished', modelId: expect.stringMatching(/^7b21/) })
  expect(err).toContain('run finished')
  expect(err).not.toContain('\x1b')
})

test.each(['abandoned', 'stopped', 'rejected'] as const)('a run that ends %s ends the watch with 1', async (state) => {
  const events = createEvents([...story.beginning, { kind: 'state-changed', state, reason: 'why' }])
  const { network } = coordinatorOf(ended({ state, reason: 'why', modelId: undefined }), [
    async function* () {
      yield* events
    },
  ])
  const { code, out } = await coffer('run watch 3f9c', { cwd, network })
  expect(code).toBe(1)
  expect(out).toContain(`run ${state}: why`)
})

test('a lost connection is told and the watch goes on after the last event, none twice', async () => {
  const { network, asked } = coordinatorOf(ended(), [
    async function* (from) {
      yield* after(from, 20)
      throw new RpcError('PEER_LOST', 'the coordinator went away')
    },
    () => {
      throw new RpcError('PEER_UNREACHABLE', 'nothing answers')
    },
    (from) => after(from),
  ])
  const { code, out } = await coffer('run watch 3f9c', { cwd, network })
  expect(code).toBe(0)
  expect(asked).toEqual([0, 20, 20])
  expect(out).toContain('connection to the coordinator lost after event 20 (the coordinator went away); trying again')
  expect(out).toContain('connected again')
  expect(out.match(/trying again/g)).toHaveLength(1)
  expect(out.match(/round 2\/10 closed/g)).toHaveLength(1)
})

test('the last frame knows who declined, and a lost connection cannot move the cursor', async () => {
  const parties = ended().parties.map((party) =>
    party.party === 'bank-c' ? { ...party, decision: 'declined' as const, reasons: ['POLICY_ROWS: few'] } : party,
  )
  const undecided = parties.map((party) => ({ ...party, decision: 'undecided' as const, reasons: [] }))
  const watchIn = async (terminal: boolean) => {
    const asked = [ended({ parties: undecided })]
    const network = createFakeNetwork({
      getRun: async () => asked.shift() ?? ended({ parties }),
      watchRun: async function* ({ afterSequence }) {
        yield* after(afterSequence, afterSequence + 20)
        if (afterSequence === 0) throw new RpcError('PEER_LOST', 'gone\x1b]52;c;aGk=\x07\x1b[2J')
        yield* after(afterSequence + 20)
      },
    })
    return (await coffer('run watch 3f9c', { cwd, network, terminal, columns: 80, env: { TERM: 'xterm' } })).out
  }
  const drawn = await watchIn(true)
  expect(drawn.slice(drawn.lastIndexOf('finished after'))).toMatch(/bank-c {2}\S*declined.*POLICY_ROWS: few/)
  const plain = await watchIn(false)
  expect(plain).toContain('trying again')
  expect(plain).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
})

test.each(['xyz', '3f9', '3f9c-', '3f9c'.repeat(9), '../../etc'])('"%s" is no id and is not sent', async (id) => {
  const network = createFakeNetwork({})
  const verbs = ['run watch', 'run show', 'run stop', 'model export --out m', 'model evaluate --data d']
  for (const words of verbs) {
    const { code, out } = await coffer([...words.split(' '), id, '--json'], { cwd, network })
    expect(code).toBe(2)
    const said = expect.stringMatching(/is no id of a (?:run|model): expected 4 to 32 hex digits/)
    expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_ARGUMENT_INVALID', message: said } })
  }
  expect(network.dialled).toEqual([])
})

test('a stream that ends before the run is an error, not an end', async () => {
  const { network } = coordinatorOf(createRun(), [(from) => after(from, 5)])
  const { code, out } = await coffer('run watch 3f9c --json', { cwd, network })
  expect(code).toBe(1)
  expect(jsonLine(out)).toMatchObject({ error: { code: 'CLI_RUN_NOT_FINISHED' } })
})

test('Ctrl-C ends the watch with 130, leaves the run going and says so; the cursor comes back', async () => {
  const { network } = coordinatorOf(createRun(), [
    async function* (from, { signal }) {
      yield* after(from, 20)
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  ])
  const io = createTestIo({ cwd, network, terminal: true, columns: 60 })
  const done = main(['run', 'watch', '3f9c'], io)
  await io.until('\x1b[?25l')
  io.signal('SIGINT')
  expect(await done).toBe(130)
  expect(io.err()).toContain('stopped watching; the run goes on: coffer run watch 3f9c')
  expect(io.out().endsWith('\x1b[?25h')).toBe(true)
})

test('in a terminal the view is drawn in place; NO_COLOR and TERM=dumb are respected', async () => {
  const watchWith = async (env: Record<string, string>) => {
    const { network } = coordinatorOf(ended(), [(from) => after(from)])
    return (await coffer('run watch 3f9c', { cwd, network, env, terminal: true, columns: 80 })).out
  }
  const drawn = await watchWith({ TERM: 'xterm' })
  expect(drawn).toContain('finished after 10 of 10 rounds')
  expect(drawn).toContain('\x1b[32m')
  expect(drawn).toContain('\x1b[?25h')
  const uncoloured = await watchWith({ TERM: 'xterm', NO_COLOR: '1' })
  expect(uncoloured).not.toMatch(/\x1b\[\d+m/)
  expect(await watchWith({ TERM: 'dumb' })).not.toContain('\x1b')
})

test('the error of a refused watch comes through, and one that nobody can reach ends with 3', async () => {
  const unreachable = createFakeNetwork({
    getRun: async () => {
      throw new RpcError('PEER_UNREACHABLE', 'nothing answers at 127.0.0.1:7400')
    },
  })
  const { code, out } = await coffer('run watch 3f9c --json', { cwd, network: unreachable })
  expect(code).toBe(3)
  expect(jsonLine(out)).toMatchObject({ error: { code: 'PEER_UNREACHABLE' } })
})
