/** The two networks, and a small program on each of them, for the tests that both must pass. */
import {
  bind,
  type ClientCall,
  createMemoryNetwork,
  type Identity,
  type Listening,
  type Log,
  type Network,
} from '../../src/rpc/index.ts'
import {
  partyService,
  type Role,
  type RoundApi,
  roundService,
  type RunApi,
  runService,
  type ServerCall,
} from '../../src/rpc/index.ts'
import type { PartyApi } from '../../src/rpc/index.ts'
import { createGrpcNetwork } from '../../src/rpc/grpc/network.ts'
import { createTestLog } from '../support/log.ts'

export interface Kit {
  readonly name: string
  /** Networks of one kit reach each other, each with its own idea of the time. */
  readonly network: (now?: () => number) => Network
}

export function createKits(): Kit[] {
  const switchboard = new Map()
  return [
    { name: 'mTLS', network: (now = Date.now) => createGrpcNetwork({ now, backoffMs: 20, backoffLimitMs: 50 }) },
    { name: 'memory', network: (now = Date.now) => createMemoryNetwork({ now, switchboard }) },
  ]
}

export const runId = 'ab'.repeat(16)
export const digest = new Uint8Array(32).fill(7)

const none = new Uint8Array(0)
/** What every task has. */
export const place = { runId, round: 0, weightUnit: 1, remainingMs: 0, receipts: 0, runKey: none, checkpoints: [] }
export const joining = { runId, jobDigest: digest, rows: 1, runKey: none, checkpoint: none }

const unused = (name: string) => (): never => {
  throw new Error(`${name} was not expected in this test`)
}

/** A RoundApi of which a test writes only the handlers it uses. */
export const rounds = (handlers: Partial<RoundApi<ServerCall>>): RoundApi<ServerCall> => ({
  join: unused('join'),
  fetchParameters: unused('fetchParameters'),
  submitUpdate: unused('submitUpdate'),
  declineTask: unused('declineTask'),
  fetchReceipts: unused('fetchReceipts'),
  ...handlers,
})

export const runs = (handlers: Partial<RunApi<ServerCall>>): RunApi<ServerCall> => ({
  submitRun: unused('submitRun'),
  listRuns: unused('listRuns'),
  getRun: unused('getRun'),
  watchRun: unused('watchRun'),
  stopRun: unused('stopRun'),
  listModels: unused('listModels'),
  getModel: unused('getModel'),
  downloadModel: unused('downloadModel'),
  getStatus: unused('getStatus'),
  getCheckpoint: unused('getCheckpoint'),
  proveInclusion: unused('proveInclusion'),
  readLeaves: unused('readLeaves'),
  ...handlers,
})

export interface Program {
  readonly network: Network
  readonly identity: Identity
  readonly address?: string
  readonly log?: Log
  readonly signal?: AbortSignal
  readonly round?: Partial<RoundApi<ServerCall>>
  readonly run?: Partial<RunApi<ServerCall>>
  readonly party?: PartyApi<ServerCall>
}

export function serve({ network, identity, address = '127.0.0.1:0', ...rest }: Program): Promise<Listening> {
  return network.serve({
    address,
    identity,
    log: rest.log ?? createTestLog().log,
    signal: rest.signal ?? new AbortController().signal,
    services: [
      ...(rest.round ? [bind(roundService, rounds(rest.round), ['party'])] : []),
      ...(rest.run ? [bind(runService, runs(rest.run), ['user', 'party'])] : []),
      ...(rest.party ? [bind(partyService, rest.party, ['party'])] : []),
    ],
  })
}

export function dial(network: Network, address: string, identity: Identity, role: Role = 'aggregator') {
  const connection = network.connect({ address, identity, role })
  return {
    round: connection.client(roundService),
    run: connection.client(runService),
    party: connection.client(partyService),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

/** A call that nobody aborts and that has time enough. */
export const calmly: ClientCall = { signal: new AbortController().signal, deadlineMs: 10_000 }
export const lasting: ClientCall = { signal: new AbortController().signal, deadlineMs: 'open' }

/** A promise that somebody else settles. */
export function createGate<T = void>() {
  let open: (value: T) => void = () => undefined
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Values that somebody else puts in, each taken once. */
export function inbox<T>() {
  const values: T[] = []
  let arrived = createGate()
  return {
    put(value: T) {
      values.push(value)
      arrived.open()
    },
    async next(): Promise<T> {
      for (;;) {
        const [value] = values.splice(0, 1)
        if (value !== undefined) return value
        arrived = createGate()
        await arrived.opened
      }
    },
  }
}

/** Fulfilled, with the reason, when the signal aborts. */
export function abortOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

export async function collected<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of stream) all.push(each)
  return all
}

/** What the promise rejects with; fails when it does not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('expected a failure')
}
