/** A control plane on a store in memory with a fake aggregator; handlers are called as the network would call them. */
import { createControl, type Control, type ControlOptions } from '../../src/coordinator/index.ts'
import { canonicalSpec, jobDigest, parseJobSpec } from '../../src/job/index.ts'
import type { Run, RunEvent } from '../../src/round/index.ts'
import type { Assignment, Log, Role, ServerCall } from '../../src/rpc/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { createLedgerKey } from '../support/ledger.ts'
import { FakeAggregator } from './fake-aggregator.ts'

export const specObject = (overrides: Record<string, unknown> = {}) => ({
  version: 1,
  name: 'credit',
  task: { kind: 'binary-classification' },
  model: { kind: 'logistic' },
  data: {
    dataset: 'loans',
    id: 'customer',
    label: 'defaulted',
    features: [{ name: 'income', type: 'number', minimum: 0, maximum: 100_000, missing: 'refuse', outside: 'refuse' }],
  },
  parties: ['bank-a', 'bank-b', 'bank-c'],
  rounds: { count: 2, quorum: 2, minimumParties: 2, deadlineSeconds: 60 },
  training: { epochs: 1, batch: 32, learningRate: 0.1, optimizer: 'sgd', l2: 0 },
  strategy: { kind: 'fedavg' },
  summation: 'tee',
  seed: 1,
  ...overrides,
})
export const specBytes = (overrides: Record<string, unknown> = {}) =>
  new TextEncoder().encode(JSON.stringify(specObject(overrides)))
export const canonical = (overrides: Record<string, unknown> = {}) => canonicalSpec(parseJobSpec(specBytes(overrides)))

export function caller(role: Role, name: string, signal = new AbortController().signal): ServerCall {
  return { peer: { federation: 'test', role, name }, signal, widen: () => () => undefined, fail: () => undefined }
}

export const ana = caller('user', 'ana')
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

export interface Harness extends AsyncDisposable {
  readonly store: Store
  readonly aggregator: FakeAggregator
  readonly control: Control
  submit(overrides?: Record<string, unknown>): Promise<Run>
  decide(run: Run, party: string, accepted?: boolean, reasons?: readonly string[]): Promise<void>
  /** Submitted, accepted by all, and started at the aggregator. */
  running(overrides?: Record<string, unknown>): Promise<Run>
  run(runId: string): Promise<Run>
  /** Watches until an event fits, and gives the run as it is then. */
  until(runId: string, fits: (event: RunEvent) => boolean): Promise<Run>
  untilState(runId: string, state: Run['state'], reason?: string): Promise<Run>
  /** Ends this coordinator and starts another on the same store. */
  restart(): Promise<void>
}

/** `backOff` does not wait, but lets everything else go on: a retry comes as soon as it can. */
export async function createHarness(options: Partial<ControlOptions> = {}): Promise<Harness> {
  const store = options.store ?? (await openStore('sqlite::memory:'))
  const aggregator = new FakeAggregator()
  let clock = 1_700_000_000_000
  const create = () =>
    createControl({
      store,
      aggregation: aggregator.api,
      aggregatorAddress: 'aggregator.example:7401',
      about: { version: '1.2.3', federation: 'test', store: 'sqlite::memory:' },
      ledgerKey: createLedgerKey('test'),
      now: () => ++clock,
      log: silent,
      backOff: () => new Promise((resolve) => setImmediate(resolve)),
      ...options,
    })
  let control = create()
  const until: Harness['until'] = async (runId, fits) => {
    for await (const event of control.runs.watchRun({ runId, afterSequence: 0 }, ana)) if (fits(event)) break
    return control.runs.getRun({ runId }, ana)
  }
  const harness: Harness = {
    store,
    aggregator,
    get control() {
      return control
    },
    submit: (overrides = {}) => control.runs.submitRun({ specJson: specBytes(overrides) }, ana),
    decide: async (run, party, accepted = true, reasons = []) => {
      const answer = { runId: run.runId, jobDigest: jobDigest(run.specJson), accepted, reasons }
      await control.parties.decide(answer, caller('party', party))
    },
    running: async (overrides = {}) => {
      const run = await harness.submit(overrides)
      for (const { party } of run.parties) await harness.decide(run, party)
      return harness.untilState(run.runId, 'running', 'waiting for parties to join')
    },
    run: (runId) => control.runs.getRun({ runId }, ana),
    until,
    untilState: (runId, state, reason = '') =>
      until(runId, (event) => event.kind === 'state-changed' && event.state === state && event.reason.includes(reason)),
    restart: async () => {
      await control.close()
      control = create()
      await control.resume()
    },
    [Symbol.asyncDispose]: async () => {
      await control.close()
      await store.close()
    },
  }
  return harness
}

/** A party's stream, read one assignment at a time. */
export function attend(control: Control, party: string) {
  const leaving = new AbortController()
  const stream = control.parties.attend({ agentVersion: '1' }, caller('party', party, leaving.signal))
  const iterator = stream[Symbol.asyncIterator]()
  return {
    next: async (): Promise<Assignment | undefined> => {
      const result = await iterator.next()
      return result.done ? undefined : result.value
    },
    leave: () => leaving.abort(),
  }
}
