/**
 * A model update as numbers: its layout, the fixed point that all summations share, the check on receipt, the sum,
 * compression. A party encodes, the aggregator verifies and adds, whoever may see the sum decodes it.
 */
export { type Accumulator, createAccumulator } from './accumulator.ts'
export { fromBytes, toBytes } from './bytes.ts'
export { type CompressionSpec, compressUpdate, decompressUpdate, updateBytes } from './compression/compress.ts'
export { decodeSum, encodeUpdate, type UpdateTotals, type UpdateValues } from './encode.ts'
export { type UpdateCode, UpdateError, updateErrors } from './errors.ts'
export { type Encoding, type FixedPoint, fixedPoint, MAXIMUM_PARTIES } from './fixed-point.ts'
export { MAXIMUM_ELEMENTS, type UpdateLayout, updateElements } from './layout.ts'
export { scaleDeltas } from './scale.ts'
export { verifyUpdate } from './verify.ts'
