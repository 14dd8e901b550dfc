/**
 * The fixed point that every summation shares, so that all of them give bit-identical sums.
 *
 *   scale = 2^(bits - 1 - ceil(log2 range))        a power of two
 *   q     = round-half-even(share * delta * scale)  |q| <= limit = min(2^(bits-1) - 1, floor(range * scale))
 *
 * A power of two makes scaling exact in binary floating point: the one rounding is that of q, an error of at most
 * 1 / (2 * scale) in share * delta, and a decoded sum is exactly the sum of what the parties encoded. With the default
 * (32 bits, range 16) scale is 2^27, so the step is 7.5e-9.
 *
 * Headroom: |q| < 2^31 and at most 1,024 = 2^10 parties, so |sum| < 2^41. The accumulator is float64, which holds every
 * whole number up to 2^53, so each partial sum is exact, additions never round, and their order does not matter.
 *
 * Every party scales by its share (rows / weight unit, at most 1) before rounding. The sum over all parties is then
 * already the mean, so `range` bounds one party's share of a delta and not a number that grows with the federation.
 */
import { UpdateError } from './errors.ts'

/** How many updates one sum may hold; the headroom above is proved for this number. */
export const MAXIMUM_PARTIES = 1024

/** `bits` from 8 to 32, sign included; `range`: the largest |share * delta|, from 2^-64 to 2^64. */
export interface Encoding {
  readonly bits: number
  readonly range: number
}

export interface FixedPoint {
  readonly scale: number
  readonly limit: number
}

/** Scale and limit of an encoding. Throws UPDATE_ENCODING_INVALID. */
export function fixedPoint(encoding: Encoding): FixedPoint {
  const { bits, range } = encoding
  if (!Number.isInteger(bits) || bits < 8 || bits > 32) {
    throw new UpdateError('UPDATE_ENCODING_INVALID', `encoding.bits is ${bits}, expected a whole number from 8 to 32`)
  }
  if (!(range >= 2 ** -64 && range <= 2 ** 64)) {
    throw new UpdateError('UPDATE_ENCODING_INVALID', `encoding.range is ${range}, expected 2^-64 to 2^64`)
  }
  const scale = 2 ** (bits - 1 - exponentAbove(range))
  return { scale, limit: Math.min(2 ** (bits - 1) - 1, Math.floor(range * scale)) }
}

/** ceil(log2 x) without the rounding error of a logarithm: bits decide what both sides compute. */
function exponentAbove(x: number): number {
  let exponent = Math.round(Math.log2(x))
  while (2 ** exponent < x) exponent += 1
  while (2 ** (exponent - 1) >= x) exponent -= 1
  return exponent
}

/**
 * Adding and subtracting 1.5 * 2^52 leaves a float64 without fraction bits, rounded to nearest, ties to even (IEEE 754,
 * section 4.3.1), for |x| <= 2^51; larger values stay far above every limit, NaN and infinities stay what they are.
 */
export const ROUNDING = 1.5 * 2 ** 52
