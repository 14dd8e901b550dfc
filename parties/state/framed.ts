/** A file with a header: its length (u32), canonical JSON, then bytes that the header names by length. */
import { z } from 'zod'
import { canonicalJson } from '../../src/crypto/index.ts'
import { StateError } from './errors.ts'

const LENGTH_BYTES = 4
const MAXIMUM_HEADER_BYTES = 4_096

/** The header's bytes, to be followed by the body; apart, so that a body of 256 MB is not copied. */
export function frameHeader(header: Readonly<Record<string, string | number | null>>): Uint8Array {
  const text = canonicalJson(header)
  const bytes = new Uint8Array(LENGTH_BYTES + text.length)
  new DataView(bytes.buffer).setUint32(0, text.length)
  bytes.set(text, LENGTH_BYTES)
  return bytes
}

/** Throws STATE_DAMAGED. */
export function parseFramed<T>(file: Uint8Array, form: z.ZodType<T>, path: string): { header: T; body: Uint8Array } {
  if (file.length < LENGTH_BYTES) throw damaged(path, `it has ${file.length} bytes`)
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0)
  if (length > Math.min(MAXIMUM_HEADER_BYTES, file.length - LENGTH_BYTES)) throw damaged(path, 'its header is cut')
  const header = parseState(file.subarray(LENGTH_BYTES, LENGTH_BYTES + length), form, path)
  return { header, body: file.subarray(LENGTH_BYTES + length) }
}

/** JSON of a known form. Throws STATE_DAMAGED. */
export function parseState<T>(bytes: Uint8Array, form: z.ZodType<T>, path: string): T {
  try {
    return form.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch (cause) {
    throw damaged(path, cause instanceof z.ZodError ? z.prettifyError(cause) : 'it is not JSON', cause)
  }
}

export const damaged = (path: string, why: string, cause?: unknown): StateError =>
  new StateError('STATE_DAMAGED', `${path}: ${why}`, { cause })
