/**
 * The sealed update of one round as it travels, on the disk before its first byte is sent. The aggregator keeps no
 * updates: after a crash on either side these bytes go out again, and never others for the same round.
 */
import { z } from 'zod'
import { toHex } from '../../src/crypto/index.ts'
import { MAXIMUM_ELEMENTS } from '../../src/update/index.ts'
import type { Disk } from './disk.ts'
import { damaged, frameHeader, parseFramed } from './framed.ts'
import { sha256InSlices } from './slices.ts'

const FILE = 'update'
const FORMAT = 'coffer-party-update-v1'
const MAXIMUM_BYTES = 4 * MAXIMUM_ELEMENTS + 8_192

const form = z.strictObject({
  format: z.literal(FORMAT),
  round: z.int().min(0),
  task: z.enum(['statistics', 'train', 'evaluate']),
  /** SHA-256 of the bytes: the upload's id. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  rows: z.int().min(1),
  /** What the rows were divided by to get the share that the values are scaled with. */
  weightUnit: z.int().min(1),
  length: z.int().min(0),
})

/** Everything about an update but its bytes. */
export type UpdateFacts = Readonly<Omit<z.infer<typeof form>, 'format'>>

export async function writeUpdate(disk: Disk, directory: string, facts: UpdateFacts, bytes: Uint8Array): Promise<void> {
  const { round, task, digest, rows, weightUnit, length } = facts
  const header = frameHeader({ format: FORMAT, round, task, digest, rows, weightUnit, length })
  await disk.write(directory, FILE, [header, bytes])
}

export const removeUpdate = (disk: Disk, directory: string): Promise<void> => disk.remove(directory, FILE)

/** Throws STATE_DAMAGED, STATE_UNREADABLE. */
export async function readUpdate(disk: Disk, directory: string) {
  const file = await disk.read(directory, FILE, MAXIMUM_BYTES)
  if (file === undefined) return undefined
  const path = `${directory}/${FILE}`
  const { header, body } = parseFramed(file, form, path)
  if (toHex(await sha256InSlices(body)) !== header.digest) throw damaged(path, 'its content was changed')
  const { format: _, ...facts } = header
  return { facts, bytes: body }
}
