/** The split: stable, disjoint, complete, and about as large as asked for. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isHeldOut, type RawTable, splitHoldout } from '../../../parties/data/index.ts'
import { refusal } from './fixtures.ts'

function table(ids: string[]): RawTable {
  const raw = Float32Array.from({ length: ids.length * 2 }, (_, i) => i)
  const labels = Float32Array.from(ids, (_, i) => i % 2)
  return { ids, rows: ids.length, inputs: 2, raw, labels, warnings: ['kept'] }
}

const ids = Array.from({ length: 5_000 }, (_, i) => `customer ${i} ü`)

describe('splitHoldout', () => {
  test('every row is in one part, with its values', async () => {
    const whole = table(ids)
    const { train, holdout } = await splitHoldout(whole, 0.2, 1)
    expect(train.rows + holdout.rows).toBe(5_000)
    const rowOf = new Map(ids.map((id, row) => [id, row]))
    for (const { ids, raw, labels, warnings } of [train, holdout]) {
      expect(warnings).toEqual(['kept'])
      const rows = ids.map((id) => rowOf.get(id) ?? -1)
      expect([...raw]).toEqual(rows.flatMap((row) => [row * 2, row * 2 + 1]))
      expect([...labels]).toEqual(rows.map((row) => row % 2))
    }
    expect(new Set([...train.ids, ...holdout.ids]).size).toBe(5_000)
  })

  test('the share is that of the fraction, within four deviations', async () => {
    for (const fraction of [0.05, 0.2, 0.5]) {
      const { holdout } = await splitHoldout(table(ids), fraction, 3)
      const deviation = Math.sqrt(5_000 * fraction * (1 - fraction))
      expect(Math.abs(holdout.rows - 5_000 * fraction)).toBeLessThan(4 * deviation)
    }
  })

  test('it does not depend on order or on other rows, and it depends on the seed', async () => {
    const held = new Set((await splitHoldout(table(ids), 0.2, 1)).holdout.ids)
    const some = ids.filter((_, i) => i % 3 === 0).reverse()
    const part = await splitHoldout(table(some), 0.2, 1)
    expect(part.holdout.ids).toEqual(some.filter((id) => held.has(id)))
    const other = new Set((await splitHoldout(table(ids), 0.2, 2)).holdout.ids)
    const common = [...held].filter((id) => other.has(id)).length
    // Independent splits share 0.2 of 1,000.
    expect(common).toBeGreaterThan(120)
    expect(common).toBeLessThan(280)
  })

  test('a larger fraction keeps every row of a smaller one', () => {
    expect(ids.filter((id) => isHeldOut(id, 0.1, 9) && !isHeldOut(id, 0.3, 9))).toEqual([])
  })

  test('another program gets the same by the rule in the comment', () => {
    for (const id of ids.slice(0, 200)) {
      const digest = createHash('sha256')
        .update(Buffer.concat([Buffer.from('42\0'), Buffer.from(id, 'utf8')]))
        .digest('hex')
      expect(isHeldOut(id, 0.2, 42)).toBe(Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48 < 0.2)
    }
  })

  test('too few rows for both parts', async () => {
    const { message } = await refusal('DATA_TOO_FEW_ROWS', splitHoldout(table(['only']), 0.2, 1))
    expect(message).toContain('1 rows gave')
  })
})
