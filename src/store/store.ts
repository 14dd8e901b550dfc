/** What a store offers. All methods fail with a StoreError; a failed change leaves nothing behind. */
import type { NodeReader, TreeNode, TreeState } from '../ledger/index.ts'
import type { Decision, ModelVersion, Run, RunEvent, RunEventBody } from '../round/index.ts'

/** A run as it is submitted; its first event is always the state `proposed`. */
export interface NewRun {
  readonly runId: string
  readonly name: string
  readonly specJson: Uint8Array
  readonly jobDigest: Uint8Array
  readonly submittedBy: string
  readonly createdMs: number
  readonly rounds: number
  readonly parties: readonly string[]
  readonly reason: string
}

/** `sourceSequence` is the event's number at the aggregator, for events that come from there. */
export type NewEvent = { readonly atMs: number; readonly sourceSequence?: number } & RunEventBody

/** What happens to a run in one transaction: all of it or nothing. */
export interface RunChange {
  /** With an event: the number of the last one says whether a run's parties changed. */
  readonly decision?: { readonly party: string; readonly decision: Decision; readonly reasons: readonly string[] }
  readonly events: readonly NewEvent[]
  /** Everything of the aggregator up to here has been dealt with, though not every event may be worth keeping. */
  readonly sourceSequence?: number
  /** The model version the run ends with; its bytes are written before (`models.write`). */
  readonly model?: ModelVersion
  /** Whether the aggregator still has to be told that the run has ended. */
  readonly stopPending?: boolean
  /** Entered into the log with it, in order; one that is there already is not entered again. */
  readonly leaves?: readonly Uint8Array[]
}

export interface RunStore {
  /** Stores a run with its first event. The same run again changes nothing; another under its id is STORE_CONFLICT. */
  create(run: NewRun): Promise<Run>
  get(runId: string): Promise<Run | undefined>
  /** At most two runs whose ids begin with `prefix`: none, the one, or proof of ambiguity. */
  find(prefix: string): Promise<readonly Run[]>
  /** Newest first. */
  list(limit: number): Promise<readonly Run[]>
  /** Ids of the runs that have not ended, oldest first; with `party`, of those that name it. */
  unfinished(party?: string): Promise<readonly string[]>
  countUnfinished(): Promise<number>
  /** Ids of ended runs of which the aggregator has not been told yet. */
  pendingStops(): Promise<readonly string[]>
  /**
   * Locks the run, lets `plan` say what happens, and writes that. `plan` gets the run as it is under the lock and the
   * last sequence of the aggregator that was dealt with; it may be called again when a transaction is repeated, and
   * what it throws is thrown here.
   */
  change(runId: string, plan: (run: Run, sourceSequence: number) => RunChange): Promise<Changed>
  /** The last sequence of the aggregator that was dealt with; 0 in the beginning. */
  sourceSequence(runId: string): Promise<number>
}

export interface Changed {
  readonly run: Run
  readonly events: readonly RunEvent[]
}

export interface EventStore {
  /** In order, at most `limit` of those after `afterSequence`. */
  read(runId: string, afterSequence: number, limit: number): Promise<readonly RunEvent[]>
  /** The last closed round whose task trained or evaluated the model: its `modelDigest` is that of the final model. */
  lastModelRound(runId: string): Promise<Extract<RunEvent, { kind: 'round-closed' }> | undefined>
}

export interface ModelStore {
  /**
   * Writes the bytes that will belong to `modelId`, the model of `runId`, replacing those of an earlier attempt. Nobody
   * sees them before the model version is registered (RunChange.model).
   */
  write(modelId: string, runId: string, data: AsyncIterable<Uint8Array>): Promise<void>
  /** Deletes what was written for a run that has ended without a model; without `runId`, for all of those. */
  discard(runId?: string): Promise<void>
  get(modelId: string): Promise<ModelVersion | undefined>
  /** At most two model versions whose ids begin with `prefix`. */
  find(prefix: string): Promise<readonly ModelVersion[]>
  /** Newest first. */
  list(limit: number): Promise<readonly ModelVersion[]>
  /** The bytes in parts of at most 1 MiB; STORE_CORRUPT at the end if their digest is not the registered one. */
  read(modelId: string): AsyncIterable<Uint8Array>
}

/** The Merkle log. It only grows; `RunChange.leaves` enters what a run's change brings with it. */
export interface LedgerStore {
  /** Throws LedgerError LEDGER_STATE_INVALID for a damaged tree. */
  tree(): Promise<TreeState>
  /** Enters leaves that belong to no run; those that are there already are not entered again. */
  append(leaves: readonly Uint8Array[]): Promise<void>
  /** The bytes of at most `count` leaves from index `from`, in order. */
  leaves(from: number, count: number): Promise<readonly Uint8Array[]>
  /** Where the leaf with this hash stands. */
  indexOf(leafHash: Uint8Array): Promise<number | undefined>
  /** Reads these nodes, for `proofOf`. */
  nodes(nodes: readonly TreeNode[]): Promise<NodeReader>
  /** The signed note of the largest size. */
  newestCheckpoint(): Promise<{ readonly size: number; readonly note: Uint8Array } | undefined>
  /** Keeps the first note of each size, and gives the one that is kept. */
  keepCheckpoint(size: number, note: Uint8Array): Promise<Uint8Array>
}

export interface Store extends AsyncDisposable {
  readonly engine: 'sqlite' | 'postgres'
  readonly runs: RunStore
  readonly events: EventStore
  readonly models: ModelStore
  readonly ledger: LedgerStore
  /** Idempotent. */
  close(): Promise<void>
}
