/**
 * What the aggregator's event loop sees of a run's numbers. Everything that costs time by the size of the model is
 * behind these calls, in a thread of its own (client.ts, thread.ts); bytes cross in shared memory, without a copy.
 */
import type { JobSpec } from '../../job/index.ts'
import type { Metrics, Standardisation } from '../../learning/index.ts'
import type { TaskKind } from '../../round/index.ts'

export interface EngineSetting {
  readonly spec: JobSpec
  /** State bytes of an earlier epoch, verified against their digest by the caller. */
  readonly restore?: Uint8Array
  /** For the temporary files of robust rules; the system's place for such by default. */
  readonly spoolDirectory?: string
}

export interface RoundOpening {
  readonly round: number
  readonly task: TaskKind
}

/** How an update came in. */
export interface UpdateFacts {
  readonly party: string
  readonly rows: number
  /** What the party divided its rows by: that of the task it answers. */
  readonly weightUnit: number
  /** Rounds between the model it was made on and that of the open round. */
  readonly staleness: number
}

/** What parties fetch. */
export interface EngineModel {
  readonly digest: Uint8Array
  /** float32, little-endian. */
  readonly bytes: Uint8Array
  readonly standardisation: Standardisation
  /** SCAFFOLD's server control variate, float32, else undefined. */
  readonly control?: { readonly digest: Uint8Array; readonly bytes: Uint8Array }
}

export interface RoundResult {
  readonly model: EngineModel
  /** Of the model the round started from. */
  readonly metrics: Metrics
  readonly trainingLoss: number
  /** Everything the next round starts from, canonical bytes, and their SHA-256. */
  readonly state: Uint8Array
  readonly stateDigest: Uint8Array
  /** The clip bound of this round, the noise multiplier and what is spent; null where the job has no privacy. */
  readonly clip: number | null
  readonly noise: number | null
  readonly privacySpent: { readonly epsilon: number; readonly delta: number } | null
  /** Milliseconds of verifying, adding and opening; of stepping and serialising. */
  readonly sumMs: number
  readonly stepMs: number
}

export interface Engine extends AsyncDisposable {
  /** Current: before the first round, the initial one. */
  readonly model: EngineModel
  readonly state: Uint8Array
  readonly stateDigest: Uint8Array
  /** Bytes of one update of this task. */
  updateBytes(task: TaskKind): number
  /** Why no further round of this kind fits the privacy budget; undefined while one does. */
  exhausted(task: TaskKind): string | undefined
  open(opening: RoundOpening): Promise<void>
  /** Verifies and adds one whole update. Throws UpdateError, LearningError, and leaves the sum as it was. */
  add(update: Uint8Array, facts: UpdateFacts): Promise<void>
  /**
   * Opens the sum and steps the model. Throws RoundError ROUND_BELOW_MINIMUM, after which the round is still open, and
   * LearningError, after which it is discarded and the model is what it was.
   */
  close(): Promise<RoundResult>
  /** Throws away the open round, if there is one. */
  discard(): Promise<void>
}
