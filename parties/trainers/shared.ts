/**
 * Moves values into memory that all threads see. A trainer takes a matrix from there without a copy; every other array
 * is copied into the thread with each call.
 */
export function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
