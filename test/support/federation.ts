/** A whole federation in one process, on whichever network: the real programs with their real policies and data. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAggregator } from '../../src/aggregator/index.ts'
import { startCoordinator } from '../../src/coordinator/index.ts'
import { canonicalSpec, type JobSpec, type PartyPolicy } from '../../src/job/index.ts'
import type { Standardisation } from '../../src/learning/index.ts'
import { finalRunStates, type Run, type RunEvent } from '../../src/round/index.ts'
import {
  type ClientCall,
  type Log,
  type Network,
  type Program,
  type Role,
  RpcError,
  type RunApi,
  runService,
} from '../../src/rpc/index.ts'
import { createTestAttestation } from './attestation.ts'
import { createLedgerKey } from './ledger.ts'
import { createAuthority } from './identities.ts'
import { openStore } from '../../src/store/index.ts'
import { type BackendName, createWitness, type PartyOptions, startParty } from '../../parties/index.ts'

const federation = 'test'
const version = '0.0.0-test'

export const openPolicy: PartyPolicy = {
  models: ['logistic', 'mlp', 'layers'],
  tasks: ['binary-classification', 'multiclass-classification', 'regression'],
  datasets: { loans: { columns: '*', minimumRows: 1 } },
  maximumRounds: 1_000,
  maximumEpochs: 100,
  summations: ['tee'],
  minimumParties: 2,
  robust: ['none', 'norm-bound', 'centred-clipping', 'median', 'trimmed-mean', 'krum', 'multi-krum'],
}

export interface TestFederation extends AsyncDisposable {
  readonly runs: RunApi<ClientCall>
  readonly parties: ReadonlyMap<string, Program>
  /** Lines of every program's log: `party/bank-a warn ...`. */
  readonly log: string[]
  /** Starts the agent of a party anew, as after a crash. */
  startParty(name: string): Promise<void>
  /** Ends the program and starts it anew at the same address, with what it keeps. */
  restart(role: 'aggregator' | 'coordinator'): Promise<void>
  submit(spec: JobSpec): Promise<Run>
  model(modelId: string): Promise<{ parameters: Float32Array; standardisation: Standardisation }>
  /** Every event until the run has ended, then the run. */
  follow(runId: string, seen?: (event: RunEvent) => void): Promise<{ run: Run; events: RunEvent[] }>
}

export interface FederationOptions {
  readonly policies?: Readonly<Record<string, PartyPolicy>>
  /** `cpu` starts quickest; data of any size wants `wasm`. */
  readonly backend?: BackendName
  /** Where each party's trainers come from, if not from a thread of its own. */
  readonly trainers?: (party: string) => NonNullable<PartyOptions['trainers']>
}

/** @param files party name -> path of its dataset `loans` */
export async function startFederation(
  network: Network,
  files: Readonly<Record<string, string>>,
  { policies = {}, backend = 'cpu', trainers }: FederationOptions = {},
): Promise<TestFederation> {
  const { issue, rootPem } = await createAuthority(federation)
  const attestation = await createTestAttestation(federation, rootPem)
  const { attester, policy: attestationPolicy } = attestation
  const lines: string[] = []
  const listen = '127.0.0.1:0'
  const shared = async (role: Role, name: string) => ({
    federation,
    network,
    identity: await issue(role, name),
    now: Date.now,
    log: logTo(lines, `${role}/${name}`),
    version,
  })
  const states = await mkdtemp(join(tmpdir(), 'coffer-states-'))
  const startSummer = async (address: string) =>
    startAggregator({
      ...(await shared('aggregator', 'main')),
      listen: address,
      allowPlain: false,
      attester,
      policy: attestationPolicy,
      stateDirectory: join(states, 'aggregator'),
    })
  let aggregator = await startSummer(listen)
  const store = await openStore('sqlite::memory:')
  const ledgerKey = createLedgerKey(federation)
  const startControl = async (address: string) =>
    startCoordinator({
      ...(await shared('coordinator', 'main')),
      listen: address,
      aggregator: aggregator.address,
      store,
      storeName: 'memory',
      ledgerKey,
    })
  let coordinator = await startControl(listen)
  const parties = new Map<string, Program>()
  const startBank = async (name: string): Promise<void> => {
    const addresses = { coordinator: coordinator.address, aggregator: aggregator.address }
    const policy = policies[name] ?? openPolicy
    const datasets = { loans: files[name] ?? '' }
    const appraiser = attestation.appraiser(name)
    const stateDirectory = join(states, name)
    parties.set(
      name,
      await startParty({
        ...(await shared('party', name)),
        ...addresses,
        name,
        policy,
        datasets,
        backend,
        appraiser,
        stateDirectory,
        ...(trainers && { trainers: trainers(name) }),
        witness: (ledger) =>
          createWitness({
            directory: join(states, `${name}.ledger`),
            federation,
            parties: ledger,
            log: logTo(lines, `party/${name}`),
          }),
      }),
    )
  }
  for (const name of Object.keys(files)) await startBank(name)
  const connection = network.connect({
    address: coordinator.address,
    identity: await issue('user', 'ana'),
    role: 'coordinator',
  })
  const runs = connection.client(runService)
  let restarting: Promise<void> | undefined
  const restart = async (role: 'aggregator' | 'coordinator') => {
    if (role === 'aggregator') {
      const { address } = aggregator
      await aggregator[Symbol.asyncDispose]()
      aggregator = await startSummer(address)
    } else {
      const { address } = coordinator
      await coordinator[Symbol.asyncDispose]()
      coordinator = await startControl(address)
    }
  }
  const leaving = new AbortController()
  const call: ClientCall = { signal: leaving.signal, deadlineMs: 30_000 }
  return {
    runs,
    parties,
    log: lines,
    startParty: startBank,
    restart(role) {
      restarting = restart(role)
      return restarting
    },
    submit: (spec) => runs.submitRun({ specJson: canonicalSpec(spec) }, call),
    async model(modelId) {
      const { standardisation } = await runs.getModel({ modelId }, call)
      const bytes: Uint8Array[] = []
      for await (const part of runs.downloadModel({ modelId }, call)) bytes.push(part)
      return { parameters: new Float32Array(new Uint8Array(Buffer.concat(bytes)).buffer), standardisation }
    },
    async follow(runId, seen = () => undefined) {
      const events: RunEvent[] = []
      const ended = () => events.some((event) => event.kind === 'state-changed' && finalRunStates.includes(event.state))
      // A coordinator that is started anew ends the stream; its successor goes on where it was.
      while (!ended()) {
        try {
          const request = { runId, afterSequence: events.length }
          for await (const event of runs.watchRun(request, { ...call, deadlineMs: 'open' })) {
            events.push(event)
            seen(event)
          }
        } catch (error) {
          if (!(error instanceof RpcError && error.row.status === 'UNAVAILABLE')) throw error
          await restarting
        }
      }
      const run = await runs.getRun({ runId }, call)
      if (!finalRunStates.includes(run.state)) throw new Error(`the events ended, but the run is ${run.state}`)
      return { run, events }
    },
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await connection[Symbol.asyncDispose]()
      for (const party of parties.values()) await party[Symbol.asyncDispose]()
      await coordinator[Symbol.asyncDispose]()
      await aggregator[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await attestation[Symbol.asyncDispose]()
      await rm(states, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function logTo(lines: string[], who: string): Log {
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(`${who} ${level} ${message} ${JSON.stringify(fields)}`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
