/**
 * Compressed updates. Only the deltas are compressed; counts and sums follow as they are, from the next multiple of
 * four bytes on. What comes out of a compressed update is an update of the same layout and encoding as without.
 *
 * Error feedback (Seide et al. 2014; Karimireddy et al., ICML 2019): a party adds the residual of its last update to
 * the deltas of the next, so that what compression dropped arrives later instead of never. The residual is in the unit
 * of the deltas, unscaled, because the share of a party may change between rounds. It is lost with the party's disk at
 * worst, which costs some rounds of progress and no correctness.
 *
 * What may go wrong: a hostile sender. The length follows from layout and compression, so another one is refused before
 * anything is read; every index, exponent and value is checked before it is used.
 */
import { fromBytes, toBytes } from '../bytes.ts'
import { encodeUpdate, type UpdateValues } from '../encode.ts'
import { UpdateError } from '../errors.ts'
import { type Encoding, fixedPoint } from '../fixed-point.ts'
import { type UpdateLayout, updateElements } from '../layout.ts'
import { dequantise, int8Bytes, quantise } from './int8.ts'
import { keptOf, scatter, select } from './top-k.ts'

export type CompressionSpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'int8' }
  /** `share` of the deltas that travel, above 0, at most 1. */
  | { readonly kind: 'top-k'; readonly share: number }

const NONE: CompressionSpec = { kind: 'none' }

/** Length of an update on the wire in bytes. Throws UPDATE_LAYOUT_INVALID, UPDATE_COMPRESSION_INVALID. */
export function updateBytes(layout: UpdateLayout, compression = NONE): number {
  const elements = updateElements(layout)
  return deltaBytes(layout.deltas, compression) + 4 * (elements - layout.deltas)
}

function deltaBytes(deltas: number, compression: CompressionSpec): number {
  switch (compression.kind) {
    case 'none':
      return 4 * deltas
    case 'int8':
      return 4 * Math.ceil(int8Bytes(deltas) / 4)
    case 'top-k':
      return 8 * keptOf(deltas, compression.share)
  }
}

/**
 * One party's update as it travels. `values.deltas`: with the residual of the last update added.
 * Gives the residual of this one, one value per delta; empty without compression, which loses nothing worth keeping.
 * Throws what encodeUpdate throws, UPDATE_COMPRESSION_INVALID.
 */
export function compressUpdate(
  values: UpdateValues,
  share: number,
  layout: UpdateLayout,
  encoding: Encoding,
  compression: CompressionSpec,
): { readonly bytes: Uint8Array; readonly residual: Float32Array } {
  const encoded = encodeUpdate(values, share, layout, encoding)
  if (compression.kind === 'none') return { bytes: toBytes(encoded), residual: new Float32Array(0) }
  const { scale, limit } = fixedPoint(encoding)
  const bytes = new Uint8Array(updateBytes(layout, compression))
  const deltas = encoded.subarray(0, layout.deltas)
  if (compression.kind === 'int8') {
    quantise(deltas, limit, bytes)
  } else {
    const kept = keptOf(layout.deltas, compression.share)
    const chosen = new Int32Array(2 * kept)
    select(deltas, chosen.subarray(0, kept), chosen.subarray(kept))
    bytes.set(toBytes(chosen))
  }
  bytes.set(toBytes(encoded.subarray(layout.deltas)), deltaBytes(layout.deltas, compression))
  const unit = share * scale
  const residual = new Float32Array(layout.deltas)
  for (let i = 0; i < layout.deltas; i += 1) residual[i] = (values.deltas[i] ?? 0) - (deltas[i] ?? 0) / unit
  return { bytes, residual }
}

/**
 * The values behind the bytes of any compression, in `out` (updateElements of the layout); without compression a view
 * of the bytes where possible. Checks the form and the range of the deltas, not counts and sums: the accumulator
 * verifies what it adds. Throws UPDATE_LENGTH, UPDATE_COMPRESSED_FORM, UPDATE_OUT_OF_RANGE.
 */
export function decompressUpdate(
  bytes: Uint8Array,
  layout: UpdateLayout,
  encoding: Encoding,
  compression: CompressionSpec,
  out: Int32Array,
): Int32Array {
  const expected = updateBytes(layout, compression)
  if (bytes.length !== expected) {
    throw new UpdateError('UPDATE_LENGTH', `the update has ${bytes.length} bytes, expected ${expected}`)
  }
  if (compression.kind === 'none') return fromBytes(bytes)
  const { limit } = fixedPoint(encoding)
  const compressed = bytes.subarray(0, deltaBytes(layout.deltas, compression))
  const deltas = out.subarray(0, layout.deltas)
  if (compression.kind === 'int8') {
    verifyPadding(compressed, int8Bytes(layout.deltas))
    dequantise(compressed, limit, deltas)
  } else {
    const chosen = fromBytes(compressed)
    scatter(chosen.subarray(0, chosen.length / 2), chosen.subarray(chosen.length / 2), limit, deltas)
  }
  out.set(fromBytes(bytes.subarray(compressed.length)), layout.deltas)
  return out
}

/** One update has one form: bytes that nobody reads are zero. */
function verifyPadding(bytes: Uint8Array, from: number): void {
  for (let i = from; i < bytes.length; i += 1) {
    if (bytes[i] === 0) continue
    throw new UpdateError('UPDATE_COMPRESSED_FORM', `byte ${i} of the padding is ${bytes[i]}, expected 0`)
  }
}
