/**
 * The program that runs in the TEE. It attests itself to each party on every connection, takes runs from the coordinator
 * and updates from parties, and lets out nothing but sums: the only bytes that leave are the model after each round and
 * the totals behind the metrics.
 */
import {
  bind,
  aggregationService,
  type Identity,
  type Log,
  type Network,
  type Program,
  roundService,
} from '../rpc/index.ts'
import type { Attester } from '../tee/index.ts'
import { createAggregation, createRounds } from './handlers.ts'
import { openState } from './durable/index.ts'
import { createProver } from './prover.ts'
import { Runs } from './runs.ts'

export { isEngineThread, serveEngine } from './engine/index.ts'
export { limitGarbage } from './heap.ts'
export { type AggregatorCode, AggregatorError, aggregatorErrors } from './errors.ts'

export interface AggregatorOptions {
  readonly federation: string
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string
  readonly identity: Identity
  readonly network: Network
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  /** Whether jobs with `summation: plain` may run: benchmarks only. */
  readonly allowPlain: boolean
  /** Where its evidence comes from. */
  readonly attester: Attester
  /** The attestation policy it was started with: SHA-256 in hex, and its version. Parties hold to their own copy. */
  readonly policy: { readonly digest: string; readonly version: number }
  /** Where runs are kept, sealed, over a restart; without it a restart loses them. */
  readonly stateDirectory?: string
  /** Instead of the machine's disk. */
  readonly openStates?: typeof openState
}

/** Throws AggregatorError AGGREGATION_STATE_*, and what the network throws. */
export async function startAggregator(options: AggregatorOptions): Promise<Program> {
  const { network, identity, log, listen, stateDirectory, policy, attester } = options
  const open = options.openStates ?? openState
  const states = stateDirectory === undefined ? undefined : await open(stateDirectory)
  const prover = createProver(options)
  const runs = new Runs({ ...options, tee: attester.name, policyDigest: policy.digest, prover, states })
  const closing = new AbortController()
  const listening = await network
    .serve({
      address: listen,
      identity,
      services: [
        bind(aggregationService, createAggregation(runs), ['coordinator']),
        bind(roundService, createRounds(runs), ['party']),
      ],
      log,
      signal: closing.signal,
      prover,
    })
    .catch(async (error: unknown) => {
      await runs.close('the aggregator could not be started')
      throw error
    })
  let drained: Promise<void> | undefined
  const drain = (graceMs: number) => {
    drained ??= (async () => {
      await runs.close('the aggregator was shut down')
      await listening.drain(graceMs)
      await listening[Symbol.asyncDispose]()
      closing.abort()
    })()
    return drained
  }
  const ended = new Promise<void>((resolve) => closing.signal.addEventListener('abort', () => resolve()))
  return { address: listening.address, ended, drain, [Symbol.asyncDispose]: () => drain(0) }
}
