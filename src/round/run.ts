/**
 * What is known of a run: its state, its history as events, and the model version it ends with.
 * The aggregator makes round and party events; the coordinator adds its own and keeps all of them in order.
 */
import type { Metrics, Standardisation } from '../learning/index.ts'

/** In the order a run moves through them; the last four are final. */
export const runStates = ['proposed', 'accepted', 'running', 'finished', 'abandoned', 'stopped', 'rejected'] as const
export type RunState = (typeof runStates)[number]
export const finalRunStates: readonly RunState[] = ['finished', 'abandoned', 'stopped', 'rejected']

export const partyActivities = ['absent', 'joined', 'working', 'delivered', 'late', 'gone', 'refused'] as const
export type PartyActivity = (typeof partyActivities)[number]

/** Statistics is round 0, training rounds count from 1, the last evaluation is rounds + 1. */
export const taskKinds = ['statistics', 'train', 'evaluate'] as const
export type TaskKind = (typeof taskKinds)[number]

export type Decision = 'undecided' | 'accepted' | 'declined'

/** Whether a TEE of this name is the simulated one: the one place that tells. Display only, as the name itself. */
export const isSimulated = (tee: string): boolean => /^simulated/i.test(tee)

export type RunEventBody =
  | {
      /**
       * The aggregator says in which TEE it runs, before anything else about the run and again after each restart. It is a
       * statement of its own, for display: what counts is each party's verdict on the evidence.
       */
      readonly kind: 'attested'
      /** The name of its attester, 1 to 64 printable ASCII characters: 'simulated tdx-v4'. */
      readonly tee: string
      /** This start of the aggregator: 16 bytes, lower-case hex. */
      readonly epoch: string
      /** Signs the receipts of this epoch: SubjectPublicKeyInfo (DER) in lower-case hex. */
      readonly receiptKey: string
      readonly evidence: Evidence
    }
  | { readonly kind: 'state-changed'; readonly state: RunState; readonly reason: string }
  | {
      readonly kind: 'party-changed'
      readonly party: string
      readonly activity: PartyActivity
      readonly round: number
      readonly detail: string
    }
  | {
      readonly kind: 'round-opened'
      readonly round: number
      readonly task: TaskKind
      readonly cohort: readonly string[]
      /** Milliseconds since the epoch, by the aggregator's clock. */
      readonly deadlineMs: number
    }
  | {
      readonly kind: 'round-closed'
      readonly round: number
      readonly task: TaskKind
      readonly contributors: readonly string[]
      readonly missing: readonly string[]
      /** Of the model the round started from. */
      readonly metrics: Metrics
      /** Mean local training loss over the contributors' rows; 0 unless the task is `train`. */
      readonly trainingLoss: number
      /** SHA-256 of the parameters after the round, 32 bytes. */
      readonly modelDigest: Uint8Array
      readonly gatherMs: number
      readonly sumMs: number
      readonly stepMs: number
      /** Signed (sealReceipt); empty of a round played before there were receipts. */
      readonly receipt: Uint8Array
    }

/** For whoever checks receipts later: the quote covers the statement, which names the receipt key. */
export interface Evidence {
  readonly quote: Uint8Array
  /** Empty where the platform has none. */
  readonly eventLog: Uint8Array
  /** Canonical JSON. */
  readonly statement: Uint8Array
}

/** `sequence` counts from 1 without gaps within one source (aggregator or coordinator). */
export type RunEvent = { readonly sequence: number; readonly atMs: number } & RunEventBody

export interface PartyState {
  readonly party: string
  readonly decision: Decision
  readonly reasons: readonly string[]
  readonly activity: PartyActivity
}

export interface Run {
  /** 16 random bytes, lower-case hex. */
  readonly runId: string
  readonly name: string
  /** The canonical job spec, RFC 8785. */
  readonly specJson: Uint8Array
  readonly jobDigest: Uint8Array
  readonly state: RunState
  readonly reason: string
  readonly submittedBy: string
  readonly createdMs: number
  readonly endedMs: number | undefined
  /** The last training round that was released. */
  readonly round: number
  readonly rounds: number
  readonly parties: readonly PartyState[]
  /** Of the newest model that was evaluated; `metricsModel` is how many training rounds that model had had. */
  readonly metrics: Metrics
  readonly metricsModel: number
  readonly modelId: string | undefined
  /** Where its aggregator says it runs, as in `attested`; empty before. */
  readonly tee: string
}

export interface ModelVersion {
  readonly modelId: string
  readonly runId: string
  readonly name: string
  readonly jobDigest: Uint8Array
  /** SHA-256 over the parameters as float32 little-endian. */
  readonly digest: Uint8Array
  readonly createdMs: number
  readonly rounds: number
  readonly parameters: number
  readonly metrics: Metrics
  readonly specJson: Uint8Array
  readonly standardisation: Standardisation
  readonly parties: readonly string[]
  /** Of its run; empty for a version made before this was kept. */
  readonly tee: string
}
