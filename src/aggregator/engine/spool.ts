/**
 * A place for updates that a robust rule needs all at once, so that memory stays that of one model. Records of equal
 * length are written once and read by blocks of ROBUST_BLOCK values.
 *
 * The file lies outside of the TEE: each block is sealed with AES-256-GCM under a key that never leaves the thread, with
 * a nonce of its own, so the host can neither read nor change nor swap a block. The file has no name from the moment it
 * is opened, and is gone with the process, however that ends.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { ROBUST_BLOCK } from '../../learning/index.ts'
import { AggregatorError } from '../errors.ts'
import { openNameless, writeAll } from '../nameless-file.ts'

export interface Spool {
  /** Writes one record entirely, or counts none; returns its number, from 0. Throws AGGREGATION_SPOOL_WRITE. */
  append(record: Uint8Array): number
  /** Fills `into` with block number `block` of a record. Throws AGGREGATION_SPOOL_DAMAGED. */
  read(record: number, block: number, into: Uint8Array): void
  close(): void
}

export type CreateSpool = () => Spool

const BLOCK_BYTES = 4 * ROBUST_BLOCK
const TAG_BYTES = 16

/** `directory`: for temporary files, best a disk. */
export function createFileSpool(directory: string): Spool {
  const file = openNameless(directory)
  const key = randomBytes(32)
  /** Of each record, its number among all attempts: a failed one is not written again under the same nonce. */
  const attempts: number[] = []
  let attempt = 0
  let recordBytes = 0
  const nonceOf = (number: number, block: number): Buffer => {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32LE(number)
    nonce.writeUInt32LE(block, 4)
    return nonce
  }
  const placeOf = (record: number, block: number): number =>
    record * (recordBytes + TAG_BYTES * Math.ceil(recordBytes / BLOCK_BYTES)) + block * (BLOCK_BYTES + TAG_BYTES)
  return {
    append(record) {
      recordBytes = record.length
      attempt += 1
      for (let block = 0; block * BLOCK_BYTES < record.length; block += 1) {
        const cipher = createCipheriv('aes-256-gcm', key, nonceOf(attempt, block))
        const sealed = cipher.update(record.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES))
        cipher.final()
        writeAll(file, Buffer.concat([sealed, cipher.getAuthTag()]), placeOf(attempts.length, block))
      }
      return attempts.push(attempt) - 1
    },
    read(record, block, into) {
      const sealed = Buffer.alloc(into.length + TAG_BYTES)
      try {
        readSync(file, sealed, 0, sealed.length, placeOf(record, block))
        const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(attempts[record] ?? 0, block))
        decipher.setAuthTag(sealed.subarray(into.length))
        into.set(decipher.update(sealed.subarray(0, into.length)))
        decipher.final()
      } catch (cause) {
        const text = `block ${block} of update ${record} is not what was written to the temporary file: ${String(cause)}`
        throw new AggregatorError('AGGREGATION_SPOOL_DAMAGED', text, { cause })
      }
    },
    close: () => closeSync(file),
  }
}
