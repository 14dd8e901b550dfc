/**
 * Gaussian noise from random bytes (Box and Muller 1958), for sums of whole numbers.
 *
 * Noise is rounded to whole numbers before it is added. The sum it meets is whole, so round(noise) + sum is
 * round(noise + sum): a function of the noised sum alone, which costs no privacy (post-processing). It also removes what
 * the last bits of a float64 tell about the sum under it (Mironov, "On Significance of the Least Significant Bits for
 * Differential Privacy", CCS 2012): a noised sum has none.
 *
 * What may go wrong: the bytes must be secret and of cryptographic quality; and noise ends at 8.6 deviations, where 53
 * random bits end: a tail of chance 1e-17, far below any delta that makes sense.
 */

/** Standard normal numbers, one after the other. */
export type Gaussian = () => number

/** Bytes asked for at once. */
const BATCH = 65_536

/** `random`: gives that many secret random bytes, never the same again. */
export function createGaussian(random: (bytes: number) => Uint8Array): Gaussian {
  let words = new Uint32Array(0)
  let at = 0
  let second: number | undefined
  /** In (0, 1], all 53 bits. */
  const uniform = (): number => {
    if (at === words.length) {
      words = new Uint32Array(new Uint8Array(random(BATCH)).buffer)
      at = 0
    }
    const high = (words[at] ?? 0) >>> 5
    const low = (words[at + 1] ?? 0) >>> 6
    at += 2
    return (high * 2 ** 26 + low + 1) / 2 ** 53
  }
  return () => {
    if (second !== undefined) {
      const value = second
      second = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()))
    const angle = 2 * Math.PI * uniform()
    second = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

/** Adds rounded noise of this deviation to the first `end` values, which are whole numbers and stay so. */
export function addNoise(sum: Float64Array, end: number, deviation: number, gaussian: Gaussian): void {
  for (let i = 0; i < end; i += 1) sum[i] = (sum[i] ?? Number.NaN) + Math.round(deviation * gaussian())
}
