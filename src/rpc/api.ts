/**
 * The services of the wire in domain terms: what a handler implements and what a client calls.
 * The messages and their meaning are specified in proto/coffer/v1; `services.ts` binds these interfaces to them, so no
 * generated type passes beyond this room.
 */
import type { ModelVersion, Run, RunEvent, RunState } from '../round/index.ts'
import type { Standardisation } from '../learning/index.ts'

export const roles = ['coordinator', 'aggregator', 'party', 'user'] as const
export type Role = (typeof roles)[number]

/** Who is at the other end, from its certificate's SPIFFE URI spiffe://<federation>/<role>/<name>. */
export interface Peer {
  readonly federation: string
  readonly role: Role
  readonly name: string
}

/** Given to every handler: the caller, and a signal that aborts when the caller leaves or its deadline passes. */
export interface ServerCall {
  readonly peer: Peer
  readonly signal: AbortSignal
  /**
   * Lets the caller's connection carry a bulk upload, with windows as wide as a long distance needs, until the function
   * that it returns is called. Who admits uploads bounds how many connections are wide at once.
   */
  readonly widen: () => () => void
  /** Ends the call with this error at once, also while an answer cannot be sent because the caller does not read. */
  readonly fail: (reason: Error) => void
}

/**
 * Given by every caller. A call without a deadline does not exist: streams that may last name `deadlineMs: 'open'`.
 * Otherwise it is counted in milliseconds from the start of the call, more than 0 and less than 2^31.
 */
export interface ClientCall {
  readonly signal: AbortSignal
  readonly deadlineMs: number | 'open'
}

export interface CoordinatorStatus {
  readonly version: string
  readonly federation: string
  readonly connectedParties: readonly string[]
  readonly aggregatorReachable: boolean
  readonly aggregatorDetail: string
  readonly store: string
  readonly timeMs: number
}

export interface RunApi<Call> extends LedgerApi<Call> {
  submitRun(request: { specJson: Uint8Array }, call: Call): Promise<Run>
  listRuns(request: { limit: number }, call: Call): Promise<{ runs: readonly Run[] }>
  getRun(request: { runId: string }, call: Call): Promise<Run>
  watchRun(request: { runId: string; afterSequence: number }, call: Call): AsyncIterable<RunEvent>
  stopRun(request: { runId: string; reason: string }, call: Call): Promise<Run>
  listModels(request: { limit: number }, call: Call): Promise<{ models: readonly ModelVersion[] }>
  getModel(request: { modelId: string }, call: Call): Promise<ModelVersion>
  downloadModel(request: { modelId: string }, call: Call): AsyncIterable<Uint8Array>
  getStatus(request: Record<string, never>, call: Call): Promise<CoordinatorStatus>
  /** At most 1,000 leaves from the given one on. */
  readLeaves(request: { from: number; count: number }, call: Call): AsyncIterable<Uint8Array>
}

/** The coordinator's ledger, for whoever keeps an eye on it. */
export interface LedgerApi<Call> {
  /** @param request.size leaves of the checkpoint that the caller holds; 0 for none */
  getCheckpoint(
    request: { size: number },
    call: Call,
  ): Promise<{ checkpoint: Uint8Array; consistency: readonly Uint8Array[] }>
  /** @param request.size leaves of the tree that the proof is for */
  proveInclusion(
    request: { leafHash: Uint8Array; size: number },
    call: Call,
  ): Promise<{ index: number; path: readonly Uint8Array[] }>
}

export type AssignmentPhase = 'decide' | 'join' | 'ended'
export interface Assignment {
  readonly runId: string
  readonly phase: AssignmentPhase
  readonly specJson: Uint8Array
  readonly detail: string
}

export interface PartyApi<Call> extends LedgerApi<Call> {
  attend(request: { agentVersion: string }, call: Call): AsyncIterable<Assignment>
  decide(
    request: { runId: string; jobDigest: Uint8Array; accepted: boolean; reasons: readonly string[] },
    call: Call,
  ): Promise<Record<string, never>>
}

export type CollectedModel =
  | {
      readonly kind: 'header'
      readonly digest: Uint8Array
      readonly parameters: number
      readonly standardisation: Standardisation
    }
  | { readonly kind: 'data'; readonly data: Uint8Array }

export interface AggregationApi<Call> {
  startRun(
    request: { runId: string; specJson: Uint8Array; parties: readonly string[] },
    call: Call,
  ): Promise<Record<string, never>>
  watchAggregation(request: { runId: string; afterSequence: number }, call: Call): AsyncIterable<RunEvent>
  stopAggregation(request: { runId: string; reason: string }, call: Call): Promise<Record<string, never>>
  getAggregationStatus(request: Record<string, never>, call: Call): Promise<{ activeRuns: number }>
  collectModel(request: { runId: string }, call: Call): AsyncIterable<CollectedModel>
}

export type Task = {
  readonly runId: string
  readonly round: number
  /** Sum of the rows of all parties that had joined when the round opened. */
  readonly weightUnit: number
  readonly remainingMs: number
  /** How many receipts the run has by now. */
  readonly receipts: number
  /** To keep, and to return with `join`; empty where the aggregator keeps no files. */
  readonly runKey: Uint8Array
  /** Newest checkpoints of the coordinator's ledger that other parties hold: signed notes, at most 8. */
  readonly checkpoints: readonly Uint8Array[]
} & (
  | { readonly kind: 'statistics' }
  | {
      readonly kind: 'train'
      readonly modelDigest: Uint8Array
      readonly standardisation: Standardisation
      /** Of the aggregator's control variate; empty unless the strategy is scaffold. */
      readonly controlDigest: Uint8Array
    }
  | {
      readonly kind: 'evaluate'
      readonly modelDigest: Uint8Array
      readonly standardisation: Standardisation
    }
  | { readonly kind: 'ended'; readonly state: RunState; readonly reason: string }
)

export type UpdatePart =
  | {
      readonly kind: 'header'
      readonly runId: string
      readonly round: number
      readonly digest: Uint8Array
      readonly length: number
      readonly weight: number
    }
  | { readonly kind: 'chunk'; readonly offset: number; readonly data: Uint8Array; readonly crc32: number }

export type UploadStatus =
  | { readonly kind: 'admitted' | 'progress'; readonly offset: number }
  | { readonly kind: 'accepted'; readonly digest: Uint8Array; readonly round: number }

export interface JoinRequest {
  readonly runId: string
  readonly jobDigest: Uint8Array
  readonly rows: number
  /** As a task gave it to this party; empty before the first task. */
  readonly runKey: Uint8Array
  /** The newest checkpoint of the coordinator's ledger that this party holds; empty for none. */
  readonly checkpoint: Uint8Array
}

export interface RoundApi<Call> {
  join(request: JoinRequest, call: Call): AsyncIterable<Task>
  /** The parameters, or the control variate, with this digest from `offset` on. */
  fetchParameters(
    request: { runId: string; modelDigest: Uint8Array; offset: number },
    call: Call,
  ): AsyncIterable<Uint8Array>
  submitUpdate(parts: AsyncIterable<UpdatePart>, call: Call): AsyncIterable<UploadStatus>
  /** Sealed receipts in order from round 0, without the first `after`. */
  fetchReceipts(request: { runId: string; after: number }, call: Call): AsyncIterable<Uint8Array>
  declineTask(request: { runId: string; round: number; code: string }, call: Call): Promise<Record<string, never>>
}
