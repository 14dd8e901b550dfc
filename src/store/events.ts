/** Reading a run's history; it is written by `runs.change` only. */
import { eventFromRow } from './rows.ts'
import type { Engine } from './schema.ts'
import type { EventStore } from './store.ts'
import type { Translator } from './translate.ts'

const columns = ['run_id', 'sequence', 'at_ms', 'body_json'] as const
/** Back from the end of a history, the last closed round is a few events away; statistics rounds come first. */
const CLOSED_ROUNDS_LOOKED_AT = 3

export function createEventStore({ db }: Engine, { guard }: Translator): EventStore {
  return {
    read: (runId, afterSequence, limit) =>
      guard(async () => {
        const rows = await db
          .selectFrom('run_events')
          .select(columns)
          .where('run_id', '=', runId)
          .where('sequence', '>', afterSequence)
          .orderBy('sequence')
          .limit(limit)
          .execute()
        return rows.map(eventFromRow)
      }),

    lastModelRound: (runId) =>
      guard(async () => {
        const rows = await db
          .selectFrom('run_events')
          .select(columns)
          .where('run_id', '=', runId)
          .where('kind', '=', 'round-closed')
          .orderBy('sequence', 'desc')
          .limit(CLOSED_ROUNDS_LOOKED_AT)
          .execute()
        for (const event of rows.map(eventFromRow)) {
          if (event.kind === 'round-closed' && event.task !== 'statistics') return event
        }
        return undefined
      }),
  }
}
