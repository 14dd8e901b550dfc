/**
 * What training carries from round to round at this party: SCAFFOLD's control, and what compression left out (error
 * feedback). `next` belongs to an update that was made and takes the place of `vectors` when a receipt shows that the
 * update was counted: a correction for something that never was in a sum would pull the model the wrong way.
 */
import { z } from 'zod'
import { toHex } from '../../src/crypto/index.ts'
import { MAXIMUM_ELEMENTS } from '../../src/update/index.ts'
import type { Disk } from './disk.ts'
import { damaged, frameHeader, parseFramed } from './framed.ts'
import { sha256InSlices } from './slices.ts'

export interface Vectors {
  readonly control?: Float32Array | undefined
  readonly residual?: Float32Array | undefined
}

type Name = 'vectors' | 'next'

const FORMAT = 'coffer-party-vectors-v1'
const length = z.int().min(0).max(MAXIMUM_ELEMENTS).nullable()
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const form = z.strictObject({
  format: z.literal(FORMAT),
  update: digest,
  content: digest,
  control: length,
  residual: length,
})
/** Both, and a header. */
const MAXIMUM_BYTES = 8 * MAXIMUM_ELEMENTS + 8_192

/** @param update digest of the update that they belong to */
export async function writeVectors(disk: Disk, directory: string, name: Name, vectors: Vectors, update: string) {
  const { control, residual } = vectors
  const body = [control, residual].filter((each) => each !== undefined).map(bytesOf)
  const content = toHex(await sha256InSlices(body.length === 1 && body[0] ? body[0] : Buffer.concat(body)))
  const lengths = { control: control?.length ?? null, residual: residual?.length ?? null }
  await disk.write(directory, name, [frameHeader({ format: FORMAT, update, content, ...lengths }), ...body])
}

/** Throws STATE_DAMAGED, STATE_UNREADABLE. */
export async function readVectors(disk: Disk, directory: string, name: Name) {
  const file = await disk.read(directory, name, MAXIMUM_BYTES)
  if (file === undefined) return undefined
  const path = `${directory}/${name}`
  const { header, body } = parseFramed(file, form, path)
  if (toHex(await sha256InSlices(body)) !== header.content) throw damaged(path, 'its content was changed')
  const [control, residual] = [header.control ?? 0, header.residual ?? 0]
  if (body.length !== 4 * (control + residual)) throw damaged(path, `it has ${body.length} bytes of numbers`)
  const vectors: Vectors = {
    control: header.control === null ? undefined : floatsOf(body.subarray(0, 4 * control)),
    residual: header.residual === null ? undefined : floatsOf(body.subarray(4 * control)),
  }
  return { update: header.update, vectors }
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** A copy: the bytes of a file lie where its header ends, which is no place for numbers of four bytes. */
const floatsOf = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer)
