/**
 * The programs of a simulation, in this process and on a network in memory: coordinator, aggregator and one agent for
 * each party, each with a certificate of its own. They are started as `coffer coordinator`, `aggregator` and `party`
 * start them; only what they share is different: training threads, tables, a store in memory.
 */
import { createTrainerPool, startParty } from '../../../parties/index.ts'
import { startAggregator } from '../../aggregator/index.ts'
import { startCoordinator } from '../../coordinator/index.ts'
import type { JobSpec } from '../../job/index.ts'
import { type Log, type Network, type Program, runService } from '../../rpc/index.ts'
import { openStore } from '../../store/index.ts'
import { newLedgerKey } from '../ledger/key.ts'
import type { Session } from '../session.ts'
import { createAttestation, type SimulatedAttestation } from './attestation.ts'
import { type Authority, createAuthority } from './authority.ts'
import type { Tables } from './data.ts'
import { createMadeUpTrainers } from './made-up.ts'
import { createDisks } from './memory-disk.ts'
import type { Wanted } from './options.ts'
import { createTurns } from './turns.ts'
import { openPolicy } from './policy.ts'
import type { Weather } from './weather.ts'
import { CALL_MS } from '../../timeouts/index.ts'

const FEDERATION = 'simulation'
/** On a disk of the party's own. */
const STATE = '/state'
const LISTEN = '127.0.0.1:0'
/** A verb on the same event loop as a thousand agents may have to wait for its turn. */
const CALL_DEADLINE_MS = 6 * CALL_MS

export interface FederationSetting {
  readonly spec: JobSpec
  readonly wanted: Wanted
  readonly tables: Tables
  readonly network: Network
  /** Without drops the agents are on the network itself. */
  readonly weather: Weather | undefined
  readonly now: () => number
  readonly log: (program: string) => Log
  readonly version: string
  readonly signal: AbortSignal
}

export interface SimulatedFederation extends AsyncDisposable {
  readonly session: Session
}

/** Programs and what they use, closed in the reverse order of their start. */
type Opened = <T extends AsyncDisposable>(resource: T) => T

export async function startFederation(setting: FederationSetting): Promise<SimulatedFederation> {
  const resources: AsyncDisposable[] = []
  const close = async (): Promise<void> => {
    for (let last = resources.pop(); last; last = resources.pop()) await last[Symbol.asyncDispose]()
  }
  const opened: Opened = (resource) => {
    resources.push(resource)
    return resource
  }
  try {
    const session = await startPrograms(setting, opened)
    return { session, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startPrograms(setting: FederationSetting, opened: Opened): Promise<Session> {
  const { spec, network, now, version, signal } = setting
  const authority = await createAuthority(FEDERATION, now())
  const attestation = await createAttestation(FEDERATION, authority.rootPem, now)
  const { attester, policy } = attestation
  const aggregator = opened(
    await startAggregator({
      federation: FEDERATION,
      network,
      now,
      identity: await authority.issue('aggregator', 'main'),
      log: setting.log('aggregator'),
      listen: LISTEN,
      allowPlain: spec.summation === 'plain',
      attester,
      policy,
    }),
  )
  const store = opened(await openStore('sqlite::memory:'))
  const coordinator = opened(
    await startCoordinator({
      federation: FEDERATION,
      network,
      now,
      version,
      identity: await authority.issue('coordinator', 'main'),
      log: setting.log('coordinator'),
      listen: LISTEN,
      aggregator: aggregator.address,
      store,
      storeName: 'memory',
      ledgerKey: newLedgerKey(FEDERATION),
    }),
  )
  const identity = await authority.issue('user', 'admin')
  const connection = opened(network.connect({ address: coordinator.address, identity, role: 'coordinator' }))
  const addresses = { coordinator: coordinator.address, aggregator: aggregator.address }
  await startParties(setting, { addresses, authority, attestation }, opened)
  return {
    runs: connection.client(runService),
    user: 'admin',
    federation: FEDERATION,
    coordinator: coordinator.address,
    soon: { signal, deadlineMs: CALL_DEADLINE_MS },
    open: { signal, deadlineMs: 'open' },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
}

interface Ground {
  readonly addresses: { readonly coordinator: string; readonly aggregator: string }
  readonly authority: Authority
  readonly attestation: SimulatedAttestation
}

async function startParties(setting: FederationSetting, ground: Ground, opened: Opened): Promise<void> {
  const { spec, wanted, tables, network, weather, now, version } = setting
  const identities = await ground.authority.issueAll('party', spec.parties, setting.signal)
  const pool = opened(createTrainerPool(wanted.threads))
  const disks = opened(createDisks(now))
  const turns = createTurns()
  const trainers = wanted.parameters === undefined ? pool.open : createMadeUpTrainers(spec.seed, turns)
  const policy = openPolicy(spec)
  const parties: Program[] = []
  opened({ [Symbol.asyncDispose]: () => closeTogether(parties) })
  for (const [name, identity] of identities) {
    const log = setting.log(name)
    await turns.next()
    setting.signal.throwIfAborted()
    parties.push(
      await startParty({
        ...ground.addresses,
        federation: FEDERATION,
        name,
        identity,
        network: weather?.networkOf(name) ?? network,
        appraiser: ground.attestation.appraiser(log),
        policy,
        datasets: { [spec.data.dataset]: tables.about },
        openTable: async () => {
          await turns.next()
          return tables.tableOf(name)
        },
        trainers,
        stateDirectory: STATE,
        disk: disks.create(),
        ...(wanted.backend && { backend: wanted.backend }),
        now,
        log,
        version,
      }),
    )
  }
}

async function closeTogether(programs: readonly Program[]): Promise<void> {
  await Promise.all(programs.map((program) => program[Symbol.asyncDispose]()))
}
