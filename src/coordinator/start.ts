/** The coordinator as a program: the control plane on a network. */
import {
  aggregationService,
  bind,
  type Identity,
  type Log,
  type Network,
  type Program,
  partyService,
  runService,
} from '../rpc/index.ts'
import type { NoteSigner } from '../ledger/index.ts'
import type { Store } from '../store/index.ts'
import { type Control, createControl } from './control.ts'

export interface CoordinatorOptions {
  readonly federation: string
  /** host:port to listen on, and host:port of the aggregator. */
  readonly listen: string
  readonly aggregator: string
  readonly identity: Identity
  readonly network: Network
  /** Stays the caller's: it is closed by whoever opened it, after the program has ended. */
  readonly store: Store
  /** For people: without a password (`storeName`). */
  readonly storeName: string
  readonly now: () => number
  readonly log: Log
  readonly version: string
  /** Signs the checkpoints of the log; a new one makes every party refuse the log. */
  readonly ledgerKey: NoteSigner
}

/** Fails with the network's ADDRESS_ and IDENTITY_ codes, a StoreError, or what is wrong with the log (`Control.resume`). */
export async function startCoordinator(options: CoordinatorOptions): Promise<Program> {
  const { network, identity, log, store, now } = options
  const connection = network.connect({ address: options.aggregator, identity, role: 'aggregator' })
  const control = createControl({
    store,
    aggregation: connection.client(aggregationService),
    aggregatorAddress: options.aggregator,
    about: { version: options.version, federation: options.federation, store: options.storeName },
    ledgerKey: options.ledgerKey,
    now,
    log,
  })
  const leave = async (): Promise<void> => {
    await control.close()
    await connection[Symbol.asyncDispose]()
  }
  try {
    const listening = await serve(options, control)
    return program(listening, control, leave)
  } catch (error) {
    await leave()
    throw error
  }
}

async function serve({ network, listen, identity, log }: CoordinatorOptions, control: Control) {
  const listening = await network.serve({
    address: listen,
    identity,
    services: [bind(runService, control.runs, ['user']), bind(partyService, control.parties, ['party'])],
    signal: new AbortController().signal,
    log,
  })
  await control.resume().catch(async (error: unknown) => {
    await listening[Symbol.asyncDispose]()
    throw error
  })
  return listening
}

type Listening = Awaited<ReturnType<typeof serve>>

function program(listening: Listening, control: Control, leave: () => Promise<void>): Program {
  let draining: Promise<void> | undefined
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const drain = (graceMs: number): Promise<void> => {
    draining ??= (async () => {
      control.drain()
      await listening.drain(graceMs)
      await leave()
      end()
    })()
    return draining
  }
  return { address: listening.address, ended, drain, [Symbol.asyncDispose]: () => drain(0) }
}
