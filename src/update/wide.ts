/**
 * Wide sums: a number with 31 whole bits and 31 fraction bits as two int32 values, for sums over rows (losses, squared
 * errors) that fit neither the range nor the precision of the deltas.
 *
 *   s = whole + fraction * 2^-31,  whole = floor(s),  0 <= fraction < 2^31
 *
 * The two halves are summed apart, each exactly (headroom: fixed-point.ts), and joined after the sum. One encoding errs
 * by at most 2^-32; the join rounds once to float64.
 */
import { ROUNDING } from './fixed-point.ts'

const HALF = 2 ** 31

/** |s| must stay below this, so that the rounded whole part is an int32 other than -2^31. */
export const WIDE_LIMIT = HALF - 1

/** Writes `value`, finite and of magnitude below WIDE_LIMIT, to out[at] and out[at + 1]. */
export function encodeWide(value: number, out: Int32Array, at: number): void {
  const whole = Math.floor(value)
  const fraction = (value - whole) * HALF + ROUNDING - ROUNDING
  const carry = fraction === HALF ? 1 : 0
  out[at] = whole + carry
  out[at + 1] = carry === 1 ? 0 : fraction
}

/** The number behind two summed halves. */
export function decodeWide(whole: number, fraction: number): number {
  return whole + fraction / HALF
}
