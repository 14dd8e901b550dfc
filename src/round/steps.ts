/**
 * The durable records of a run at the aggregator. A record is written before what it says has an effect that anybody
 * sees. Their bytes are in record.ts; what a restarted aggregator knows from them is in history.ts.
 */
import type { RunEvent, RunState, TaskKind } from './run.ts'

export type RoundClosedEvent = Extract<RunEvent, { kind: 'round-closed' }>
/** Events that no record of another kind carries. */
export type PlainEvent = Exclude<RunEvent, RoundClosedEvent>
export type FinalState = Extract<RunState, 'finished' | 'abandoned' | 'stopped'>
export const finalStates: readonly FinalState[] = ['finished', 'abandoned', 'stopped']

export type RunRecord =
  /**
   * A start of the aggregator: what follows is written under this receipt key. A crash right after it: nothing was said
   * under the key, and the next start is another epoch.
   */
  | {
      readonly kind: 'epoch'
      /** 16 bytes, hex. */
      readonly epoch: string
      /** SubjectPublicKeyInfo (DER), hex. */
      readonly receiptKey: string
    }
  /**
   * A party joined first, with these rows, which it keeps for the run. A crash right after it: the party joins again and
   * is held to the same rows, so that no weight changes within a run.
   */
  | { readonly kind: 'member'; readonly party: string; readonly rows: number }
  /**
   * A round was opened, or opened again by a later epoch with another deadline. A crash right after it: the same parties
   * are asked again with the same weight unit, so that what they have made already still fits.
   */
  | {
      readonly kind: 'opened'
      readonly round: number
      readonly task: TaskKind
      readonly cohort: readonly string[]
      readonly weightUnit: number
      readonly deadlineMs: number
    }
  /**
   * An update is in the sum, and its party is told so next. A crash right after it: the sum is gone with the memory; the
   * party sends the same bytes again, is waited for, and other bytes of it are refused.
   */
  | {
      readonly kind: 'received'
      readonly round: number
      readonly party: string
      readonly digest: string
      readonly weight: number
      readonly staleness: number
    }
  /**
   * Whose updates the sum is made of; the state and the receipt are made next. A crash right after it: the round opens
   * again for these parties alone, so that the same sum comes out.
   */
  | { readonly kind: 'closed'; readonly round: number; readonly contributors: readonly string[] }
  /**
   * The state after the round is on disk, and this is its receipt; only now anything of the round is released. A crash
   * right after it: the round is played, and parties and coordinator are told when they ask.
   */
  | {
      readonly kind: 'committed'
      readonly round: number
      /** SHA-256 of the engine's state, hex. */
      readonly stateDigest: string
      /** With the signed receipt. */
      readonly event: RoundClosedEvent
    }
  /**
   * Something else that the coordinator is shown next. A crash right after it: it is shown the same event under the same
   * number, when it asks.
   */
  | { readonly kind: 'event'; readonly event: PlainEvent }
  /** The run is over, which is an event as well. A crash right after it: nothing is left but to say so. */
  | {
      readonly kind: 'ended'
      readonly sequence: number
      readonly atMs: number
      readonly state: FinalState
      readonly reason: string
    }

type RecordKind = RunRecord['kind']
/** The kinds, in the order in which they are first written. Tests crash a run after each of them. */
export const roundSteps = [
  'epoch',
  'event',
  'member',
  'opened',
  'received',
  'closed',
  'committed',
  'ended',
] as const satisfies readonly RecordKind[]
