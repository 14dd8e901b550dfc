/**
 * Does the aggregator's memory grow with the parties? What an update and its sum cost, without what connections cost
 * (parties.ts): of a thousand members of a run, sixteen are connected at a time. They come in waves, as agents that were
 * cut off do: each joins, fetches the receipts it lacks and finds its own update in the last, fetches the model,
 * uploads, and leaves when its update is in the sum. The round stays open because two parties stay and deliver last.
 *
 * A run begins when everybody is there, so all of them are connected once before anything is measured. What they leave
 * behind would be in the figures; so the aggregator is then killed, and a new process takes the run up from its disk.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { toHex } from '../src/crypto/index.ts'
import { parseSignedReceipt } from '../src/ledger/index.ts'
import { summations } from '../src/round/index.ts'
import { type ClientCall, type RoundApi, roundService, type Task } from '../src/rpc/index.ts'
import { type Federation, startFederation, type Usage } from './aggregator-process.ts'
import type { Question, Row, Setting } from './question.ts'
import { answer, createTurns, hiddenOf, type Job, join, jobOf, startRun, updateOf } from './simulated-party.ts'

const PARTIES = { quick: [10, 50], full: [10, 100, 1000] } as const
/** An aggregator that has taken few updates is smaller than one that has taken many, whoever sent them. */
const LEAST_UPDATES = 100
/** They stay for the whole run. */
const STAYING = 2
/** With those who stay, and the coordinator, 16 connections. */
const AT_ONCE = 13
/** Dials under way at the beginning: one process plays all of the parties. */
const DIALS_AT_ONCE = 100
/** Most that 1,000 parties may need, of what 10 need: the target of the product. */
const TARGET = 1.2
/** After the last of a round has left, before what is still resident counts as settled. */
const SETTLING_MS = 2000
const MIB = 2 ** 20

export const memory: Question = {
  name: 'memory',
  asks:
    'Memory of the aggregator against the number of parties, with 10^6 parameters: every party joins, sends its update ' +
    'over mutual TLS, and finds it in the receipt. At most 16 are connected at a time: connections are the question `parties`.',
  async *measure(setting) {
    let ten: Measured | undefined
    for (const count of setting.quick ? PARTIES.quick : PARTIES.full) {
      const measured = await measureRun(count, setting)
      ten ??= measured
      yield* rowsOf(count, measured, ten)
    }
    const bytes = summations.plain.bytes(jobOf(10, hiddenOf['10^6'], 1).layout)
    yield row('one update, for scale', bytes / MIB, 'MiB', null, null)
  },
}

const row = (name: string, value: number, unit: string, ratio: number | null, against: string | null): Row => {
  return { question: 'memory', case: name, value, unit, ratio, against }
}

interface Measured {
  /** Of the process, when it has started and nobody has come. */
  readonly bare: Usage
  readonly settledBytes: number
  readonly after: Usage
  readonly seconds: number
}

function* rowsOf(count: number, { bare, settledBytes, after, seconds }: Measured, ten: Measured): Generator<Row> {
  const target = count === 1000 ? ` (target: at most ${TARGET})` : ''
  const ratio = (value: number, of: number) => [value / MIB, 'MiB', value / of, `10 parties${target}`] as const
  yield row(`${count} parties: peak`, ...ratio(after.peakBytes, ten.after.peakBytes))
  yield row(`${count} parties: settled`, ...ratio(settledBytes, ten.settledBytes))
  const [own, ofTen] = [after.peakBytes - bare.residentBytes, ten.after.peakBytes - ten.bare.residentBytes]
  yield row(`${count} parties: peak without the bare process`, own / MIB, 'MiB', own / ofTen, '10 parties')
  yield row(`${count} parties: time of the training round`, seconds, 's', seconds / ten.seconds, '10 parties')
}

