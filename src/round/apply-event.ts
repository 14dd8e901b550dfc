/**
 * What each party is doing after an event of its run. Pure, and the only place that derives it: the store's rows and a
 * watcher's picture come from here. It does not judge whether an event may happen.
 */
import type { PartyActivity, RunEvent } from './run.ts'

/** From a party and what it was doing to what it is doing now. */
export type ActivityChange = (party: string, before: PartyActivity) => PartyActivity

export function activitiesAfter(event: RunEvent): ActivityChange {
  switch (event.kind) {
    case 'attested':
    case 'state-changed':
      return (_, before) => before
    case 'party-changed':
      return (party, before) => (party === event.party ? event.activity : before)
    case 'round-opened':
      return opened(new Set(event.cohort))
    case 'round-closed':
      return closed(new Set(event.contributors), new Set(event.missing))
  }
}

const opened =
  (cohort: ReadonlySet<string>): ActivityChange =>
  (party, before) => {
    if (cohort.has(party)) return 'working'
    // Its update was in the last sum, and it is not asked in this round.
    return before === 'delivered' ? 'joined' : before
  }

/** An update in the sum counts for more than one that was refused or late, but its party may have gone since; and how a
 * party was last seen counts for more than a missing update. */
const closed =
  (contributors: ReadonlySet<string>, missing: ReadonlySet<string>): ActivityChange =>
  (party, before) => {
    if (contributors.has(party)) return before === 'gone' ? 'gone' : 'delivered'
    return missing.has(party) && !outlastsRound.includes(before) ? 'late' : before
  }

/** Who never came, has gone or was refused is not merely late. */
const outlastsRound: readonly PartyActivity[] = ['absent', 'gone', 'refused']
