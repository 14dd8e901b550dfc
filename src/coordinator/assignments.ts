/** What a party is to do about a run. Pure. */
import type { Run } from '../round/index.ts'
import type { Assignment, AssignmentPhase } from '../rpc/index.ts'
import { hasEnded } from './runs.ts'

/**
 * Undefined when there is nothing to say: the party has decided and waits, it declined, or what there is to say was
 * said before (`told`: the last phase sent on this stream).
 */
export function assignmentFor(run: Run, party: string, told: AssignmentPhase | undefined): Assignment | undefined {
  const phase = phaseFor(run, party)
  if (phase === undefined || phase === told) return undefined
  if (phase === 'ended' && told === undefined) return undefined
  const detail = phase === 'ended' ? (run.reason ? `${run.state}: ${run.reason}` : run.state) : ''
  return { runId: run.runId, phase, specJson: run.specJson, detail }
}

function phaseFor(run: Run, party: string): AssignmentPhase | undefined {
  const decision = run.parties.find((each) => each.party === party)?.decision
  if (decision === undefined) return undefined
  if (hasEnded(run)) return 'ended'
  if (run.state === 'proposed' && decision === 'undecided') return 'decide'
  return run.state === 'running' && decision === 'accepted' ? 'join' : undefined
}
