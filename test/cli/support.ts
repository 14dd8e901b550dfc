/** The command line in a test: captured outputs, a clock, signals on demand, and a coordinator that is a plain object. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { type Io, main } from '../../src/cli/index.ts'
import type { Run, RunEvent, RunEventBody } from '../../src/round/index.ts'
import type { ClientCall, Connection, Network, Prover, RunApi } from '../../src/rpc/index.ts'

// Keys, certificates and the first load of a verb take a second each when other tests share the two cores.
vi.setConfig({ testTimeout: 30_000 })

export const NOW = Date.UTC(2026, 4, 17, 12, 0, 0)

export interface TestIo extends Io {
  out(): string
  err(): string
  signal(name: 'SIGINT' | 'SIGTERM'): void
  /** Resolves when stdout or stderr holds the text. */
  until(text: string): Promise<void>
}

export interface TestIoOptions {
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly terminal?: boolean
  readonly columns?: number
  readonly network?: Network
  readonly now?: () => number
}

export function createTestIo(options: TestIoOptions = {}): TestIo {
  const texts = { out: '', err: '' }
  const waiting: { text: string; done: () => void }[] = []
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>()
  const output = (name: 'out' | 'err') => ({
    write(text: string) {
      texts[name] += text
      for (const each of waiting) if (texts[name].includes(each.text)) each.done()
    },
    isTTY: options.terminal === true,
    columns: options.columns,
  })
  return {
    stdout: output('out'),
    stderr: output('err'),
    env: options.env ?? {},
    cwd: options.cwd ?? '/nowhere',
    now: options.now ?? (() => NOW),
    version: '9.9.9',
    onSignal(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ...(options.network === undefined ? {} : { network: options.network }),
    out: () => texts.out,
    err: () => texts.err,
    signal: (name) => {
      for (const listener of listeners) listener(name)
    },
    until: (text) =>
      new Promise((done) => {
        if (texts.out.includes(text) || texts.err.includes(text)) done()
        else waiting.push({ text, done })
      }),
  }
}

/** Runs a command line to its end. */
export async function coffer(words: string | readonly string[], options: TestIoOptions = {}) {
  const io = createTestIo(options)
  const code = await main(typeof words === 'string' ? words.split(' ').filter((word) => word !== '') : words, io)
  return { code, out: io.out(), err: io.err(), io }
}

/** The one JSON line of --json; throws when there is anything else. */
export function jsonLine(out: string): unknown {
  const lines = out.split('\n')
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`expected one line, found ${JSON.stringify(out)}`)
  return JSON.parse(lines[0] ?? '')
}

export async function createDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'coffer-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const notOffered = () => {
  throw new Error('the test offers no such call')
}

export interface FakeCoordinator extends Network {
  readonly dialled: string[]
}

/** A network whose only inhabitant is a coordinator that offers some calls. */
export function createFakeNetwork(
  api: Partial<RunApi<ClientCall>>,
  reach: (address: string) => void = () => undefined,
  /** Attests for every address, with this TLS key, to whoever asks for it. */
  attested?: { readonly prover: Prover; readonly serverKey: Uint8Array },
): FakeCoordinator {
  const whole: RunApi<ClientCall> = {
    submitRun: notOffered,
    listRuns: notOffered,
    getRun: notOffered,
    watchRun: notOffered,
    stopRun: notOffered,
    listModels: notOffered,
    getModel: notOffered,
    getCheckpoint: notOffered,
    proveInclusion: notOffered,
    readLeaves: notOffered,
    downloadModel: notOffered,
    getStatus: async () => ({
      version: '9.9.9',
      federation: 'demo',
      connectedParties: ['bank-a'],
      aggregatorReachable: true,
      aggregatorDetail: 'active runs: 0',
      store: 'sqlite:coordinator.db',
      timeMs: NOW,
    }),
    ...api,
  }
  const dialled: string[] = []
  return {
    dialled,
    serve: notOffered,
    connect({ address, appraiser }) {
      dialled.push(address)
      // A test asks for one service only, so the client's type is what the caller says it is.
      const connection: Connection = {
        client: () => whole as never,
        async reach({ signal }) {
          reach(address)
          if (appraiser === undefined || attested === undefined) return
          const secret = new Uint8Array(32)
          const session = { nonce: secret, exporter: secret, serverKey: attested.serverKey, clientKey: secret }
          await appraiser.appraise(await attested.prover.prove(session), session, address, signal)
        },
        [Symbol.asyncDispose]: async () => undefined,
      }
      return connection
    },
  }
}

export const RUN_ID = '3f9c12ab00000000000000000000cafe'

export const createRun = (changes: Partial<Run> = {}): Run => ({
  runId: RUN_ID,
  name: 'credit-risk',
  specJson: new Uint8Array(),
  jobDigest: new Uint8Array(32).fill(0xab),
  state: 'running',
  reason: '',
  submittedBy: 'admin',
  createdMs: NOW - 60_000,
  endedMs: undefined,
  round: 3,
  rounds: 10,
  parties: ['bank-a', 'bank-b', 'bank-c'].map((party) => ({
    party,
    decision: 'accepted',
    reasons: [],
    activity: 'working',
  })),
  metrics: { auc: 0.7421, ks: 0.3811 },
  metricsModel: 2,
  modelId: undefined,
  tee: 'simulated tdx-v4',
  ...changes,
})

/** Events with sequences from 1, one second apart from `start`. */
export const createEvents = (bodies: readonly RunEventBody[], start = NOW - 60_000): RunEvent[] =>
  bodies.map((body, index) => ({ sequence: index + 1, atMs: start + index * 1000, ...body }))
