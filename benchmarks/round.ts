/**
 * What does one round cost the aggregator, against the number of parties and parameters?
 * A real aggregator process over mTLS on loopback; the parties are connections of this process that send a finished
 * update, so no training is in the figures. Each round is compared with a bare loop that adds the same arrays.
 */
import { type RunEvent, summations } from '../src/round/index.ts'
import { type ClientCall, roundService } from '../src/rpc/index.ts'
import { updateElements } from '../src/update/index.ts'
import { type Federation, startFederation, type Usage } from './aggregator-process.ts'
import type { Question, Row, Setting } from './question.ts'
import { answer, hiddenOf, type Job, join, jobOf, startRun } from './simulated-party.ts'

const parties = [3, 10, 100, 300] as const
/** 300 parties x 10^7 parameters would be 12 GB over loopback: minutes for a figure that 100 parties already show. */
const LARGEST_ROUND_BYTES = 5e9
const QUICK_ROUND_BYTES = 5e7
const ROUNDS = 3

export const round: Question = {
  name: 'round',
  asks: 'Time of one training round at the aggregator and its peak memory, against parties and parameters.',
  async *measure(setting) {
    for (const [parameters, hidden] of Object.entries(hiddenOf)) {
      for (const count of parties) {
        const job = jobOf(count, hidden, ROUNDS)
        const bytes = summations.plain.bytes(job.layout) * count
        if (bytes > (setting.quick ? QUICK_ROUND_BYTES : LARGEST_ROUND_BYTES)) {
          setting.remark(`left out: ${count} parties x ${parameters} (${(bytes / 1e9).toFixed(1)} GB a round)`)
          continue
        }
        yield* measureRound(job, count, `${count} parties x ${parameters}`, setting)
      }
    }
  },
}

async function* measureRound(job: Job, count: number, name: string, { remark }: Setting): AsyncGenerator<Row> {
  await using aggregator = await startFederation(job.spec.parties)
  const stop = new AbortController()
  const call: ClientCall = { signal: stop.signal, deadlineMs: 'open' }
  const { events, collect } = await startRun(aggregator, job, call)
  const working = job.spec.parties.map((party) => takePart(aggregator, party, job, call))
  const played: Played[] = []
  for await (const event of events) {
    if (event.kind === 'state-changed') remark(`${name}: ${event.state} ${event.reason}`)
    if (event.kind !== 'round-closed') continue
    const usage = await aggregator.usage()
    played.push({ event, usage })
  }
  await collect()
  await Promise.all(working)
  yield* rowsOf(name, job, count, played)
  stop.abort()
}

type RoundClosed = Extract<RunEvent, { kind: 'round-closed' }>

interface Played {
  readonly event: RoundClosed
  /** Right after the round. */
  readonly usage: Usage
}

function* rowsOf(name: string, job: Job, count: number, played: readonly Played[]): Generator<Row> {
  const row = (what: string, value: number, unit: string, ratio: number | null, against: string | null): Row => {
    return { question: 'round', case: `${name}: ${what}`, value, unit, ratio, against }
  }
  const training = played.flatMap(({ event, usage }, i) => {
    const before = played[i - 1]?.usage
    return event.task === 'train' && before ? [costOf(event, before, usage)] : []
  })
  const best = (by: keyof Cost) => training.reduce((a, b) => (a[by] <= b[by] ? a : b))
  const { totalMs, receivingMs, sumMs, stepMs } = best('totalMs')
  yield row('round', totalMs, 'ms', totalMs / bareLoop(updateElements(job.layout), count), LOOP)
  yield row('receive', receivingMs, 'ms', receivingMs / totalMs, 'the round')
  yield row('verify, add, open', sumMs, 'ms', sumMs / totalMs, 'the round')
  yield row('step the model', stepMs, 'ms', stepMs / totalMs, 'the round')
  const { cpuMs, loopCpuMs, engineCpuMs } = best('cpuMs')
  yield row('CPU of the aggregator', cpuMs, 'ms', null, null)
  yield row('CPU of its event loop: network, digests', loopCpuMs, 'ms', loopCpuMs / cpuMs, 'all its CPU')
  yield row('CPU of its engine: numbers', engineCpuMs, 'ms', engineCpuMs / cpuMs, 'all its CPU')
  const peak = Math.max(...played.map(({ usage }) => usage.peakBytes))
  yield row('peak memory', peak / 2 ** 20, 'MiB', peak / (updateElements(job.layout) * 4), 'one update')
}

const LOOP = 'a bare loop adding the same arrays'

/** In milliseconds. What the engine tells of its work, sumMs and stepMs, is by the clock. */
interface Cost {
  readonly totalMs: number
  readonly receivingMs: number
  readonly sumMs: number
  readonly stepMs: number
  readonly cpuMs: number
  readonly loopCpuMs: number
  readonly engineCpuMs: number
}

function costOf({ gatherMs, sumMs, stepMs }: RoundClosed, before: Usage, after: Usage): Cost {
  const totalMs = gatherMs + stepMs
  const cpuMs = after.cpuMs - before.cpuMs
  const engineCpuMs = after.engineCpuMs - before.engineCpuMs
  const cpu = { cpuMs, engineCpuMs, loopCpuMs: after.loopCpuMs - before.loopCpuMs }
  return { totalMs, receivingMs: totalMs - sumMs - stepMs, sumMs, stepMs, ...cpu }
}

/** One simulated party: answers every task with the same finished update. */
async function takePart(aggregator: Federation, party: string, job: Job, call: ClientCall): Promise<void> {
  const rounds = aggregator.connect('party', party).client(roundService)
  for await (const task of join(rounds, job, call)) {
    if (task.kind === 'ended') return
    await answer(rounds, job, task, call)
  }
}

/** Milliseconds to add `count` int32 arrays into float64 sums: the least any aggregator could do. */
function bareLoop(elements: number, count: number): number {
  const sum = new Float64Array(elements)
  const values = new Int32Array(elements)
  const once = () => {
    const began = performance.now()
    for (let i = 0; i < elements; i++) sum[i] = (sum[i] ?? 0) + (values[i] ?? 0)
    return performance.now() - began
  }
  // The best of many, warm, as the round is the best of its rounds.
  return Math.min(...Array.from({ length: 20 }, once)) * count
}
