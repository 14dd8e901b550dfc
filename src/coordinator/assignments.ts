/** What a party is to do about a run. Pure. */
import type { Run, RunState } from '../round/index.ts'
import type { Assignment, AssignmentPhase } from '../rpc/index.ts'

/**
 * Undefined when there is nothing to say: the party has decided and waits, it declined, or what there is to say was
 * said before (`told`: the last phase sent on this stream).
 */
export function assignmentFor(run: Run, party: string, told: AssignmentPhase | undefined): Assignment | undefined {
  const phase = phases[run.state]
  if (phase === undefined || phase === told) return undefined
  if (phase === 'ended' && told === undefined) return undefined
  // Last, because every party's stream asks at every change of the run, and this looks through all parties.
  if (!concerns(run, party, phase)) return undefined
  const detail = phase === 'ended' ? (run.reason ? `${run.state}: ${run.reason}` : run.state) : ''
  return { runId: run.runId, phase, specJson: run.specJson, detail }
}

/** The only phase that a run in this state can be in, for anybody. */
const phases: { readonly [S in RunState]: AssignmentPhase | undefined } = {
  proposed: 'decide',
  accepted: undefined,
  running: 'join',
  finished: 'ended',
  abandoned: 'ended',
  stopped: 'ended',
  rejected: 'ended',
}

function concerns(run: Run, party: string, phase: AssignmentPhase): boolean {
  const decision = run.parties.find((each) => each.party === party)?.decision
  if (phase === 'decide') return decision === 'undecided'
  return phase === 'join' ? decision === 'accepted' : decision !== undefined
}
