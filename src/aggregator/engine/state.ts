/**
 * What a run is between two rounds, as numbers and as canonical bytes: the same state always has the same bytes, and a
 * run that goes on from them takes the same steps, bit for bit, as one that was never interrupted.
 *
 *   float32     the parameters; zero bytes up to a multiple of 8
 *   float64     first and second moments, server control variate, reference of centred clipping
 *   header      canonical JSON (RFC 8785): round, steps, clip bound, privacy ledger, standardisation
 *   length      of the header, u32 little-endian
 *   magic       8 bytes "CFRSTAT1"
 *
 * The parameters come first so that one pass gives both digests, theirs and that of the whole; parties fetch a view of
 * these bytes.
 *
 * All numbers little-endian, as is every platform this runs on. Lengths follow from the job spec (StateShape).
 *
 * Who calls has verified the digest, so bytes that do not fit are another release's or another job's, or damaged.
 */
import { canonicalJson } from '../../crypto/index.ts'
import type { PrivacyStep, ServerState, Standardisation } from '../../learning/index.ts'
import { AggregatorError } from '../errors.ts'

export interface EngineState {
  /** The last round that was closed; -1 before the first. */
  readonly round: number
  readonly parameters: Float32Array
  readonly strategy: ServerState
  readonly standardisation: Standardisation
  /** The last aggregate, for centred clipping; empty for every other rule. */
  readonly reference: Float64Array
  /** The norm bound of the next training round; null without privacy. */
  readonly clip: number | null
  readonly ledger: readonly PrivacyStep[]
}

/** Lengths that follow from the job spec. */
export interface StateShape {
  readonly size: number
  readonly trainable: number
  readonly moments: number
  readonly control: number
  readonly reference: number
  readonly inputs: number
}

interface Header {
  readonly round: number
  readonly steps: number
  readonly clip: number | null
  readonly ledger: readonly PrivacyStep[]
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

const MAGIC = new TextEncoder().encode('CFRSTAT1')
const SUFFIX = 4 + MAGIC.length

export function shapeOf(state: EngineState): StateShape {
  const { size, trainable, first, control } = state.strategy
  const inputs = state.standardisation.mean.length
  return { size, trainable, moments: first.length, control: control.length, reference: state.reference.length, inputs }
}

/** In shared memory. */
export function encodeState(state: EngineState): Uint8Array {
  const { round, strategy, clip, ledger, standardisation, reference, parameters } = state
  const header: Header = { round, steps: strategy.steps, clip, ledger, ...standardisation }
  const text = canonicalJson(header)
  const doubles = [strategy.first, strategy.second, strategy.control, reference]
  let at = doublesFrom(parameters.length)
  const length = at + doubles.reduce((sum, { byteLength }) => sum + byteLength, 0) + text.length + SUFFIX
  const buffer = new SharedArrayBuffer(length)
  const bytes = new Uint8Array(buffer)
  new Float32Array(buffer, 0, parameters.length).set(parameters)
  for (const values of doubles) {
    new Float64Array(buffer, at, values.length).set(values)
    at += values.byteLength
  }
  bytes.set(text, at)
  new DataView(buffer).setUint32(at + text.length, text.length, true)
  bytes.set(MAGIC, length - MAGIC.length)
  return bytes
}

/** The parameters within the bytes of a state, as they travel. */
export function parameterBytes(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.subarray(0, 4 * size)
}

/** The state of a run of this shape; its arrays are copies. Throws AGGREGATION_STATE_INVALID. */
export function decodeState(bytes: Uint8Array, shape: StateShape): EngineState {
  const { size, trainable, moments, control, reference, inputs } = shape
  const { length, header } = readHeader(bytes)
  const { round, steps, clip, ledger, mean, deviation } = header
  let at = doublesFrom(size)
  const expected = at + 8 * (2 * moments + control + reference) + length + SUFFIX
  if (bytes.length !== expected || mean.length !== inputs || deviation.length !== inputs) {
    throw invalid(`${bytes.length} bytes for ${mean.length} inputs, expected ${expected} and ${inputs}`)
  }
  const doubles = (count: number): Float64Array => {
    const copy = new Float64Array(copyOf(bytes, at, at + 8 * count).buffer)
    at += copy.byteLength
    return copy
  }
  const strategy = {
    steps,
    size,
    trainable,
    first: doubles(moments),
    second: doubles(moments),
    control: doubles(control),
  }
  return {
    round,
    parameters: new Float32Array(copyOf(bytes, 0, 4 * size).buffer),
    strategy,
    standardisation: { mean, deviation },
    reference: doubles(reference),
    clip,
    ledger,
  }
}

/** In memory of its own, aligned; `slice` of a Node buffer would be a view. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(from, to))
}

function doublesFrom(size: number): number {
  return 8 * Math.ceil(size / 2)
}

function readHeader(bytes: Uint8Array): { readonly length: number; readonly header: Header } {
  const end = bytes.length - SUFFIX
  const magic = end >= 0 && MAGIC.every((byte, i) => bytes[end + 4 + i] === byte)
  if (!magic) throw invalid('it does not end as a state does')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true)
  if (length > end) throw invalid(`a header of ${length} bytes in ${bytes.length}`)
  const text = copyOf(bytes, end - length, end)
  const header = parseHeader(Buffer.from(text.buffer).toString('utf8'))
  const canonical = canonicalJson(header)
  const same = canonical.length === length && canonical.every((byte, i) => byte === text[i])
  if (!same) throw invalid('its header is not in canonical form')
  return { length, header }
}

function parseHeader(text: string): Header {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(`its header is not JSON: ${String(cause)}`)
  }
  if (isHeader(value)) return value
  throw invalid('its header has other fields')
}

function isHeader(value: unknown): value is Header {
  if (!isRecord(value)) return false
  const { round, steps, clip, ledger, mean, deviation } = value
  const numbers = [round, steps, ...(clip === null ? [] : [clip])]
  const lists = [mean, deviation]
  return (
    numbers.every((each) => typeof each === 'number') &&
    lists.every((list) => Array.isArray(list) && list.every((each) => typeof each === 'number')) &&
    Array.isArray(ledger) &&
    ledger.every((step) => isRecord(step) && Object.values(step).every((each) => typeof each === 'number'))
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function invalid(found: string): AggregatorError {
  return new AggregatorError('AGGREGATION_STATE_INVALID', `the state cannot be used: ${found}`)
}
