/**
 * The bytes of a record: canonical JSON, bytes within as base64. The file that holds them is sealed, and they are parsed
 * strictly all the same: whoever opens a log trusts its writer, but not that it was the same version of this program.
 */
import { canonicalJson, equalBytes } from '../crypto/index.ts'
import { Fields, parseCanonical } from '../ledger/index.ts'
import { RoundError } from './errors.ts'
import { readRecord } from './record-form.ts'
import type { RunRecord } from './steps.ts'

/** The largest one says in which TEE an epoch runs: three answers of 512 KiB each, as base64. */
export const MAXIMUM_RECORD_BYTES = 3 * 1024 * 1024

/** Throws RoundError ROUND_LOG_INVALID for a record that `parseRecord` would refuse: it would make the log unreadable. */
export function encodeRecord(record: RunRecord): Uint8Array {
  const value = plain(record)
  const bytes = canonical(value, record.kind)
  // As parseRecord, without reading up to 3 MiB of JSON: the bytes are those of this value.
  const again = plain(readRecord(new Fields(value, 'record', malformed)))
  if (bytes.length <= MAXIMUM_RECORD_BYTES && equalBytes(canonicalJson(again), bytes)) return bytes
  throw malformed(
    `record ${record.kind}: longer than ${MAXIMUM_RECORD_BYTES} bytes, or with members that are not known`,
  )
}

/** Throws RoundError ROUND_LOG_INVALID. */
export function parseRecord(bytes: Uint8Array): RunRecord {
  return parseCanonical(bytes, 'record', MAXIMUM_RECORD_BYTES, readRecord, malformed, plain)
}

function canonical(value: unknown, kind: string): Uint8Array {
  try {
    return canonicalJson(value)
  } catch (cause) {
    throw malformed(`record ${kind}: it has no canonical form`, cause)
  }
}

/** The same value with bytes as base64. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

const malformed = (message: string, cause?: unknown): RoundError =>
  new RoundError('ROUND_LOG_INVALID', message, { cause })
