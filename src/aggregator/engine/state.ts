/**
 * What a run is between two rounds, as numbers and as canonical bytes: the same state always has the same bytes, and a
 * run that goes on from them takes the same steps, bit for bit, as one that was never interrupted.
 *
 *   magic       8 bytes "CFRSTAT1"
 *   length      u32, little-endian, of the header; then four zero bytes
 *   header      canonical JSON (RFC 8785): round, steps, clip bound, privacy ledger, standardisation
 *   padding     zero bytes up to a multiple of 8
 *   float64     first and second moments, server control variate, reference of centred clipping
 *   float32     the parameters
 *
 * All numbers little-endian, as is every platform this runs on. Lengths follow from the job spec (StateShape). The
 * parameters that parties fetch are a view of these bytes.
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
const PREFIX = 16

export function shapeOf(state: EngineState): StateShape {
  const { size, trainable, first, control } = state.strategy
  const inputs = state.standardisation.mean.length
  return { size, trainable, moments: first.length, control: control.length, reference: state.reference.length, inputs }
}

/** In shared memory; `parameters`: where in the bytes they are. */
export function encodeState(state: EngineState): { readonly bytes: Uint8Array; readonly parameters: Uint8Array } {
  const { round, strategy, clip, ledger, standardisation, reference, parameters } = state
  const header: Header = { round, steps: strategy.steps, clip, ledger, ...standardisation }
  const text = canonicalJson(header)
  const doubles = [strategy.first, strategy.second, strategy.control, reference]
  let at = numbersFrom(text.length)
  const length = at + doubles.reduce((sum, { byteLength }) => sum + byteLength, 0) + parameters.byteLength
  const buffer = new SharedArrayBuffer(length)
  const bytes = new Uint8Array(buffer)
  bytes.set(MAGIC)
  new DataView(buffer).setUint32(MAGIC.length, text.length, true)
  bytes.set(text, PREFIX)
  for (const values of doubles) {
    new Float64Array(buffer, at, values.length).set(values)
    at += values.byteLength
  }
  new Float32Array(buffer, at, parameters.length).set(parameters)
  return { bytes, parameters: bytes.subarray(at) }
}

/** The state of a run of this shape; its arrays are copies. Throws AGGREGATION_STATE_INVALID. */
export function decodeState(bytes: Uint8Array, shape: StateShape): EngineState {
  const { size, trainable, moments, control, reference } = shape
  const { text, header } = readHeader(bytes)
  const { round, steps, clip, ledger, mean, deviation } = header
  let at = numbersFrom(text.length)
  const expected = at + 8 * (2 * moments + control + reference) + 4 * size
  const lengths = bytes.length === expected && mean.length === shape.inputs && deviation.length === shape.inputs
  if (!lengths) throw invalid(`${bytes.length} bytes for ${mean.length} inputs, expected ${expected}, ${shape.inputs}`)
  const doubles = (length: number): Float64Array => {
    const copy = bytes.slice(at, at + 8 * length)
    at += copy.length
    return new Float64Array(copy.buffer)
  }
  const [first, second, controls, references] = [moments, moments, control, reference].map(doubles)
  if (!first || !second || !controls || !references) throw invalid('a segment is missing')
  return {
    round,
    parameters: new Float32Array(bytes.slice(at).buffer),
    strategy: { steps, size, trainable, first, second, control: controls },
    standardisation: { mean, deviation },
    reference: references,
    clip,
    ledger,
  }
}

function numbersFrom(headerLength: number): number {
  return 8 * Math.ceil((PREFIX + headerLength) / 8)
}

function readHeader(bytes: Uint8Array): { readonly text: Uint8Array; readonly header: Header } {
  const magic = bytes.length >= PREFIX && MAGIC.every((byte, i) => bytes[i] === byte)
  if (!magic) throw invalid('it does not begin as a state does')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true)
  if (PREFIX + length > bytes.length) throw invalid(`a header of ${length} bytes in ${bytes.length}`)
  const text = bytes.slice(PREFIX, PREFIX + length)
  const header = parseHeader(Buffer.from(text.buffer).toString('utf8'))
  const canonical = canonicalJson(header)
  const same = canonical.length === text.length && canonical.every((byte, i) => byte === text[i])
  if (!same) throw invalid('its header is not in canonical form')
  return { text, header }
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
