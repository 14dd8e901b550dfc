/**
 * The safetensors format (https://github.com/huggingface/safetensors, "Format"), float32 only:
 *
 *   8 bytes   n, the header's length: unsigned, little-endian
 *   n bytes   JSON: tensor name -> { dtype, shape, data_offsets: [begin, end] }, and "__metadata__": text -> text;
 *             spaces at the end make n a multiple of 8, so that the data is aligned
 *   the rest  the tensors' bytes, little-endian, row-major; begin and end count from here; no gaps
 */
import { ModelError } from './errors.ts'

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** As many as the shape says, row-major. */
  readonly values: Float32Array
}

const METADATA = '__metadata__'
const ALIGNMENT = 8
/** The limit of the reference implementation. */
const MAXIMUM_HEADER_BYTES = 100_000_000

export function encodeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, object][] = [[METADATA, metadata]]
  let end = 0
  for (const { name, shape, values } of tensors) {
    const begin = end
    end += values.length * 4
    entries.push([name, { dtype: 'F32', shape, data_offsets: [begin, end] }])
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(8 + headerBytes + end)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(headerBytes), true)
  bytes.fill(0x20, 8, 8 + headerBytes)
  bytes.set(json, 8)
  let at = 8 + headerBytes
  for (const { values } of tensors) {
    bytes.set(encodeFloats(values), at)
    at += values.length * 4
  }
  return bytes
}

/** Throws MODEL_SAFETENSORS unless the bytes are exactly one well-formed file of float32 tensors. */
export function decodeSafetensors(bytes: Uint8Array): { tensors: NamedTensor[]; metadata: Record<string, string> } {
  const { header, data } = split(bytes)
  const metadata: Record<string, string> = {}
  const tensors: NamedTensor[] = []
  let filled = 0
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      for (const [key, value] of Object.entries(object(entry, METADATA))) {
        if (typeof value !== 'string') throw damaged(`${METADATA}.${key} is not text`)
        metadata[key] = value
      }
      continue
    }
    const { dtype, shape, data_offsets: offsets } = object(entry, name)
    if (dtype !== 'F32') throw damaged(`${name} has dtype ${JSON.stringify(dtype)}, expected "F32"`)
    const sizes = wholeNumbers(shape, `${name}.shape`)
    const [begin, end, ...more] = wholeNumbers(offsets, `${name}.data_offsets`)
    const length = sizes.reduce((product, size) => product * size, 1)
    if (begin !== filled || end !== begin + 4 * length || end > data.length || more.length > 0) {
      const found = `${name} of shape [${sizes}] lies at [${String(offsets)}] of ${data.length} bytes`
      throw damaged(`${found}, expected [${filled}, ${filled + 4 * length}]`)
    }
    tensors.push({ name, shape: sizes, values: decodeFloats(data.subarray(begin, end)) })
    filled = end
  }
  if (filled !== data.length) throw damaged(`${data.length - filled} bytes follow the last tensor`)
  return { tensors, metadata }
}

function split(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) throw damaged(`${bytes.length} bytes, expected at least 8`)
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  if (headerBytes > MAXIMUM_HEADER_BYTES || headerBytes > bytes.length - 8) {
    throw damaged(`a header of ${headerBytes} bytes in a file of ${bytes.length}`)
  }
  const data = bytes.subarray(8 + headerBytes)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerBytes))
    return { header: object(JSON.parse(text), 'the header'), data }
  } catch (error) {
    if (error instanceof ModelError) throw error
    throw damaged('the header is not JSON', error)
  }
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${what} is not an object`)
  return Object.fromEntries(Object.entries(value))
}

function wholeNumbers(value: unknown, what: string): number[] {
  const entries: unknown[] = Array.isArray(value) ? value : [undefined]
  const numbers = entries.filter((entry): entry is number => Number.isSafeInteger(entry) && Number(entry) >= 0)
  if (numbers.length !== entries.length) throw damaged(`${what} is ${JSON.stringify(value)}, expected whole numbers`)
  return numbers
}

function damaged(message: string, cause?: unknown): ModelError {
  return new ModelError('MODEL_SAFETENSORS', `safetensors: ${message}`, { cause })
}

/** float32, little-endian, whatever the machine. */
export function encodeFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i += 1) view.setFloat32(4 * i, values[i] ?? 0, true)
  return bytes
}

function decodeFloats(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}
