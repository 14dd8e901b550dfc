/**
 * What do a thousand connected parties cost, and how does a round with all of them go?
 *
 * Every party has a certificate of its own, attests the aggregator, joins, and stays. While nobody answers the first
 * task the memory of a connection is measured; then all of them answer at once. One process plays all the parties and
 * works as much as the aggregator, so times are those of a machine shared by both, and the event loop's longest block is
 * told in processor time of its thread, which no other program adds to (loop-watch.ts), beside its delay by the clock.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RunEvent } from '../src/round/index.ts'
import { type ClientCall, roundService } from '../src/rpc/index.ts'
import { type Federation, startFederation, type Usage } from './aggregator-process.ts'
import type { Question, Row, Setting } from './question.ts'
import { answer, createTurns, hiddenOf, type Job, join, jobOf, startRun } from './simulated-party.ts'

const CASES = {
  quick: [
    [100, '10^4'],
    [10, '10^6'],
  ],
  full: [
    [1000, '10^4'],
    [10, '10^6'],
  ],
} as const
/** Dials under way: more would wait for this process, not for the aggregator. */
const DIALS_AT_ONCE = 100
/** With everybody connected and nothing to do. */
const IDLE_MS = 2000
/** That the event loop may be blocked in a round: the target of the product. */
const TARGET_MS = 20
const MIB = 2 ** 20

export const parties: Question = {
  name: 'parties',
  asks:
    'Parties that are connected, attested and waiting, then a run of one training round with all of them: memory of a ' +
    'connection, time, the longest block of the event loop, and parties that were lost.',
  async *measure(setting) {
    for (const [count, parameters] of setting.quick ? CASES.quick : CASES.full) {
      yield* measureRun(count, parameters, setting)
    }
  },
}

type RoundClosed = Extract<RunEvent, { kind: 'round-closed' }>

async function* measureRun(count: number, parameters: keyof typeof hiddenOf, { remark }: Setting): AsyncGenerator<Row> {
  const job = jobOf(count, hiddenOf[parameters], 1)
  await using aggregator = await startFederation(job.spec.parties)
  const over = new AbortController()
  const call: ClientCall = { signal: over.signal, deadlineMs: 'open' }
  const { events, collect } = await startRun(aggregator, job, call)
  const before = await aggregator.usage()
  const began = performance.now()
  let start: () => void = () => undefined
  const started = new Promise<void>((resolve) => {
    start = resolve
  })
  const { arrived, ended } = takePart(aggregator, job, started, call)
  await arrived
  const connectMs = performance.now() - began
  const connected = await aggregator.usage()
  await pause(IDLE_MS)
  const idle = await aggregator.usage()
  remark(`${count} parties x ${parameters}: connected, ${(connectMs / 1000).toFixed(1)} s`)
  start()
  const closed: RoundClosed[] = []
  for await (const event of events) {
    if (event.kind === 'round-closed') closed.push(event)
    if (event.kind === 'state-changed') remark(`${count} parties x ${parameters}: ${event.state} ${event.reason}`)
  }
  await collect()
  const states = await ended
  const after = await aggregator.usage()
  over.abort()
  const missing = new Set(closed.flatMap((event) => event.missing))
  const lost = states.filter((state, i) => state === 'lost' || missing.has(job.spec.parties[i] ?? '')).length
  yield* rowsOf(`${count} parties x ${parameters}`, count, { before, connectMs, connected, idle, closed, after, lost })
}

interface Measured {
  readonly before: Usage
  readonly connectMs: number
  readonly connected: Usage
  readonly idle: Usage
  readonly closed: readonly RoundClosed[]
  readonly after: Usage
  readonly lost: number
}

function* rowsOf(name: string, count: number, measured: Measured): Generator<Row> {
  const { before, connectMs, connected, idle, closed, after, lost } = measured
  const row = (
    what: string,
    value: number,
    unit: string,
    ratio: number | null = null,
    against: string | null = null,
  ) => {
    return { question: 'parties', case: `${name}: ${what}`, value, unit, ratio, against }
  }
  const training = closed.find(({ task }) => task === 'train')
  if (!training) throw new Error('the training round did not close')
  const roundMs = training.gatherMs + training.stepMs
  const block = (usage: Usage) => [usage.longestBlockMs, 'ms', usage.longestBlockMs / TARGET_MS] as const
  const target = `the target of ${TARGET_MS} ms`
  yield row('until all have joined', connectMs / 1000, 's')
  yield row('CPU of the aggregator until then, each', (connected.cpuMs - before.cpuMs) / count, 'ms')
  const each = (idle.residentBytes - before.residentBytes) / 1024 / count
  yield row('memory of a connection, idle', each, 'KiB')
  yield row('longest block while they join', ...block(connected), target)
  yield row('training round', roundMs, 'ms')
  yield row('CPU of the aggregator in the whole run', after.cpuMs - idle.cpuMs, 'ms')
  yield row('longest block in the rounds', ...block(after), target)
  yield row('longest delay in the rounds, by the clock', after.longestDelayMs, 'ms')
  yield row('peak memory', after.peakBytes / MIB, 'MiB', after.peakBytes / before.residentBytes, 'the bare process')
  yield row('lost parties', lost, 'parties')
}

/** Each joins and, from `started` on, answers every task. `ended`: how the run ended for each, `lost` if it did not. */
function takePart(aggregator: Federation, job: Job, started: Promise<void>, call: ClientCall) {
  const dials = createTurns(DIALS_AT_ONCE)
  let missing = job.spec.parties.length
  let arrive: () => void = () => undefined
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const playing = job.spec.parties.map(async (party) => {
    const connection = aggregator.connect('party', party)
    await dials(() => connection.reach(call))
    const rounds = connection.client(roundService)
    for await (const task of join(rounds, job, call)) {
      if (task.kind === 'ended') return task.state
      if (task.round === 0) {
        missing -= 1
        if (missing === 0) arrive()
        await started
      }
      await answer(rounds, job, task, call)
    }
    return 'lost'
  })
  const ended = Promise.all(playing.map((each) => each.catch(lostBecause)))
  return { arrived, ended }
}

function lostBecause(error: unknown): 'lost' {
  process.stderr.write(`a party was lost: ${String(error)}\n`)
  return 'lost'
}
