/**
 * The life of a run, as functions from a run and something that happened to the change it makes. Pure: the store calls
 * them under the run's lock, so what they see is what is true.
 *
 * A user submits: proposed. Parties decide: accepted, or rejected when too few did (decisions.ts). The aggregator takes
 * it: running.
 * It ends finished with a model, abandoned without one, or stopped by a person at any time before.
 */
import { finalRunStates, type ModelVersion, type Run, type RunEvent, type RunState } from '../round/index.ts'
import type { NewEvent, RunChange } from '../store/index.ts'
import { cleanText, withinCharacters } from './text.ts'

/** From each state, where it may go. A state that leads to itself gets another reason. */
export const transitions: Readonly<Record<RunState, readonly RunState[]>> = {
  proposed: ['proposed', 'accepted', 'rejected', 'stopped'],
  accepted: ['accepted', 'running', 'abandoned', 'stopped'],
  running: ['running', 'finished', 'abandoned', 'stopped'],
  finished: [],
  abandoned: [],
  stopped: [],
  rejected: [],
}

/** Characters of a state's reason on the wire. */
const REASON_LENGTH = 2_000
const LOST_CONTACT = 'lost contact with the aggregator'
export const nothing: RunChange = { events: [] }

export const hasEnded = (run: Run): boolean => finalRunStates.includes(run.state)

export const moveTo = (state: RunState, reason: string, atMs: number): NewEvent => ({
  kind: 'state-changed',
  state,
  reason: withinCharacters(cleanText(reason), REASON_LENGTH),
  atMs,
})

/** The change, if the run may go there; nothing happens to a run that is elsewhere, or there already for this reason. */
export function goTo(
  run: Run,
  state: RunState,
  reason: string,
  nowMs: number,
  more: Omit<RunChange, 'events'> = {},
): RunChange {
  const event = moveTo(state, reason, nowMs)
  const same = run.state === state && 'reason' in event && run.reason === event.reason
  return same || !transitions[run.state].includes(state) ? nothing : { ...more, events: [event] }
}

export const acceptedParties = (run: Run): readonly string[] =>
  run.parties.filter((each) => each.decision === 'accepted').map((each) => each.party)

export const started = (run: Run, nowMs: number): RunChange =>
  run.state === 'accepted' ? goTo(run, 'running', '', nowMs) : nothing

/** The aggregator does not answer: the run stays where it is, and says why. */
export function aggregatorAway(run: Run, address: string, detail: string, nowMs: number): RunChange {
  const { state } = run
  if (state === 'accepted') return goTo(run, state, `waiting for the aggregator at ${address}: ${detail}`, nowMs)
  if (state === 'running') return goTo(run, state, `${LOST_CONTACT} at ${address}: ${detail}`, nowMs)
  return nothing
}

/** `atAggregator`: the aggregator may still hold the run, and is to be told that it has ended. */
export const abandon = (run: Run, reason: string, atAggregator: boolean, nowMs: number): RunChange =>
  goTo(run, 'abandoned', reason, nowMs, { stopPending: atAggregator })

/** A run that has ended stays as it is; one that was only proposed is unknown to the aggregator. */
export const stop = (run: Run, by: string, reason: string, nowMs: number): RunChange =>
  goTo(run, 'stopped', reason ? `stopped by ${by}: ${reason}` : `stopped by ${by}`, nowMs, {
    stopPending: run.state !== 'proposed',
  })

/** The aggregator's events that are new here, up to one that ends the run with a model: that one waits for the model. */
export function follow(run: Run, sourceSequence: number, events: readonly RunEvent[], nowMs: number): RunChange {
  if (run.state !== 'running') return nothing
  const fresh = events.filter((event) => event.sequence > sourceSequence)
  const last = fresh.at(-1)
  if (!last) return nothing
  const kept: NewEvent[] = []
  if (run.reason.startsWith(LOST_CONTACT) && fresh[0]?.kind !== 'state-changed') kept.push(moveTo('running', '', nowMs))
  for (const { sequence, ...event } of fresh) {
    // The aggregator knows nothing of proposals and decisions: what it says of them is not taken.
    if (event.kind === 'state-changed' && !transitions.running.includes(event.state)) continue
    kept.push({ ...cleaned(event), sourceSequence: sequence })
    if (event.kind === 'state-changed' && event.state !== 'running') break
  }
  return { events: kept, sourceSequence: last.sequence }
}

/** The run's end with its model: the aggregator's own last event, and the model version that belongs to it. */
export function finish(run: Run, sourceSequence: number, last: RunEvent, model: ModelVersion): RunChange {
  if (run.state !== 'running' || last.sequence <= sourceSequence) return nothing
  const { sequence, ...event } = last
  return { events: [{ ...cleaned(event), sourceSequence: sequence }], model }
}

function cleaned(event: NewEvent): NewEvent {
  if (event.kind === 'state-changed')
    return { ...event, reason: withinCharacters(cleanText(event.reason), REASON_LENGTH) }
  return event.kind === 'party-changed' ? { ...event, detail: cleanText(event.detail) } : event
}
