import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bar, renderTable, sparkline } from '../../src/cli/view/index.ts'
import { ago, clock, decimal } from '../../src/cli/view/text.ts'

const columns = [
  { title: 'NAME', shrink: true },
  { title: 'ROWS', align: 'right' },
] as const

test('columns are aligned, numbers to the right, no space at the end', () => {
  const rows = [
    ['bank-a', '9'],
    ['b', '12000'],
  ]
  expect(renderTable(columns, rows)).toEqual(['NAME     ROWS', 'bank-a      9', 'b       12000'])
})

test('a table that is too wide shrinks where it may, and shows that it did', () => {
  const rows = [['a-name-that-does-not-fit-in', '9']]
  expect(renderTable(columns, rows, 18)).toEqual(['NAME          ROWS', 'a-name-that…     9'])
})

test('no table is wider than asked as long as its fixed columns fit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string(), fc.nat().map(String)), { maxLength: 8 }),
      fc.integer({ min: 24, max: 90 }),
      (rows, width) => {
        for (const line of renderTable(columns, rows, width)) expect([...line].length).toBeLessThanOrEqual(width)
      },
    ),
  )
})

test('sparklines run from the least to the greatest value', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([5, 5, 5], 8)).toBe('▄▄▄')
  expect(sparkline([], 8)).toBe('')
  expect(sparkline([1, Number.NaN, 2], 8)).toBe('▁█')
  const long = sparkline(
    Array.from({ length: 500 }, (_, index) => index),
    10,
  )
  expect(long).toHaveLength(10)
  expect([long.at(0), long.at(-1)]).toEqual(['▁', '█'])
})

test('a bar is full only when all is done', () => {
  expect(bar(0, 4)).toBe('░░░░')
  expect(bar(0.5, 4)).toBe('██░░')
  expect(bar(0.999, 4)).toBe('███░')
  expect(bar(1, 4)).toBe('████')
  expect(bar(7, 4)).toBe('████')
})

test('times and numbers', () => {
  expect([0, 42_000, 725_000, 3_723_000].map(clock)).toEqual(['0:00', '0:42', '12:05', '1:02:03'])
  expect([-5, 3000, 180_000, 18_000_000, 260_000_000].map(ago)).toEqual(['0 s', '3 s', '3 min', '5 h', '3 d'])
  expect([0, 0.74213, 123.4, 0.0001234, 12_345_678].map(decimal)).toEqual([
    '0.0000',
    '0.7421',
    '123.4000',
    '1.234e-4',
    '1.235e+7',
  ])
})
