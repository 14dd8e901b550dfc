/** run.json: the small things a party keeps of a run. Written whole with each change. */
import { z } from 'zod'
import { canonicalJson } from '../../src/crypto/index.ts'
import type { Disk } from './disk.ts'
import { StateError } from './errors.ts'
import { parseState } from './framed.ts'

const FILE = 'run.json'
const FORMAT = 'coffer-party-run-v1'
/** Restarts of the aggregator in one run. */
const MOST_EPOCHS = 4_096
const MAXIMUM_BYTES = 2 * 2 ** 20

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))

const form = z.strictObject({
  format: z.literal(FORMAT),
  run: hex(16),
  jobDigest: hex(32),
  /** Training rows with which this party joined: it may not come back with others. */
  rows: z.int().min(1),
  /** To be returned at Join; '' before a task gave it. */
  runKey: z.string().regex(/^([0-9a-f]{2}){0,1024}$/),
  /** Epochs of the aggregator that this party attested while it took part, in this order. */
  epochs: z.array(z.strictObject({ epoch: hex(16), receiptKey: hex(44), policyDigest: hex(32) })).max(MOST_EPOCHS),
  /** In whose sum the aggregator says the kept update is, and which epoch of it said so. */
  accepted: z.strictObject({ digest: hex(32), round: z.int().min(0), epoch: hex(16) }).nullable(),
  /** Receipts whose entry in the coordinator's ledger was confirmed. */
  confirmed: z.int().min(0),
  /** Why this party left the run for good. */
  left: z.strictObject({ code: z.string().max(64), text: z.string().max(4_000) }).nullable(),
  ended: z.boolean(),
})

export type Facts = Readonly<z.infer<typeof form>>

export const newFacts = (run: string, jobDigest: string, rows: number): Facts => ({
  format: FORMAT,
  ...{ run, jobDigest, rows, runKey: '', epochs: [], accepted: null, confirmed: 0, left: null, ended: false },
})

/** Throws STATE_TOO_MANY for what could not be read again, STATE_UNWRITABLE. */
export async function writeFacts(disk: Disk, directory: string, facts: Facts): Promise<void> {
  const { length } = facts.epochs
  if (length > MOST_EPOCHS) {
    throw new StateError('STATE_TOO_MANY', `${directory}: epoch ${length} of the aggregator, ${MOST_EPOCHS} are kept`)
  }
  await disk.write(directory, FILE, [canonicalJson(facts)])
}

/** Throws STATE_DAMAGED, STATE_UNREADABLE. */
export async function readFacts(disk: Disk, directory: string): Promise<Facts | undefined> {
  const bytes = await disk.read(directory, FILE, MAXIMUM_BYTES)
  return bytes && parseState(bytes, form, `${directory}/${FILE}`)
}
