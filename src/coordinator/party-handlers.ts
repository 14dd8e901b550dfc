/** PartyService: what party agents ask of the coordinator. Who asks is who the certificate says. */
import { readCanonicalSpec } from '../job/index.ts'
import type { Log, PartyApi, ServerCall } from '../rpc/index.ts'
import type { Store } from '../store/index.ts'
import type { Attendance } from './attendance.ts'
import { CoordinatorError } from './errors.ts'
import type { Follower, FollowerParts } from './follow.ts'
import { decide } from './runs.ts'

export interface PartyHandlerParts {
  readonly store: Store
  readonly change: FollowerParts['change']
  readonly follower: Follower
  readonly attendance: Attendance
  readonly now: () => number
  readonly log: Log
}

export function createPartyHandlers(parts: PartyHandlerParts): PartyApi<ServerCall> {
  const { store, change, follower, attendance, now, log } = parts
  return {
    attend: ({ agentVersion }, { peer, signal }) => {
      log.info({ party: peer.name, agentVersion }, 'a party has connected')
      return attendance.attend(peer.name, signal)
    },
    decide: async ({ runId, ...answer }, { peer }) => {
      const known = await store.runs.get(runId)
      if (!known)
        throw new CoordinatorError('RUN_UNKNOWN', `party ${peer.name} decided about run ${runId}, which is unknown`)
      const { quorum } = readCanonicalSpec(known.specJson).rounds
      const run = await change(runId, (current) => decide(current, { ...answer, party: peer.name }, quorum, now()))
      if (run.state === 'accepted') follower.take(runId)
      return {}
    },
  }
}
