/**
 * run.json: what a run is, for an aggregator that has just started and knows no key. It is plain, because the host and
 * the coordinator know all of it; the first frame of the first log is bound to its bytes, so that a change shows as soon
 * as a party brings the key. One value has one form: what was read is written again and has to be the same bytes.
 */
import { canonicalJson, equalBytes } from '../../crypto/index.ts'
import { MAXIMUM_PARTIES } from '../../update/index.ts'
import { AggregatorError } from '../errors.ts'
import { damaged, oversized } from './failure.ts'

const FORMAT = 'coffer-run-v1'
/** A job spec of 1 MiB, whose quotes take twice their room in a text, and 1,024 names. */
export const MAXIMUM_HEADER_BYTES = 4 * 1024 * 1024

export interface RunHeader {
  readonly runId: string
  readonly federation: string
  /** Canonical JSON. */
  readonly spec: string
  readonly parties: readonly string[]
  /** Milliseconds since the epoch. */
  readonly created: number
}

export interface StoredHeader {
  readonly header: RunHeader
  readonly keyCheck: string
  readonly bytes: Uint8Array
}

/** Throws AGGREGATION_RUN_ID: a path is made of it. */
export function requireRunId(runId: string): void {
  if (isRunId(runId)) return
  const found = JSON.stringify(runId.slice(0, 64))
  throw new AggregatorError('AGGREGATION_RUN_ID', `run id ${found}: expected 32 lower-case hexadecimal digits`)
}

export const isRunId = (name: string): boolean => /^[0-9a-f]{32}$/.test(name)

/** Throws AGGREGATION_STATE_SIZE. */
export function encodeHeader(header: RunHeader, keyCheck: string): StoredHeader {
  const { runId, federation, spec, parties, created } = header
  const bytes = canonicalJson({ format: FORMAT, run: runId, federation, spec, parties, created, keyCheck })
  if (bytes.length > MAXIMUM_HEADER_BYTES) throw oversized('run.json', bytes.length, MAXIMUM_HEADER_BYTES)
  return { header, keyCheck, bytes }
}

/** Throws AGGREGATION_STATE_DAMAGED or _RELEASE. @param path for the message */
export function parseHeader(bytes: Uint8Array, runId: string, path: string): StoredHeader {
  const { format, run, federation, spec, parties, created, keyCheck } = parseObject(bytes, path)
  if (typeof format === 'string' && format !== FORMAT) {
    const found = JSON.stringify(format.slice(0, 64))
    throw new AggregatorError('AGGREGATION_STATE_RELEASE', `${path}: has format ${found}, expected ${FORMAT}`)
  }
  if (run !== runId) throw damaged(path, 'it is of another run')
  const fits =
    typeof federation === 'string' &&
    typeof spec === 'string' &&
    isNames(parties) &&
    typeof created === 'number' &&
    typeof keyCheck === 'string' &&
    /^[0-9a-f]{64}$/.test(keyCheck)
  if (!fits) throw damaged(path, 'a member is missing or of another kind')
  const stored = encodeHeader({ runId, federation, spec, parties, created }, keyCheck)
  if (equalBytes(stored.bytes, bytes)) return stored
  throw damaged(path, 'it is not in canonical form, or has members that are not known here')
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= MAXIMUM_PARTIES && value.every((name) => typeof name === 'string')

function parseObject(bytes: Uint8Array, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch (error) {
    throw new AggregatorError('AGGREGATION_STATE_DAMAGED', `${path}: it is no JSON in UTF-8`, { cause: error })
  }
  throw damaged(path, 'it is no JSON object')
}
