/**
 * Every limit of the wire, with its reason. A value beyond a limit is refused by name (WIRE_INVALID), never cut, except
 * free text, which its sender shortens.
 */
import { MAXIMUM_RECEIPT_BYTES } from '../ledger/index.ts'
import { MAXIMUM_PARTIES } from '../update/index.ts'

/** One piece of a byte stream. 256 KiB to 1 MiB cost the same CPU per byte; larger ones only cost memory. */
export const MAXIMUM_CHUNK_BYTES = 1024 * 1024
/** A whole message: one chunk, or one job spec, and 64 KiB for what surrounds it. */
export const MAXIMUM_MESSAGE_BYTES = MAXIMUM_CHUNK_BYTES + 64 * 1024
export const MAXIMUM_SPEC_BYTES = 1024 * 1024
/** Parties of one run, and a receipt of that many. */
export { MAXIMUM_PARTIES, MAXIMUM_RECEIPT_BYTES }
/** 10,000 training rounds, and the evaluation after them. */
export const MAXIMUM_ROUND = 10_001
/** Encoded input columns: two doubles each must fit one message beside the rest of a task. */
export const MAXIMUM_INPUTS = 65_536
/** Rows behind one party's update: a weight is a 31-bit integer. */
export const MAXIMUM_ROWS = 2 ** 31 - 1
/** 16 Gi parameters; more than any run could hold in memory, and still an exact number. */
export const MAXIMUM_PARAMETERS = 2 ** 34
/** Four bytes each, and as much again for the counts and sums beside them. */
export const MAXIMUM_UPDATE_BYTES = 8 * MAXIMUM_PARAMETERS
export const MAXIMUM_LISTED = 500
/** A signed checkpoint: three lines and a handful of signatures. */
export const MAXIMUM_CHECKPOINT_BYTES = 16 * 1024
/** Checkpoints of others that one task hands on. */
export const MAXIMUM_CHECKPOINTS = 8
/** Hashes of one proof: one for each level of a tree, and one more. */
export const MAXIMUM_PROOF = 64
/** Leaves read in one call. */
export const MAXIMUM_LEAVES = 1000
/** The largest leaf holds a receipt. */
export const MAXIMUM_LEAF_BYTES = 2 * MAXIMUM_RECEIPT_BYTES
/** AES-256. */
export const RUN_KEY_BYTES = 32
/** Characters of a reason, of a detail, and how many reasons one decision may have. */
export const MAXIMUM_REASON = 500
export const MAXIMUM_DETAIL = 2000
export const MAXIMUM_REASONS = 20
/** Characters of an error's message on the wire; percent-encoding may triple it, and a header block holds 64 KiB. */
export const MAXIMUM_ERROR_MESSAGE = 4000
/** Bad fields that one error names; a message may hold thousands. */
export const MAXIMUM_PROBLEMS = 20
/** Quote, event log and statement at their largest, and some more. */
export const MAXIMUM_ANSWER_BYTES = 512 * 1024
