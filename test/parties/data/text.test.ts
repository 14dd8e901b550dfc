/** Our rule for numbers, and DuckDB's cast under it: they must agree on any text. */
import fc from 'fast-check'
import { DuckDBDoubleVector } from '@duckdb/node-api'
import { describe, expect, test } from 'vitest'
import { isHeldOut } from '../../../parties/data/index.ts'
import { createIdIndex } from '../../../parties/data/ids.ts'
import { withSource } from '../../../parties/data/source.ts'
import { numberOf } from '../../../parties/data/sql.ts'
import { labelKey, missingMarkers, parseNumber, shown } from '../../../parties/data/text.ts'
import { file, never } from './fixtures.ts'

const cells = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789+-.eE_ \tnaifxINF,'), minLength: 1, maxLength: 8 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map((value) => ` ${value}.`),
  fc.constantFrom(
    '+-5',
    '1__0',
    '1e5_0',
    '0x10',
    '0b1',
    'nan',
    'inf',
    '+inf',
    '1e400',
    '1e-400',
    '\v5\f',
    '５',
    '\u00a05',
  ),
)

test('a numeric cell means the same to DuckDB as to parseNumber', async () => {
  const texts = fc.sample(cells, { numRuns: 20_000, seed: 7 })
  const at = file(`a,b\n${texts.map((text) => `"${text}",`).join('\n')}\n`)
  const found: (number | null)[] = []
  await withSource({ path: at, signal: never }, async (source) => {
    for await (const chunk of source.chunks([numberOf('c0', 'text')])) {
      const vector = chunk.getColumnVector(0)
      if (!(vector instanceof DuckDBDoubleVector)) throw new Error('not a DOUBLE')
      for (let i = 0; i < chunk.rowCount; i += 1) found.push(vector.getItem(i))
    }
  })
  expect(found).toHaveLength(texts.length)
  const different = texts.filter((text, i) => {
    const value = found[i] ?? Number.NaN
    const ours = parseNumber(text) ?? Number.NaN
    return Number.isFinite(ours) ? ours !== value : Number.isFinite(value)
  })
  expect(different).toEqual([])
  // Both kinds are there in number, so that agreeing means something.
  expect(texts.filter((text) => parseNumber(text) !== undefined).length).toBeGreaterThan(3_000)
  expect(texts.filter((text) => parseNumber(text) === undefined).length).toBeGreaterThan(3_000)
})

describe('text', () => {
  test('numbers', () => {
    const good: [string, number][] = [
      ['1', 1],
      ['-1.5', -1.5],
      ['+.5', 0.5],
      ['5.', 5],
      ['1e3', 1000],
      [' 1E-2\t', 0.01],
      ['007', 7],
    ]
    for (const [text, value] of good) expect(parseNumber(text), text).toBe(value)
    for (const text of ['', ' ', '.', 'e5', '1e', '0x1', '1_0', '1,0', 'nan', 'inf', '1 2', '１']) {
      expect(parseNumber(text), text).toBeUndefined()
    }
    for (const marker of missingMarkers) expect(parseNumber(marker)).toBeUndefined()
  })

  test('labels that mean the same', () => {
    expect(new Set(['1', '1.0', ' +1 ', '1e0'].map(labelKey)).size).toBe(1)
    expect(new Set(['yes', 'Yes', 'true', '1', 'number 1'].map(labelKey)).size).toBe(5)
  })

  test('cells in messages are short and printable', () => {
    expect(shown('plain')).toBe("'plain'")
    expect(shown('a\nb\u2028\u0000')).toBe("'a\\u{a}b\\u{2028}\\u{0}'")
    expect(shown('😀'.repeat(50))).toBe(`'${'😀'.repeat(40)}…'`)
  })
})

test('the index of ids finds exactly the repeated ones', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 200 }), (ids) => {
      const index = createIdIndex(ids, ids.length)
      const fresh = ids.map((_, row) => index.add(row))
      expect(fresh).toEqual(ids.map((id, row) => ids.indexOf(id) === row))
    }),
  )
})

test('the hold-out rule is the one that is written down', () => {
  // Python: int.from_bytes(sha256(b'7\0customer-1').digest()[:6], 'big') / 2**48 is 0.0799135...; of 'größe' 0.9155476...
  const held = (id: string, ...fractions: number[]) => fractions.map((fraction) => isHeldOut(id, fraction, 7))
  expect(held('customer-1', 0.0799135, 0.0799136)).toEqual([false, true])
  expect(held('größe', 0.9155476, 0.9155477)).toEqual([false, true])
})
