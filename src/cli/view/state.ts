/**
 * What a watcher of a run sees: a reducer over the run's events. It begins with the run as the coordinator told it and
 * replays the history from the first event, so that a watcher who comes late sees the same as one from the start.
 */
import type { Metrics } from '../../learning/index.ts'
import {
  activitiesAfter,
  finalRunStates,
  type PartyActivity,
  type PartyState,
  type Run,
  type RunEvent,
  type RunState,
  type TaskKind,
} from '../../round/index.ts'
import { teeText } from './tee.ts'

export interface PartyView {
  readonly name: string
  readonly decision: PartyState['decision']
  readonly reasons: readonly string[]
  readonly activity: PartyActivity
  /** Milliseconds since the epoch, by the clock of the events. */
  readonly sinceMs: number
  readonly detail: string
}

export interface Evaluation {
  /** How many training rounds the model had had. */
  readonly model: number
  readonly metrics: Metrics
}

export interface ViewState {
  readonly runId: string
  readonly name: string
  readonly state: RunState
  readonly reason: string
  /** In which TEE the aggregator says it runs; empty until it has. */
  readonly tee: string
  /** The last training round that was released, and how many there are to be. */
  readonly round: number
  readonly rounds: number
  readonly open: { readonly round: number; readonly task: TaskKind; readonly deadlineMs: number } | undefined
  readonly parties: readonly PartyView[]
  readonly evaluations: readonly Evaluation[]
  /** Mean local training loss of each training round so far. */
  readonly losses: readonly number[]
  /** From one round's end to the next one's, training rounds only. */
  readonly durationsMs: readonly number[]
  readonly lastCloseMs: number | undefined
  readonly createdMs: number
  readonly endedMs: number | undefined
  readonly lastSequence: number
  /** The newest event that matters, told in a line, and when. */
  readonly notes: readonly { readonly atMs: number; readonly text: string }[]
  readonly connected: boolean
}

/** So many notes are kept; the live view shows the last few. */
const NOTES = 20

export function viewOf(run: Run): ViewState {
  return {
    runId: run.runId,
    name: run.name,
    state: 'proposed',
    reason: '',
    tee: '',
    round: 0,
    rounds: run.rounds,
    open: undefined,
    parties: run.parties.map(({ party, decision, reasons }) => ({
      name: party,
      decision,
      reasons,
      activity: 'absent',
      sinceMs: run.createdMs,
      detail: '',
    })),
    evaluations: [],
    losses: [],
    durationsMs: [],
    lastCloseMs: undefined,
    createdMs: run.createdMs,
    endedMs: undefined,
    lastSequence: 0,
    notes: [],
    connected: true,
  }
}

export const isFinal = (state: RunState): boolean => finalRunStates.includes(state)

/** Decisions are not events: they are taken from the run when it is asked for again. */
export function withDecisions(view: ViewState, run: Run): ViewState {
  const parties = view.parties.map((party) => {
    const found = run.parties.find((each) => each.party === party.name)
    return found === undefined ? party : { ...party, decision: found.decision, reasons: found.reasons }
  })
  return { ...view, parties }
}

/** An event that was seen already (after a reconnection) changes nothing. */
export function reduceView(view: ViewState, event: RunEvent): ViewState {
  if (event.sequence <= view.lastSequence) return view
  // The head of the view shows it for as long as the run is watched.
  const text = event.kind === 'attested' ? undefined : describe(event, view)
  const notes = text === undefined ? view.notes : [...view.notes, { atMs: event.atMs, text }].slice(-NOTES)
  return { ...applied(view, event), lastSequence: event.sequence, notes }
}

function applied(view: ViewState, event: RunEvent): ViewState {
  switch (event.kind) {
    case 'attested':
      return { ...view, tee: event.tee }
    case 'state-changed': {
      const ended = isFinal(event.state)
      const { state, reason } = event
      return { ...view, state, reason, endedMs: ended ? event.atMs : view.endedMs, open: ended ? undefined : view.open }
    }
    case 'party-changed':
      return withParties(view, event, event.detail)
    case 'round-opened': {
      const { round, task, deadlineMs } = event
      return withParties(
        { ...view, open: { round, task, deadlineMs }, lastCloseMs: view.lastCloseMs ?? event.atMs },
        event,
      )
    }
    case 'round-closed':
      return closed(view, event)
  }
}

function closed(view: ViewState, event: Extract<RunEvent, { kind: 'round-closed' }>): ViewState {
  const trained = event.task === 'train'
  const evaluated = event.task !== 'statistics' && Object.keys(event.metrics).length > 0
  const duration = event.atMs - (view.lastCloseMs ?? event.atMs)
  const next: ViewState = {
    ...view,
    open: undefined,
    round: trained ? event.round : view.round,
    evaluations: evaluated
      ? [...view.evaluations, { model: event.round - 1, metrics: event.metrics }]
      : view.evaluations,
    losses: trained ? [...view.losses, event.trainingLoss] : view.losses,
    durationsMs: trained ? [...view.durationsMs, duration] : view.durationsMs,
    lastCloseMs: event.atMs,
  }
  return withParties(next, event)
}

function withParties(view: ViewState, event: RunEvent, detail = ''): ViewState {
  const after = activitiesAfter(event)
  const parties = view.parties.map((party) => {
    const activity = after(party.name, party.activity)
    return activity === party.activity ? party : { ...party, activity, sinceMs: event.atMs, detail }
  })
  return { ...view, parties }
}

const RECENT_ROUNDS = 5

/** Milliseconds until the last training round ends, from the durations of the last rounds; undefined before the first. */
export function remainingMs(view: ViewState, now: number): number | undefined {
  const recent = view.durationsMs.slice(-RECENT_ROUNDS)
  if (recent.length === 0 || view.state !== 'running') return undefined
  const mean = recent.reduce((sum, each) => sum + each, 0) / recent.length
  const inRound = Math.min(mean, Math.max(0, now - (view.lastCloseMs ?? now)))
  return Math.max(0, (view.rounds - view.round) * mean - inRound)
}

/** What a person wants to be told about an event in one line; undefined for the many that only move the picture. */
export function describe(event: RunEvent, view: Pick<ViewState, 'rounds' | 'parties'>): string | undefined {
  switch (event.kind) {
    case 'attested':
      return `aggregator in ${teeText(event.tee)}`
    case 'state-changed':
      return `run ${event.state}${event.reason === '' ? '' : `: ${event.reason}`}`
    case 'party-changed': {
      if (event.activity === 'working' || event.activity === 'delivered') return undefined
      const detail = event.detail === '' ? '' : `: ${event.detail}`
      return `${event.party} ${event.activity}${event.round > 0 ? ` in round ${event.round}` : ''}${detail}`
    }
    case 'round-opened':
      return undefined
    case 'round-closed': {
      const missing = event.missing.length === 0 ? '' : `, without ${event.missing.join(', ')}`
      const came = event.contributors.length
      const count = came < view.parties.length ? `${came} of ${view.parties.length}` : String(came)
      return `${roundName(event.round, event.task, view.rounds)} closed: ${count} parties${missing}`
    }
  }
}

export function roundName(round: number, task: TaskKind, rounds: number): string {
  if (task === 'statistics') return 'statistics'
  return task === 'evaluate' ? 'last evaluation' : `round ${round}/${rounds}`
}
