/** The tables as Kysely sees them. Integers are whole numbers below 2^53; texts named json hold JSON. */
import type { Kysely } from 'kysely'

export interface RunRow {
  run_id: string
  name: string
  spec: Uint8Array
  job_digest: Uint8Array
  state: string
  reason: string
  submitted_by: string
  created_ms: number
  ended_ms: number | null
  round: number
  rounds: number
  metrics_json: string
  metrics_model: number
  /** Empty until the aggregator has said where it runs. */
  tee: string
  /** The number of the run's last event. */
  last_sequence: number
  /** The number of the aggregator's last event that was dealt with. */
  source_sequence: number
  /** 1 while the aggregator still has to be told that the run has ended. */
  stop_pending: number
}

export interface PartyRow {
  run_id: string
  party: string
  /** The party's place in the job spec. */
  place: number
  decision: string
  reasons_json: string
  activity: string
}

export interface EventRow {
  run_id: string
  sequence: number
  at_ms: number
  source_sequence: number | null
  kind: string
  body_json: string
}

export interface ModelRow {
  model_id: string
  run_id: string
  name: string
  job_digest: Uint8Array
  digest: Uint8Array
  created_ms: number
  rounds: number
  parameters: number
  metrics_json: string
  spec: Uint8Array
  standardisation_json: string
  parties_json: string
  tee: string
}

export interface ModelPartRow {
  model_id: string
  part: number
  data: Uint8Array
  /** The run that made the model. */
  run_id: string | null
}

/** A leaf of the coordinator's Merkle log; `leaf_hash` is that of RFC 9162, and no leaf is in the log twice. */
export interface LedgerLeafRow {
  leaf_index: number
  leaf_hash: Uint8Array
  data: Uint8Array
}

/** A complete node of the tree, level 0 being the leaf hashes. */
export interface LedgerNodeRow {
  level: number
  node_index: number
  hash: Uint8Array
}

/** One row: what appending needs of the tree. */
export interface LedgerTreeRow {
  id: number
  size: number
  /** The roots of the complete subtrees, 32 bytes each, one after the other. */
  peaks: Uint8Array
}

export interface LedgerCheckpointRow {
  size: number
  note: Uint8Array
}

export interface Tables {
  coffer_schema: { version: number }
  runs: RunRow
  run_parties: PartyRow
  run_events: EventRow
  models: ModelRow
  model_parts: ModelPartRow
  ledger_leaves: LedgerLeafRow
  ledger_nodes: LedgerNodeRow
  ledger_tree: LedgerTreeRow
  ledger_checkpoints: LedgerCheckpointRow
}

/** What differs between the engines; everything else is the same query on both. */
export interface Engine {
  readonly engine: 'sqlite' | 'postgres'
  readonly db: Kysely<Tables>
  /** The column type for bytes. */
  readonly bytesType: 'blob' | 'bytea'
  /** Whether rows are locked by SELECT ... FOR UPDATE; SQLite locks the whole file when a transaction begins. */
  readonly rowLocks: boolean
  /** Turns the driver's error into ours; undefined if it is none of the database's. */
  readonly translate: (error: unknown) => Translated | undefined
}

export interface Translated {
  readonly error: Error
  /** The transaction lost against another and may be tried again. */
  readonly again: boolean
}
