/** Updates on the wire: int32, two's complement, little-endian, whatever the byte order of the host. */
import { UpdateError } from './errors.ts'

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The bytes of an update. On a little-endian host this is a view of the same memory, not a copy. */
export function toBytes(values: Int32Array, littleEndian = hostIsLittleEndian): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return littleEndian ? bytes : swapped(bytes)
}

/**
 * The values of an update; a view of the same memory where byte order and alignment allow, else a copy.
 * Throws UPDATE_LENGTH if the bytes are not whole int32 values.
 */
export function fromBytes(bytes: Uint8Array, littleEndian = hostIsLittleEndian): Int32Array {
  if (bytes.byteLength % 4 !== 0) {
    throw new UpdateError('UPDATE_LENGTH', `an update of ${bytes.byteLength} bytes, expected a multiple of 4`)
  }
  const ordered = littleEndian ? bytes : swapped(bytes)
  const aligned = ordered.byteOffset % 4 === 0 ? ordered : ordered.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4)
}

/** A copy with each group of four bytes reversed. */
function swapped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  for (let i = 0; i < copy.length; i += 4) copy.subarray(i, i + 4).reverse()
  return copy
}
