/**
 * int8: a quarter of the bytes. Blocks of 1,024 deltas share an exponent e; a delta becomes round-half-even(q / 2^e), in
 * -127 to 127, and stands for that number times 2^e: a whole number of the same fixed point, so sums stay exact.
 *
 *   exponents   one byte for each block
 *   values      one int8 for each delta
 *
 * e is the least with which the largest magnitude of the block fits 127, so the error of a value is at most half of
 * 2^e, under 1/127 of that magnitude. A party carries what was lost into its next update (compress.ts).
 */
import { UpdateError } from '../errors.ts'
import { ROUNDING } from '../fixed-point.ts'

const BLOCK = 1024
const LARGEST = 127
/** 2^31 / 2^25 is 64; with 24 the largest value of 32 bits would round to 128. */
const MAXIMUM_EXPONENT = 25

export function int8Bytes(deltas: number): number {
  return Math.ceil(deltas / BLOCK) + deltas
}

/** Writes int8Bytes bytes to `out`; `deltas` become what the receiver will read. */
export function quantise(deltas: Int32Array, limit: number, out: Uint8Array): void {
  const blocks = Math.ceil(deltas.length / BLOCK)
  const values = new Int8Array(out.buffer, out.byteOffset + blocks, deltas.length)
  for (let block = 0; block < blocks; block += 1) {
    const from = block * BLOCK
    const to = Math.min(from + BLOCK, deltas.length)
    const exponent = exponentOf(deltas, from, to)
    const unit = 2 ** exponent
    // Near the limit, rounding up would leave the range of the encoding.
    const largest = Math.min(LARGEST, Math.floor(limit / unit))
    out[block] = exponent
    for (let i = from; i < to; i += 1) {
      const rounded = (deltas[i] ?? 0) / unit + ROUNDING - ROUNDING
      const value = Math.max(-largest, Math.min(largest, rounded))
      values[i] = value
      deltas[i] = value * unit
    }
  }
}

function exponentOf(deltas: Int32Array, from: number, to: number): number {
  let largest = 0
  for (let i = from; i < to; i += 1) largest = Math.max(largest, Math.abs(deltas[i] ?? 0))
  let exponent = 0
  while (largest / 2 ** exponent + ROUNDING - ROUNDING > LARGEST) exponent += 1
  return exponent
}

/** Reads int8Bytes bytes into `deltas`. Throws UPDATE_COMPRESSED_FORM, UPDATE_OUT_OF_RANGE. */
export function dequantise(bytes: Uint8Array, limit: number, deltas: Int32Array): void {
  const blocks = Math.ceil(deltas.length / BLOCK)
  const values = new Int8Array(bytes.buffer, bytes.byteOffset + blocks, deltas.length)
  for (let block = 0; block < blocks; block += 1) {
    const exponent = bytes[block] ?? 0
    if (exponent > MAXIMUM_EXPONENT) {
      const found = `the exponent of block ${block} is ${exponent}, expected 0 to ${MAXIMUM_EXPONENT}`
      throw new UpdateError('UPDATE_COMPRESSED_FORM', found)
    }
    const to = Math.min((block + 1) * BLOCK, deltas.length)
    const bad = dequantiseBlock(values, 2 ** exponent, limit, deltas, block * BLOCK, to)
    if (bad >= 0) {
      const found = `deltas[${bad}] is ${values[bad]} times 2^${exponent}, expected -${LARGEST} to ${LARGEST} times`
      throw new UpdateError('UPDATE_OUT_OF_RANGE', `${found}, and the product within ${limit}`)
    }
  }
}

/** Index of the first value that does not fit, or -1. */
function dequantiseBlock(
  values: Int8Array,
  unit: number,
  limit: number,
  deltas: Int32Array,
  from: number,
  to: number,
): number {
  const largest = Math.min(LARGEST, Math.floor(limit / unit))
  for (let i = from; i < to; i += 1) {
    const value = values[i] ?? 0
    if (value < -largest || value > largest) return i
    deltas[i] = value * unit
  }
  return -1
}
