/** PartyService: what party agents ask of the coordinator. Who asks is who the certificate says. */
import type { Log, PartyApi, ServerCall } from '../rpc/index.ts'
import type { Store } from '../store/index.ts'
import type { Attendance } from './attendance.ts'
import { decide, ownState } from './decisions.ts'
import { CoordinatorError } from './errors.ts'
import type { Follower, FollowerParts } from './follow.ts'
import type { Ledger } from './ledger.ts'
import type { Proposals } from './proposals.ts'

export interface PartyHandlerParts {
  readonly store: Store
  readonly change: FollowerParts['change']
  readonly follower: Follower
  readonly attendance: Attendance
  readonly proposals: Proposals
  readonly ledger: Ledger
  readonly now: () => number
  readonly log: Log
}

export function createPartyHandlers(parts: PartyHandlerParts): PartyApi<ServerCall> {
  const { store, change, follower, attendance, proposals, ledger, now, log } = parts
  return {
    getCheckpoint: ledger.getCheckpoint,
    proveInclusion: ledger.proveInclusion,
    attend: ({ agentVersion }, { peer, signal }) => {
      log.info({ party: peer.name, agentVersion }, 'a party has connected')
      return attendance.attend(peer.name, signal)
    },
    decide: async ({ runId, ...given }, { peer }) => {
      const answer = { ...given, party: peer.name }
      const known = await store.runs.get(runId)
      if (!known)
        throw new CoordinatorError('RUN_UNKNOWN', `party ${peer.name} decided about run ${runId}, which is unknown`)
      // Whoever may not answer costs a comparison: no lock, and no parsing of a spec.
      ownState(known, answer)
      const run = await change(runId, (current) => decide(current, answer, proposals.circumstances, now()))
      if (run.state !== 'proposed') follower.take(runId)
      return {}
    },
  }
}
