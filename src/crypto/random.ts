/**
 * A deterministic generator: the same seed gives the same numbers on every machine. It orders rows, draws initial
 * weights and generates data. It is NOT for keys, nonces, masks or noise: its state follows from its output.
 *
 * xoshiro128** 1.1 (Blackman, Vigna: "Scrambled Linear Pseudorandom Number Generators", 2018, and the reference code at
 * https://prng.di.unimi.it/xoshiro128starstar.c): period 2^128 - 1, 32-bit words, which JavaScript multiplies exactly.
 */
import { sha256 } from './digest.ts'
import { CryptoError } from './errors.ts'

export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number
  /** From 0 (included) to 1 (excluded), a multiple of 2^-53. */
  uniform(): number
  /** From the normal distribution with mean 0 and deviation 1. */
  normal(): number
  /** A whole number from 0 to n - 1, each equally likely. n: 1 to 2^32, else CryptoError RANDOM_BOUND. */
  below(n: number): number
  /** Puts the elements into a random order, in place; each order equally likely (up to the generator's period). */
  shuffle(array: Uint32Array | unknown[]): void
  /** Another generator. It depends on this one's seed and the label, not on how many numbers were drawn before. */
  fork(label: string): Random
}

/** `seed`: bytes, or text that stands for its UTF-8 bytes; any length. */
export function createRandom(seed: Uint8Array | string): Random {
  const root = sha256(typeof seed === 'string' ? new TextEncoder().encode(seed) : seed)
  const uint32 = xoshiro128(root)
  const uniform = () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53
  const below = (n: number) => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new CryptoError('RANDOM_BOUND', `found ${n}, expected a whole number from 1 to 2^32`)
    }
    // Words above the largest multiple of n are drawn again: the remainder alone would prefer small numbers.
    const fair = 2 ** 32 - (2 ** 32 % n)
    let word = uint32()
    while (word >= fair) word = uint32()
    return word % n
  }
  return {
    uint32,
    uniform,
    // Box and Muller, 1958. 1 - uniform() is never 0, so the logarithm is finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    below,
    shuffle: (array) => shuffle(array, below),
    fork: (label) => createRandom(sha256(root, new TextEncoder().encode(label))),
  }
}

function xoshiro128(seed: Uint8Array): () => number {
  const view = new DataView(seed.buffer, seed.byteOffset)
  let a = view.getUint32(0, true)
  let b = view.getUint32(4, true)
  let c = view.getUint32(8, true)
  // All zero is the one state the generator cannot leave; 2^-128 likely, and excluded by one bit.
  let d = view.getUint32(12, true) | (a === 0 && b === 0 && c === 0 ? 1 : 0)
  return () => {
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
}

// Fisher and Yates, from the end.
function shuffle(array: { readonly length: number; [index: number]: unknown }, below: (n: number) => number): void {
  for (let last = array.length - 1; last > 0; last -= 1) {
    const other = below(last + 1)
    const kept = array[last]
    array[last] = array[other]
    array[other] = kept
  }
}
