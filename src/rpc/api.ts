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

export interface RunApi<Call> {
  submitRun(request: { specJson: Uint8Array }, call: Call): Promise<Run>
  listRuns(request: { limit: number }, call: Call): Promise<{ runs: readonly Run[] }>
  getRun(request: { runId: string }, call: Call): Promise<Run>
  watchRun(request: { runId: string; afterSequence: number }, call: Call): AsyncIterable<RunEvent>
  stopRun(request: { runId: string; reason: string }, call: Call): Promise<Run>
  listModels(request: { limit: number }, call: Call): Promise<{ models: readonly ModelVersion[] }>
  getModel(request: { modelId: string }, call: Call): Promise<ModelVersion>
  downloadModel(request: { modelId: string }, call: Call): AsyncIterable<Uint8Array>
  getStatus(request: Record<string, never>, call: Call): Promise<CoordinatorStatus>
}

export type AssignmentPhase = 'decide' | 'join' | 'ended'
export interface Assignment {
  readonly runId: string
  readonly phase: AssignmentPhase
  readonly specJson: Uint8Array
  readonly detail: string
}

export interface PartyApi<Call> {
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
} & (
  | { readonly kind: 'statistics' }
  | {
      readonly kind: 'train' | 'evaluate'
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
  | { readonly kind: 'data'; readonly data: Uint8Array }

export interface RoundApi<Call> {
  join(request: { runId: string; jobDigest: Uint8Array; rows: number }, call: Call): AsyncIterable<Task>
  fetchParameters(request: { runId: string; modelDigest: Uint8Array }, call: Call): AsyncIterable<Uint8Array>
  submitUpdate(parts: AsyncIterable<UpdatePart>, call: Call): Promise<{ digest: Uint8Array }>
  declineTask(request: { runId: string; round: number; code: string }, call: Call): Promise<Record<string, never>>
}
