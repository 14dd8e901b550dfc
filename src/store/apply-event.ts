/**
 * How an event changes what is known of a run. Pure, so that a run's row is always what its history says; what the
 * parties are doing is derived in round/apply-event.ts, for watchers as well. It does not judge whether an event may
 * happen; see the coordinator's `runs.ts`.
 */
import {
  activitiesAfter,
  type ActivityChange,
  finalRunStates,
  type PartyActivity,
  type Run,
  type RunEvent,
} from '../round/index.ts'

type EventOf<Kind extends RunEvent['kind']> = Extract<RunEvent, { kind: Kind }>

/** One after the other; what happened to single parties meanwhile in one pass over the parties. */
export function applyEvents(run: Run, events: readonly RunEvent[]): Run {
  let after = run
  const moved = new Map<string, PartyActivity>()
  const move = (): void => {
    if (moved.size > 0) after = withEach(after, (party, before) => moved.get(party) ?? before)
    moved.clear()
  }
  for (const event of events) {
    if (event.kind === 'party-changed') {
      moved.set(event.party, event.activity)
      continue
    }
    move()
    after = applyEvent(after, event)
  }
  move()
  return after
}

export function applyEvent(run: Run, event: RunEvent): Run {
  switch (event.kind) {
    case 'attested':
      return { ...run, tee: event.tee }
    case 'state-changed':
      return applyState(run, event)
    case 'party-changed':
    case 'round-opened':
      return withActivities(run, event)
    case 'round-closed':
      return applyClosed(withActivities(run, event), event)
  }
}

function applyState(run: Run, event: EventOf<'state-changed'>): Run {
  const endedMs = finalRunStates.includes(event.state) ? event.atMs : run.endedMs
  return { ...run, state: event.state, reason: event.reason, endedMs }
}

function applyClosed(run: Run, event: EventOf<'round-closed'>): Run {
  const round = event.task === 'train' ? event.round : run.round
  const evaluated = event.task !== 'statistics' && Object.keys(event.metrics).length > 0
  // A round evaluates the model it starts from: round r that of r - 1 training rounds, the last evaluation that of all.
  return evaluated ? { ...run, round, metrics: event.metrics, metricsModel: event.round - 1 } : { ...run, round }
}

const withActivities = (run: Run, event: RunEvent): Run => withEach(run, activitiesAfter(event))

function withEach(run: Run, after: ActivityChange): Run {
  const parties = run.parties.map((state) => {
    const activity = after(state.party, state.activity)
    return activity === state.activity ? state : { ...state, activity }
  })
  return { ...run, parties }
}
