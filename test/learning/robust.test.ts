/** Robust rules: worked out by hand, laws, and what an attacker gains. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aggregateRobustly, ROBUST_BLOCK, type RobustSpec, verifyRobust } from '../../src/learning/index.ts'
import type { SpooledRule } from '../../src/learning/robust/rule.ts'
import { refusal } from './refusal.ts'

function blocksOf(updates: readonly (readonly number[])[]) {
  const rows = updates.map((update) => Float64Array.from(update))
  return {
    updates: rows.length,
    size: rows[0]?.length ?? 0,
    read: (update: number, from: number, into: Float64Array) =>
      into.set(rows[update]?.subarray(from, from + into.length) ?? []),
  }
}
const aggregate = (spec: SpooledRule, updates: readonly (readonly number[])[], previous?: readonly number[]) => [
  ...aggregateRobustly(spec, blocksOf(updates), Float64Array.from(previous ?? new Array(updates[0]?.length).fill(0))),
]

describe('by hand', () => {
  test('the median of an odd and of an even number, each coordinate by itself', () => {
    expect(
      aggregate({ kind: 'median' }, [
        [1, 9],
        [5, -1],
        [100, 3],
      ]),
    ).toEqual([5, 3])
    expect(
      aggregate({ kind: 'median' }, [
        [1, 9],
        [5, -1],
        [100, 3],
        [2, 4],
      ]),
    ).toEqual([3.5, 3.5])
    expect(aggregate({ kind: 'median' }, [[7, -7]])).toEqual([7, -7])
  })

  test('the trimmed mean cuts floor(trim * n) at each end', () => {
    const updates = [[1], [2], [3], [4], [1000]]
    expect(aggregate({ kind: 'trimmed-mean', trim: 0.2 }, updates)).toEqual([3])
    expect(aggregate({ kind: 'trimmed-mean', trim: 0.19 }, updates)).toEqual([202])
    expect(aggregate({ kind: 'trimmed-mean', trim: 0.4 }, updates)).toEqual([3])
  })

  test('Krum takes the update with the least sum of squared distances to its n - f - 2 nearest', () => {
    // n = 5, f = 1: two nearest. Scores of 0, 1, 3, 4.5, 50: 1 + 9 = 10, 1 + 4 = 5, 2.25 + 4 = 6.25, 2.25 + 12.25, far.
    const updates = [[0], [1], [3], [4.5], [50]]
    expect(aggregate({ kind: 'krum', byzantine: 1 }, updates)).toEqual([1])
    expect(aggregate({ kind: 'multi-krum', byzantine: 1, selected: 2 }, updates)).toEqual([2])
    expect(aggregate({ kind: 'krum', byzantine: 1 }, [...updates].reverse())).toEqual([1])
  })

  test('of equal scores Krum takes the first', () => {
    expect(
      aggregate({ kind: 'krum', byzantine: 1 }, [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
        [9, 9],
      ]),
    ).toEqual([1, 0])
  })

  test('centred clipping moves from the aggregate before by clipped differences', () => {
    // From (0, 0) with radius 5: (3, 4) is at 5, (30, 40) becomes (3, 4), (0, 0) is there. Mean (2, 8/3).
    const updates = [
      [3, 4],
      [30, 40],
      [0, 0],
    ]
    const [x, y] = aggregate({ kind: 'centred-clipping', radius: 5, iterations: 1 }, updates)
    expect(x).toBeCloseTo(2, 12)
    expect(y).toBeCloseTo(8 / 3, 12)
    // From (3, 4): (30, 40) is 45 away and moves by (3, 4); (0, 0) is 5 away. Mean of (0,0), (3,4), (-3,-4): nothing.
    const still = aggregate({ kind: 'centred-clipping', radius: 5, iterations: 1 }, updates, [3, 4])
    expect(still[0]).toBeCloseTo(3, 12)
    expect(still[1]).toBeCloseTo(4, 12)
  })

  test('centred clipping with iterations is as many single ones', () => {
    const updates = [
      [3, 4],
      [30, 40],
      [0, 0],
      [-1, 2],
    ]
    const once = (from: number[]) => aggregate({ kind: 'centred-clipping', radius: 2, iterations: 1 }, updates, from)
    const three = aggregate({ kind: 'centred-clipping', radius: 2, iterations: 3 }, updates, [1, 1])
    expect(three).toEqual(once(once(once([1, 1]))))
  })
})

const rules: SpooledRule[] = [
  { kind: 'median' },
  { kind: 'trimmed-mean', trim: 0.3 },
  { kind: 'krum', byzantine: 1 },
  { kind: 'multi-krum', byzantine: 1, selected: 2 },
  { kind: 'centred-clipping', radius: 1e9, iterations: 2 },
]

describe('laws', () => {
  const vectors = fc.array(fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 3, maxLength: 3 }), {
    minLength: 5,
    maxLength: 60,
  })

  test.each(rules)('$kind of equal updates is that update', (spec) => {
    expect(aggregate(spec, new Array(7).fill([1, -2, 0.5])).map((value) => value + 0)).toEqual([1, -2, 0.5])
  })

  test.each(rules)('$kind moves with its updates: adding a vector to all of them adds it to the result', (spec) => {
    fc.assert(
      fc.property(vectors, (updates) => {
        const moved = updates.map((update) => update.map((value) => value + 1024))
        const centre = [0, 0, 0]
        const plain = aggregate(spec, updates, centre)
        aggregate(
          spec,
          moved,
          centre.map((value) => value + 1024),
        ).forEach((value, i) => {
          expect(value).toBeCloseTo((plain[i] ?? Number.NaN) + 1024, 6)
        })
      }),
    )
  })

  test.each(rules.slice(0, 2))('$kind does not depend on the order, bit for bit', (spec) => {
    fc.assert(
      fc.property(vectors, (updates) => {
        const thirds = updates.map((update) => update.map((value) => value / 3))
        expect(aggregate(spec, [...thirds].reverse())).toEqual(aggregate(spec, thirds))
      }),
    )
  })

  test.each(rules)('$kind is the same over several blocks as over one', (spec) => {
    const long = Array.from({ length: 6 }, (_, update) =>
      Array.from({ length: 2 * ROBUST_BLOCK + 3 }, (_, i) => Math.sin(update * 7 + i) + update),
    )
    const found = aggregate(spec, long)
    // Rules by coordinate show it coordinate by coordinate; the others choose by norms over all of it.
    const kinds = ['median', 'trimmed-mean']
    for (const i of [0, ROBUST_BLOCK - 1, ROBUST_BLOCK, 2 * ROBUST_BLOCK + 2]) {
      const column = long.map((update) => [update[i] ?? Number.NaN])
      if (kinds.includes(spec.kind)) expect(found[i]).toBe(aggregate(spec, column)[0])
      else expect(found[i]).toBeGreaterThan(-1)
    }
    if (spec.kind === 'krum') expect(long).toContainEqual(found)
  })

  const withstanding = rules.filter(({ kind }) => kind !== 'centred-clipping')
  test.each(withstanding)('$kind stays within the honest values, whatever one of seven sends', (spec) => {
    const honest = fc.array(fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 2, maxLength: 2 }), {
      minLength: 6,
      maxLength: 6,
    })
    const attack = fc.array(fc.constantFrom(-1e12, -1000, 0, 11, 1e12), { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(honest, attack, fc.nat(6), (parties, evil, place) => {
        const updates = [...parties.slice(0, place), evil, ...parties.slice(place)]
        for (const value of aggregate(spec, updates)) expect(Math.abs(value)).toBeLessThanOrEqual(20)
      }),
    )
  })

  test('centred clipping lets one of n move the result by radius / n in an iteration', () => {
    const spec = { kind: 'centred-clipping', radius: 1, iterations: 1 } as const
    const honest = new Array(9).fill([0, 0])
    expect(Math.hypot(...aggregate(spec, [...honest, [1e9, -1e9]]))).toBeCloseTo(0.1, 12)
  })
})

test('Krum with too few updates is refused, and so is any rule with none', () => {
  expect(refusal(() => aggregate({ kind: 'krum', byzantine: 1 }, [[1], [2], [3], [4]]))).toBe('LEARNING_ROBUST_TOO_FEW')
  const many = { kind: 'multi-krum', byzantine: 1, selected: 3 } as const
  expect(refusal(() => aggregate(many, [[1], [2], [3], [4], [5]]))).toBe('LEARNING_ROBUST_TOO_FEW')
  expect(refusal(() => aggregate({ kind: 'median' }, []))).toBe('LEARNING_ROBUST_TOO_FEW')
})

test.each<RobustSpec>([
  { kind: 'norm-bound', bound: 0 },
  { kind: 'norm-bound', bound: Number.NaN },
  { kind: 'centred-clipping', radius: -1, iterations: 1 },
  { kind: 'trimmed-mean', trim: 0.5 },
  { kind: 'krum', byzantine: 0 },
])('%j is refused', (spec) => {
  expect(refusal(() => verifyRobust(spec))).toBe('LEARNING_ROBUST_INVALID')
})
