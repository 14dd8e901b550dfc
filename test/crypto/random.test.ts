import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryptoError, createRandom, sha256 } from '../../src/crypto/index.ts'

const draw = <Value>(count: number, next: () => Value) => Array.from({ length: count }, next)

/** xoshiro128** once more, in BigInt and straight from the paper's definition. */
function* reference(seed: string): Generator<number> {
  const view = new DataView(sha256(new TextEncoder().encode(seed)).buffer)
  const wide = (value: bigint) => BigInt.asUintN(32, value)
  const rotate = (value: bigint, by: bigint) => wide((value << by) | (value >> (32n - by)))
  let [s0, s1, s2, s3] = [0, 4, 8, 12].map((offset) => BigInt(view.getUint32(offset, true)))
  if (s0 === undefined || s1 === undefined || s2 === undefined || s3 === undefined) return
  for (;;) {
    yield Number(wide(rotate(wide(s1 * 5n), 7n) * 9n))
    const shifted = wide(s1 << 9n)
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = rotate(s3, 11n)
  }
}

describe('random', () => {
  it('agrees with a second implementation', () => {
    const expected = reference('coffer')
    const random = createRandom('coffer')
    for (let index = 0; index < 1000; index += 1) expect(random.uint32()).toBe(expected.next().value)
  })

  it('stays what it was: runs of older versions replay', () => {
    expect(draw(4, createRandom('coffer').uint32)).toEqual([2159654971, 3401167781, 2938773029, 2651785058])
  })

  it('depends on the seed only, given as text or as its bytes', () => {
    const bytes = createRandom(new TextEncoder().encode('seed'))
    expect(draw(8, createRandom('seed').uint32)).toEqual(draw(8, bytes.uint32))
    expect(draw(8, createRandom('seed').uint32)).not.toEqual(draw(8, createRandom('seee').uint32))
  })

  it('forks by label, whatever was drawn before', () => {
    const used = createRandom('seed')
    draw(5, used.uint32)
    expect(draw(4, used.fork('rows').uint32)).toEqual(draw(4, createRandom('seed').fork('rows').uint32))
    expect(draw(4, used.fork('rows').uint32)).not.toEqual(draw(4, used.fork('weights').uint32))
  })

  it('draws uniform and normal numbers with the right moments', () => {
    const random = createRandom('moments')
    const uniform = draw(100_000, random.uniform)
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(mean(uniform)).toBeCloseTo(0.5, 2)
    const normal = draw(100_000, random.normal)
    expect(normal.every(Number.isFinite)).toBe(true)
    expect(mean(normal)).toBeCloseTo(0, 1)
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1)
    expect(mean(normal.map((value) => value ** 4))).toBeCloseTo(3, 0)
  })

  it('draws below a bound without preference', () => {
    const random = createRandom('below')
    const counts = [0, 0, 0]
    for (let index = 0; index < 30_000; index += 1) {
      const value = random.below(3)
      counts[value] = (counts[value] ?? 0) + 1
    }
    expect(counts).toHaveLength(3)
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
    // With a bound of 3 x 2^30 the plain remainder of a word would fall below 2^30 every second time.
    const low = draw(10_000, () => random.below(3 * 2 ** 30)).filter((value) => value < 2 ** 30).length
    expect(Math.abs(low - 3333)).toBeLessThan(250)
    expect(random.below(1)).toBe(0)
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 32 + 1])('refuses the bound %d', (bound) => {
    expect(() => createRandom('x').below(bound)).toThrow(CryptoError)
    expect(() => createRandom('x').below(bound)).toThrow(expect.objectContaining({ code: 'RANDOM_BOUND' }))
  })

  it('shuffles lists and typed arrays into each order alike', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 50 }), fc.string(), (values, seed) => {
        const typed = Uint32Array.from(values)
        const list: unknown[] = [...values]
        createRandom(seed).shuffle(typed)
        createRandom(seed).shuffle(list)
        expect([...typed]).toEqual(list)
        expect([...typed].sort((a, b) => a - b)).toEqual([...values].sort((a, b) => a - b))
      }),
    )
    const random = createRandom('orders')
    const orders = new Map<string, number>()
    for (let index = 0; index < 6000; index += 1) {
      const list = ['a', 'b', 'c']
      random.shuffle(list)
      orders.set(list.join(''), (orders.get(list.join('')) ?? 0) + 1)
    }
    expect(orders.size).toBe(6)
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
