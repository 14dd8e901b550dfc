/**
 * A temporary file that nobody else can open, and that is gone with the process, however that ends: it has no name from
 * the moment it is opened. Throws AGGREGATION_SPOOL_WRITE.
 */
import { randomBytes } from 'node:crypto'
import { openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { AggregatorError } from './errors.ts'

/** @param directory for temporary files */
export function openNameless(directory: string): number {
  const path = join(directory, `coffer-spool-${randomBytes(16).toString('hex')}`)
  try {
    const file = openSync(path, 'wx+', 0o600)
    unlinkSync(path)
    return file
  } catch (cause) {
    const text = `no temporary file in ${directory}: ${String(cause)}`
    throw new AggregatorError('AGGREGATION_SPOOL_WRITE', text, { cause })
  }
}

export function writeAll(file: number, bytes: Uint8Array, position: number): void {
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(file, bytes, written, bytes.length - written, position + written)
    }
  } catch (cause) {
    const text = `the temporary file cannot be written: ${String(cause)}`
    throw new AggregatorError('AGGREGATION_SPOOL_WRITE', text, { cause })
  }
}
