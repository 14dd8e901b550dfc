/**
 * The control plane without a network: the two services, and the tasks that take runs to the aggregator. What it knows
 * is in the store; everything here can be lost at any moment and is made again by `resume`.
 */
import type { AggregationApi, ClientCall, CoordinatorStatus, Log, PartyApi, RunApi, ServerCall } from '../rpc/index.ts'
import type { RunState } from '../round/index.ts'
import type { NoteSigner } from '../ledger/index.ts'
import type { Store } from '../store/index.ts'
import { createAggregatorLink } from './aggregator-link.ts'
import { createAttendance } from './attendance.ts'
import { type BackOff, backOff } from './back-off.ts'
import { createChanges } from './changes.ts'
import { createFollower, type FollowerParts } from './follow.ts'
import { withLeaves } from './leaves.ts'
import { createLedger } from './ledger.ts'
import { createPartyHandlers } from './party-handlers.ts'
import { createProposals } from './proposals.ts'
import { createRunHandlers } from './run-handlers.ts'
import { hasEnded } from './runs.ts'

/** Each holds a stream to the aggregator while it runs, and is looked at whenever a party connects. */
const MAXIMUM_RUNS = 1_000

export interface ControlOptions {
  readonly store: Store
  readonly aggregation: AggregationApi<ClientCall>
  readonly aggregatorAddress: string
  readonly about: Pick<CoordinatorStatus, 'version' | 'federation' | 'store'>
  /** Signs the checkpoints of the log; its name is that of the log. */
  readonly ledgerKey: NoteSigner
  readonly now: () => number
  readonly log: Log
  readonly backOff?: BackOff
  readonly maximumRuns?: number
}

export interface Control {
  readonly runs: RunApi<ServerCall>
  readonly parties: PartyApi<ServerCall>
  /** Takes up every run that had not ended when the coordinator did; fails for a log that is not the one it signed. */
  resume(): Promise<void>
  /** Ends the streams that last; calls under way go on. */
  drain(): void
  /** Ends everything; what was under way is in the store. Idempotent. */
  close(): Promise<void>
}

export function createControl(options: ControlOptions): Control {
  const { store, about, now, log } = options
  const draining = new AbortController()
  const changes = createChanges()
  const change: FollowerParts['change'] = async (runId, plan) => {
    let before: RunState | undefined
    const entering: typeof plan = (run, source) => {
      before = run.state
      return withLeaves(run, plan(run, source), about.federation)
    }
    const { run, events } = await store.runs.change(runId, entering)
    if (events.length > 0) changes.announce(run, before)
    if (events.some((event) => event.kind === 'state-changed')) {
      log.info(
        { run: runId, state: run.state, reason: run.reason },
        hasEnded(run) ? 'a run has ended' : 'a run goes on',
      )
    }
    return run
  }
  const link = createAggregatorLink(options.aggregation, options.aggregatorAddress)
  const attendance = createAttendance(store, changes, draining.signal)
  const proposals = createProposals(attendance.isConnected, (runId) => follower.take(runId))
  const follower = createFollower({ store, link, proposals, change, backOff: options.backOff ?? backOff, now, log })
  const ledger = createLedger(store, about.federation, options.ledgerKey)
  const shared = { store, change, changes, follower, attendance, proposals, ledger, link, now, log }
  const maximumRuns = options.maximumRuns ?? MAXIMUM_RUNS
  return {
    runs: createRunHandlers({ ...shared, draining: draining.signal, maximumRuns, about }),
    parties: createPartyHandlers(shared),
    resume: async () => {
      await ledger.verify()
      await store.models.discard()
      const ids = [...(await store.runs.unfinished()), ...(await store.runs.pendingStops())]
      for (const runId of ids) follower.take(runId)
    },
    drain: () => draining.abort(),
    close: async () => {
      draining.abort()
      await follower.close()
      proposals.close()
    },
  }
}
