/**
 * top-k: the k deltas of largest magnitude travel, of equal ones those of lower index; the others count as zero, and the
 * party carries them into its next update (compress.ts).
 *
 *   indices   k whole numbers of 32 bits, little-endian, ascending
 *   values    the k deltas as int32, in the same order
 *
 * k follows from the share that the job declares, so the length of an update tells nothing about its values: where
 * fewer deltas than k are not zero, zeros travel.
 */
import { UpdateError } from '../errors.ts'

/** Throws UPDATE_COMPRESSION_INVALID. */
export function keptOf(deltas: number, share: number): number {
  if (!(share > 0 && share <= 1)) {
    throw new UpdateError('UPDATE_COMPRESSION_INVALID', `compression.share is ${share}, expected above 0, at most 1`)
  }
  return Math.ceil(deltas * share)
}

/** Writes the kept deltas to `indices` and `values`; `deltas` become what the receiver will read. */
export function select(deltas: Int32Array, indices: Int32Array, values: Int32Array): void {
  const { magnitude, ties } = thresholdOf(deltas, indices.length)
  let kept = 0
  let equal = 0
  for (let i = 0; i < deltas.length; i += 1) {
    const delta = deltas[i] ?? 0
    const size = Math.abs(delta)
    if (size > magnitude || (size === magnitude && equal < ties)) {
      if (size === magnitude) equal += 1
      indices[kept] = i
      values[kept] = delta
      kept += 1
    } else {
      deltas[i] = 0
    }
  }
}

/**
 * The k-th largest magnitude, and how many of exactly that magnitude are among the k. Two passes with a histogram each,
 * of the upper 16 and then the lower 15 bits: the time does not depend on the values, as that of a partial sort would.
 */
function thresholdOf(deltas: Int32Array, k: number): { magnitude: number; ties: number } {
  const upper = new Uint32Array(2 ** 16)
  const { length } = deltas
  for (let i = 0; i < length; i += 1) count(upper, Math.abs(deltas[i] ?? 0) >>> 15)
  const high = fromAbove(upper, k)
  const lower = new Uint32Array(2 ** 15)
  for (let i = 0; i < length; i += 1) {
    const size = Math.abs(deltas[i] ?? 0)
    if (size >>> 15 === high.bucket) count(lower, size & 0x7fff)
  }
  const low = fromAbove(lower, high.left)
  return { magnitude: high.bucket * 2 ** 15 + low.bucket, ties: low.left }
}

function count(histogram: Uint32Array, bucket: number): void {
  histogram[bucket] = (histogram[bucket] ?? 0) + 1
}

/** The bucket that holds the k-th from above, and which one it is within the bucket, from 1. */
function fromAbove(histogram: Uint32Array, k: number): { bucket: number; left: number } {
  let left = k
  let bucket = histogram.length - 1
  while (bucket > 0 && left > (histogram[bucket] ?? 0)) {
    left -= histogram[bucket] ?? 0
    bucket -= 1
  }
  return { bucket, left }
}

/** Throws UPDATE_COMPRESSED_FORM, UPDATE_OUT_OF_RANGE. */
export function scatter(indices: Int32Array, values: Int32Array, limit: number, deltas: Int32Array): void {
  deltas.fill(0)
  let before = -1
  for (let i = 0; i < indices.length; i += 1) {
    const index = indices[i] ?? -1
    const value = values[i] ?? 0
    // An index from 2^31 on reads as a negative number, which no ascending order has.
    if (index <= before || index >= deltas.length) {
      const found = `index ${i} is ${index >>> 0} after ${before}, expected ascending ones below ${deltas.length}`
      throw new UpdateError('UPDATE_COMPRESSED_FORM', found)
    }
    if (value < -limit || value > limit) {
      throw new UpdateError('UPDATE_OUT_OF_RANGE', `deltas[${index}] is ${value}, expected -${limit} to ${limit}`)
    }
    deltas[index] = value
    before = index
  }
}
