/**
 * What the parties' answers make of a proposed run, as functions from the run and something that happened to the change
 * it makes. Pure, like runs.ts. All have answered: accepted by a quorum, or rejected. The deadline has passed: accepted
 * when those that accepted are a quorum. So many declined that no quorum can come together: rejected, whoever is silent.
 */
import { equalBytes } from '../crypto/index.ts'
import type { Decision, PartyState, Run, RunState } from '../round/index.ts'
import type { RunChange } from '../store/index.ts'
import { CoordinatorError } from './errors.ts'
import { goTo, moveTo, nothing } from './runs.ts'
import { cleanText, listNames, withinCharacters } from './text.ts'

export interface Answer {
  readonly party: string
  readonly jobDigest: Uint8Array
  readonly accepted: boolean
  readonly reasons: readonly string[]
}

/** What a run's answers are weighed against. */
export interface Circumstances {
  /** Of the job spec; the deadline of its rounds is that of the decisions as well. */
  readonly quorum: number
  readonly deadlineSeconds: number
  /** The deadline for decisions has passed. */
  readonly overdue: boolean
  readonly isConnected: (party: string) => boolean
}

/** Characters of all reasons of all parties: they go with the run into one message (1 MiB and 64 KiB). */
const REASON_CHARACTERS = 100_000

/** What the party is to the run; refuses parties that the run does not name, and an answer about another job. */
export function ownState(run: Run, { party, jobDigest }: Answer): PartyState {
  const own = run.parties.find((each) => each.party === party)
  if (!own) throw new CoordinatorError('RUN_NOT_NAMED', `run ${run.runId} does not name party ${party}`)
  if (!equalBytes(jobDigest, run.jobDigest)) {
    throw new CoordinatorError('RUN_OTHER_JOB', `party ${party} judged another job spec than that of run ${run.runId}`)
  }
  return own
}

/** A party's answer. `circumstances` is asked only when the answer counts. */
export function decide(run: Run, answer: Answer, circumstances: (run: Run) => Circumstances, nowMs: number): RunChange {
  const { party } = answer
  const own = ownState(run, answer)
  const decision: Decision = answer.accepted ? 'accepted' : 'declined'
  if (own.decision === decision) return nothing
  if (own.decision !== 'undecided') {
    throw new CoordinatorError('RUN_DECIDED', `party ${party} has already ${own.decision} run ${run.runId}`)
  }
  if (run.state !== 'proposed') {
    throw new CoordinatorError('RUN_NOT_PROPOSED', `run ${run.runId} is ${run.state}; party ${party} decided too late`)
  }
  const reasons = fitReasons(answer.reasons, run.parties.length)
  const parties = run.parties.map((each) => (each.party === party ? { ...each, decision, reasons } : each))
  const { state, reason } = outcome({ ...run, parties }, circumstances(run))
  return { decision: { party, decision, reasons }, events: [moveTo(state, reason, nowMs)] }
}

/** The deadline has passed: the run starts without those that are silent, or says that it still waits. */
export function deadlinePassed(run: Run, circumstances: Circumstances, nowMs: number): RunChange {
  if (run.state !== 'proposed') return nothing
  const { state, reason } = outcome(run, circumstances)
  return goTo(run, state, reason, nowMs)
}

/** A proposed run's reason as it is now: who is connected changes without an event. */
export const withPresentReason = (run: Run, circumstances: Circumstances | undefined): Run =>
  run.state === 'proposed' && circumstances ? { ...run, reason: waitingReason(run, circumstances) } : run

export const waitingFor = (undecided: readonly string[], isConnected: (party: string) => boolean): string =>
  `waiting for the decision of ${listNames(undecided.map((party) => named(party, isConnected)))}`

function outcome(run: Run, circumstances: Circumstances): { readonly state: RunState; readonly reason: string } {
  const { quorum, deadlineSeconds, overdue, isConnected } = circumstances
  const undecided = partiesThat(run, 'undecided')
  const declined = partiesThat(run, 'declined')
  const refusals = declined.map(withCodes).join(', ')
  if (run.parties.length - declined.length < quorum) {
    return { state: 'rejected', reason: `too few accepted: ${refusals}` }
  }
  const enough = partiesThat(run, 'accepted').length >= quorum
  if (!enough || (undecided.length > 0 && !overdue)) {
    return { state: 'proposed', reason: waitingReason(run, circumstances) }
  }
  const silent = undecided.map(({ party }) => named(party, isConnected)).join(', ')
  const without = [
    ...(undecided.length > 0 ? [`no answer within ${deadlineSeconds} s: ${silent}`] : []),
    ...(declined.length > 0 ? [`declined: ${refusals}`] : []),
  ]
  return { state: 'accepted', reason: without.join('; ') }
}

function waitingReason(run: Run, { quorum, deadlineSeconds, overdue, isConnected }: Circumstances): string {
  const undecided = partiesThat(run, 'undecided').map(({ party }) => party)
  const accepted = partiesThat(run, 'accepted').length
  const declined = partiesThat(run, 'declined').length
  const parts = [waitingFor(undecided, isConnected)]
  if (declined > 0) parts.push(`${declined} declined`)
  if (overdue) parts.push(`${accepted} accepted within ${deadlineSeconds} s, the quorum is ${quorum}`)
  return parts.join('; ')
}

const partiesThat = (run: Run, decision: Decision): readonly PartyState[] =>
  run.parties.filter((each) => each.decision === decision)

const named = (party: string, isConnected: (party: string) => boolean): string =>
  isConnected(party) ? party : `${party} (not connected)`

/** A party and the codes of its reasons; their texts are in the party's record. */
function withCodes({ party, reasons }: PartyState): string {
  const codes = new Set(reasons.flatMap((reason) => /^[A-Z][A-Z0-9_]{1,63}(?=:|$)/.exec(reason)?.[0] ?? []))
  if (codes.size > 0) return `${party} (${[...codes].join(', ')})`
  return `${party} (${reasons.length > 0 ? 'no code' : 'no reason given'})`
}

function fitReasons(reasons: readonly string[], parties: number): readonly string[] {
  let left = Math.floor(REASON_CHARACTERS / parties)
  const kept: string[] = []
  for (const reason of reasons) {
    if (left <= 0) break
    kept.push(withinCharacters(cleanText(reason), left))
    left -= reason.length
  }
  return kept
}
