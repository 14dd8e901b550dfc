/** Noise: the distribution, what it is added to, and where its bytes come from. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { addNoise, createGaussian, declaredStandardisation } from '../../src/learning/index.ts'

/** SHA-256 in counter mode: the same bytes each time. */
function seeded(seed: string): (bytes: number) => Uint8Array {
  let block = 0
  return (bytes) => {
    const blocks = Array.from({ length: bytes / 32 }, () => createHash('sha256').update(`${seed}${block++}`).digest())
    return new Uint8Array(Buffer.concat(blocks))
  }
}

describe('Gaussian numbers', () => {
  const gaussian = createGaussian(seeded('moments'))
  const drawn = Float64Array.from({ length: 200_000 }, gaussian)
  const mean = (f: (x: number) => number) => drawn.reduce((sum, x) => sum + f(x), 0) / drawn.length

  test('have mean 0, deviation 1, no skew, kurtosis 3', () => {
    // Five standard errors each: sqrt(1, 2, 15, 96 / n).
    const error = (variance: number) => 5 * Math.sqrt(variance / drawn.length)
    expect(Math.abs(mean((x) => x))).toBeLessThan(error(1))
    expect(Math.abs(mean((x) => x ** 2) - 1)).toBeLessThan(error(2))
    expect(Math.abs(mean((x) => x ** 3))).toBeLessThan(error(15))
    expect(Math.abs(mean((x) => x ** 4) - 3)).toBeLessThan(error(96))
  })

  // Abramowitz and Stegun, table 26.1.
  test.each([
    [-2, 0.02275],
    [-1, 0.15866],
    [0, 0.5],
    [0.5, 0.69146],
    [1.96, 0.975],
    [3, 0.99865],
  ])('are below %d with chance %d', (x, chance) => {
    const found = mean((value) => (value < x ? 1 : 0))
    expect(Math.abs(found - chance)).toBeLessThan(5 * Math.sqrt((chance * (1 - chance)) / drawn.length))
  })

  test('are independent of their neighbours', () => {
    const products = drawn.reduce((sum, x, i) => sum + x * (drawn[i + 1] ?? 0), 0) / drawn.length
    expect(Math.abs(products)).toBeLessThan(5 / Math.sqrt(drawn.length))
  })

  test('are finite for the bytes that come nearest to a logarithm of zero, and for those farthest from it', () => {
    for (const byte of [0, 255]) {
      const extreme = createGaussian((bytes) => new Uint8Array(bytes).fill(byte))
      for (const value of [extreme(), extreme()]) expect(Math.abs(value)).toBeLessThan(8.6)
    }
  })

  test('take new bytes when those at hand are used up', () => {
    let asked = 0
    const counting = createGaussian((bytes) => {
      asked += bytes
      return new Uint8Array(bytes).fill(asked)
    })
    for (let i = 0; i < 8193; i += 1) counting()
    expect(asked).toBe(2 * 65_536)
  })
})

test('noise leaves whole numbers whole, and the values after the deltas alone', () => {
  const sum = Float64Array.of(5, -7, 2 ** 40, 9, 11)
  addNoise(sum, 3, 1000, createGaussian(seeded('sum')))
  expect(sum.every(Number.isInteger)).toBe(true)
  expect([...sum].slice(3)).toEqual([9, 11])
  expect([...sum].slice(0, 3)).not.toEqual([5, -7, 2 ** 40])
})

test('the declared standardisation is that of evenly spread numbers, and leaves categories as they are', () => {
  const found = declaredStandardisation([
    { name: 'x', type: 'number', minimum: -6, maximum: 6, missing: 'indicator' },
    { name: 'k', type: 'category', values: ['a', 'b'], missing: 'refuse', other: 'refuse' },
  ])
  expect(found).toEqual({ mean: [0, 0, 0, 0], deviation: [12 / Math.sqrt(12), 1, 1, 1] })
})
