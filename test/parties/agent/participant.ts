/**
 * bank-a in a run, without a network and with a trainer that answers at once: never twice the same, so that an update
 * that is made a second time is another one.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalRun, type LocalRun } from '../../../parties/agent/local-run.ts'
import { Participation } from '../../../parties/agent/participation.ts'
import type { Desk } from '../../../parties/agent/desk.ts'
import type { Witness } from '../../../parties/ledger/index.ts'
import { createStates, disk as realDisk, type Disk, type Facts, type RunState } from '../../../parties/state/index.ts'
import type { Trainer } from '../../../parties/trainers/index.ts'
import { sha256, toHex } from '../../../src/crypto/index.ts'
import { canonicalSpec, jobDigest, type JobSpec } from '../../../src/job/index.ts'
import { metricsLayout } from '../../../src/learning/index.ts'
import { type ClientCall, type RoundApi, RpcError } from '../../../src/rpc/index.ts'
import { loansSpec, writeLoans } from '../../support/loans.ts'
import { createTestLog, type LogLine } from '../../support/log.ts'
import type { FakeAggregator, Run } from './fake-aggregator.ts'
import { createInbox, type Inbox } from './inbox.ts'

const parties = ['bank-a', 'bank-b', 'bank-c']
const files = writeLoans(['bank-a'], 200)

export interface Bank {
  readonly run: Run
  readonly directory: string
  readonly state: RunState
  readonly lines: LogLine[]
  /** Trainings that began, by round. */
  readonly trained: Inbox<{ readonly round: number; readonly correction: Float32Array | undefined }>
  /** What was written to run.json, each time it was. */
  readonly kept: Inbox<Facts>
  /** Resolves when the receipt of this round was checked. */
  checked(round: number): Promise<void>
  /** As if the newest acknowledgement had not come. */
  forgetAccepted(): Promise<void>
  /** Trainings wait for it. */
  hold: Promise<void>
  /** Who answers from now on; the one before is no longer to be reached. */
  connect(aggregator: FakeAggregator): void
  /** Resolves when the participation is over. */
  readonly over: Promise<void>
  /** Stops it from outside. */
  stop(): Promise<void>
}

export interface BankOptions {
  readonly changes?: object
  readonly run?: Run
  readonly directory?: string
  readonly disk?: Disk
  readonly witness?: Witness
  /** False once its process is gone: then no call of it leaves any more. */
  readonly isAlive?: () => boolean
}

const locals = new Map<string, Promise<LocalRun>>()

const silent = { log: createTestLog().log, datasets: { loans: files['bank-a'] ?? '' }, name: 'bank-a' }

/** The rows are read once for each spec: they are the same. */
function localOf(spec: JobSpec): Promise<LocalRun> {
  const key = JSON.stringify(spec)
  const known = locals.get(key) ?? openLocalRun(spec, silent, new AbortController().signal)
  locals.set(key, known)
  return known
}

export async function createRun(changes: object = {}): Promise<Run> {
  const spec = loansSpec(parties, changes)
  const { plan } = await localOf(spec)
  return {
    runId: toHex(crypto.getRandomValues(new Uint8Array(16))),
    spec,
    jobDigest: jobDigest(canonicalSpec(spec)),
    plan,
    federation: 'test',
    policyDigest: toHex(sha256(Buffer.from('policy'))),
    runKey: new Uint8Array(32).fill(7),
  }
}

/** Takes part at once with whom it is connected to. */
export async function startBank(first: FakeAggregator, options: BankOptions = {}): Promise<Bank> {
  const { run } = first
  const {
    disk = realDisk,
    directory = mkdtempSync(join(tmpdir(), 'coffer-state-')),
    witness,
    isAlive = () => true,
  } = options
  const states = createStates(directory, disk)
  const whole = await localOf(run.spec)
  const identity = { run: run.runId, jobDigest: toHex(run.jobDigest), rows: whole.rows, party: 'bank-a' }
  const state = await states.open(identity)
  const kept: Bank['kept'] = createInbox()
  const keep = state.keep.bind(state)
  state.keep = async (changes) => {
    await keep(changes)
    kept.put(state.facts)
  }
  const receipts = createInbox<number>()
  const keepReceipt = state.keepReceipt.bind(state)
  state.keepReceipt = async (parsed) => {
    await keepReceipt(parsed)
    receipts.put(state.receipts.count)
  }
  const trained: Bank['trained'] = createInbox()
  const { log, lines } = createTestLog()
  const leaving = new AbortController()
  let aggregator = first
  const bank = { hold: Promise.resolve() }
  const trainer: Trainer = {
    backend: { name: 'cpu', why: '' },
    train: async ({ parameters, seed, correction, signal }) => {
      trained.put({ round: Number(seed.split('/').at(-1)), correction })
      const stopped = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      await Promise.race([bank.hold, stopped])
      return { parameters: parameters.map((value) => value + Math.random() / 10), loss: 0.5, steps: 4 }
    },
    predict: async () => new Float32Array(0),
    evaluate: async () => {
      const layout = metricsLayout(run.spec.task)
      const totals = {
        deltas: new Float64Array(0),
        counts: new Array(layout.counts).fill(0),
        sums: new Array(layout.sums).fill(0),
      }
      return { metrics: {}, totals }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const present = (): FakeAggregator['rounds'] => {
    if (isAlive()) return aggregator.rounds
    throw new RpcError('PEER_UNREACHABLE', 'the process of this agent is gone')
  }
  const rounds: RoundApi<ClientCall> = {
    join: (request, call) => present().join(request, call),
    fetchParameters: (request, call) => present().fetchParameters(request, call),
    fetchReceipts: (request, call) => present().fetchReceipts(request, call),
    submitUpdate: (parts, call) => present().submitUpdate(parts, call),
    declineTask: async (request, call) => present().declineTask(request, call),
  }
  const seen = new Map([[first.attested.epoch, first.attested]])
  const attested = {
    get: (epoch: string) => seen.get(epoch),
    get newest() {
      return aggregator.attested
    },
  }
  const desk = {
    ...silent,
    federation: 'test',
    log,
    rounds,
    states,
    witness,
    appraiser: { attested },
  }
  const local: LocalRun = { ...whole, trainer: async () => trainer }
  const { runId, jobDigest: digest } = run
  const participation = new Participation({
    ...{ runId, jobDigest: digest, local, state, signal: leaving.signal },
    desk: desk as unknown as Desk,
  })
  const over = participation.run()
  over.catch(() => undefined)
  return Object.assign(bank, {
    run,
    directory,
    state,
    lines,
    kept,
    checked: async (round: number) => void (await receipts.first((count) => count > round)),
    forgetAccepted: () => state.keep({ accepted: null }),
    trained,
    over,
    connect(next: FakeAggregator) {
      const before = aggregator
      aggregator = next
      seen.set(next.attested.epoch, next.attested)
      before.die()
    },
    async stop() {
      leaving.abort()
      await over.catch(() => undefined)
    },
  })
}