async function measureRun(count: number, { remark }: Setting): Promise<Measured> {
  const rounds = Math.ceil(LEAST_UPDATES / count)
  const job = jobOf(count, hiddenOf['10^6'], rounds, STAYING)
  await using aggregator = await startFederation(job.spec.parties)
  const over = new AbortController()
  const call: ClientCall = { signal: over.signal, deadlineMs: 'open' }
  const [staying, others] = [job.spec.parties.slice(0, STAYING), job.spec.parties.slice(STAYING)]
  const key = await begin(aggregator, job, call)
  remark(`${count} parties: all of them have joined`)
  await aggregator.restart()
  const bare = await aggregator.usage()
  const stayed = staying.map((party) => stay(aggregator, party, job, key, call))
  let seconds = Number.NaN
  for (let round = 0; round <= rounds + 1; round += 1) {
    const began = performance.now()
    await Promise.all(stayed.map((party) => party.waitFor(round)))
    const visits = createTurns(AT_ONCE)
    await Promise.all(others.map((party) => visits(() => visit(aggregator, party, job, round))))
    await Promise.all(stayed.map((party) => party.deliver()))
    if (round === 1) seconds = (performance.now() - began) / 1000
    remark(`${count} parties: round ${round} took ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  await pause(SETTLING_MS)
  const after = await aggregator.usage()
  over.abort()
  return { bare, settledBytes: after.residentBytes, after, seconds }
}

/** Everybody joins, gets the first task and leaves, but for those who stay. Returns the key that wakes the run again. */
async function begin(aggregator: Federation, job: Job, call: ClientCall): Promise<Uint8Array> {
  const { parties } = job.spec
  const { events } = await startRun(aggregator, job, call)
  const dials = createTurns(DIALS_AT_ONCE)
  const keys = await Promise.all(
    parties.map(async (party, i) => {
      const stays = i < STAYING
      const connection = stays ? aggregator.connect('party', party) : aggregator.dial('party', party)
      await dials(() => connection.reach(call))
      const [task] = await firstOf(join(connection.client(roundService), job, call), !stays)
      if (!stays) await connection[Symbol.asyncDispose]()
      return task.runKey
    }),
  )
  let gone = 0
  for await (const event of events) {
    if (event.kind === 'party-changed' && event.activity === 'gone') gone += 1
    if (gone === parties.length - STAYING) break
  }
  const [key] = keys
  if (!key || key.length === 0) throw new Error('the aggregator keeps no run')
  return key
}

/** One party in one round, as an agent that had been away. */
async function visit(aggregator: Federation, party: string, job: Job, round: number): Promise<void> {
  await using connection = aggregator.dial('party', party)
  const over = new AbortController()
  const call: ClientCall = { signal: over.signal, deadlineMs: 'open' }
  const rounds = connection.client(roundService)
  const [task, tasks] = await firstOf(join(rounds, job, call), false)
  if (task.round !== round) throw new Error(`${party} was asked in round ${task.round}, the others in round ${round}`)
  await requireReceipt(rounds, party, job, task, call)
  await answer(rounds, job, task, call)
  await tasks.return?.()
  over.abort()
}

/** The update that the party sent in the round before is in the sum. */
async function requireReceipt(
  rounds: RoundApi<ClientCall>,
  party: string,
  job: Job,
  { round, receipts }: Task,
  call: ClientCall,
): Promise<void> {
  if (receipts !== round) throw new Error(`round ${round} came after ${receipts} receipts`)
  if (round === 0) return
  const { runId } = job
  for await (const sealed of rounds.fetchReceipts({ runId, after: round - 1 }, call)) {
    const { updates } = parseSignedReceipt(sealed).receipt
    const digest = toHex(updateOf(round - 1, job).digest)
    if (updates.some((each) => each.party === party && each.digest === digest)) return
    throw new Error(`the update of ${party} is not in the receipt of round ${round - 1}`)
  }
  throw new Error(`there is no receipt of round ${round - 1}`)
}

interface Stayer {
  waitFor(round: number): Promise<void>
  deliver(): Promise<void>
}

/** A party that is there all the time, and delivers when it is told to. */
function stay(aggregator: Federation, party: string, job: Job, runKey: Uint8Array, call: ClientCall): Stayer {
  const rounds = aggregator.connect('party', party).client(roundService)
  const tasks = join(rounds, job, call, runKey)[Symbol.asyncIterator]()
  let task: Task | undefined
  return {
    async waitFor(round) {
      const { value, done } = await tasks.next()
      if (done || value.round !== round) throw new Error(`round ${round} did not begin`)
      task = value
    },
    async deliver() {
      if (task) await answer(rounds, job, task, call)
    },
  }
}

/** The stream goes on unless it is to be left. */
async function firstOf(tasks: AsyncIterable<Task>, leave: boolean): Promise<[Task, AsyncIterator<Task>]> {
  const iterator = tasks[Symbol.asyncIterator]()
  const { value, done } = await iterator.next()
  if (done) throw new Error('a party was given no task')
  if (leave) await iterator.return?.()
  return [value, iterator]
}
