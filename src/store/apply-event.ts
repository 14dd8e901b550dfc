/**
 * How an event changes what is known of a run. Pure, and the only place where this is derived, so that a run's row is
 * always what its history says. It does not judge whether an event may happen; see the coordinator's `runs.ts`.
 */
import { finalRunStates, type PartyActivity, type PartyState, type Run, type RunEvent } from '../round/index.ts'

type EventOf<Kind extends RunEvent['kind']> = Extract<RunEvent, { kind: Kind }>

export function applyEvent(run: Run, event: RunEvent): Run {
  switch (event.kind) {
    case 'state-changed':
      return applyState(run, event)
    case 'party-changed':
      return withActivities(run, (state) => (state.party === event.party ? event.activity : state.activity))
    case 'round-opened':
      return applyOpened(run, event)
    case 'round-closed':
      return applyClosed(run, event)
  }
}

function applyState(run: Run, event: EventOf<'state-changed'>): Run {
  const endedMs = finalRunStates.includes(event.state) ? event.atMs : run.endedMs
  return { ...run, state: event.state, reason: event.reason, endedMs }
}

function applyOpened(run: Run, event: EventOf<'round-opened'>): Run {
  const cohort = new Set(event.cohort)
  return withActivities(run, ({ party, activity }) => (cohort.has(party) ? 'working' : activity))
}

function applyClosed(run: Run, event: EventOf<'round-closed'>): Run {
  const contributors = new Set(event.contributors)
  const missing = new Set(event.missing)
  const after = withActivities(run, ({ party, activity }) => {
    if (outlastsRound.includes(activity)) return activity
    if (contributors.has(party)) return 'delivered'
    return missing.has(party) ? 'late' : activity
  })
  const round = event.task === 'train' ? event.round : run.round
  const evaluated = event.task !== 'statistics' && Object.keys(event.metrics).length > 0
  // A round evaluates the model it starts from: round r that of r - 1 training rounds, the last evaluation that of all.
  return evaluated ? { ...after, round, metrics: event.metrics, metricsModel: event.round - 1 } : { ...after, round }
}

/** Being gone or refused says more of a party than whether its update is in the round that closes. */
const outlastsRound: readonly PartyActivity[] = ['gone', 'refused']

function withActivities(run: Run, activityOf: (state: PartyState) => PartyActivity): Run {
  return { ...run, parties: run.parties.map((state) => ({ ...state, activity: activityOf(state) })) }
}
