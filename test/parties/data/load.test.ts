/** What good files become: raw columns in the order of `encodedColumns`, targets, warnings. */
import { renameSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadTable } from '../../../parties/data/index.ts'
import { encodedColumns, scaleLabels } from '../../../src/learning/index.ts'
import { category, contract, file, load, matrix, never, number, parquet, path } from './fixtures.ts'

const csv = 'id,y,age,colour\na1,0,10,red\na2,1,20.5,blue\na3,0, 3e1 ,red\n'

describe('encoding', () => {
  test('numbers as they are, categories one-hot, in the order of the contract', async () => {
    const table = await load(file(csv), [category('colour'), number('age')])
    expect(table).toMatchObject({ rows: 3, inputs: 3, ids: ['a1', 'a2', 'a3'], warnings: [] })
    expect(matrix(table)).toEqual([
      [1, 0, 10],
      [0, 1, 20.5],
      [1, 0, 30],
    ])
    expect([...table.labels]).toEqual([0, 1, 0])
  })

  test('missing and other values go where the contract says', async () => {
    const features = [
      number('a', { missing: 'indicator' }),
      number('b', { missing: 'mean' }),
      category('c', { missing: 'own-column', other: 'own-column' }),
    ]
    const table = await load(file('id,y,a,b,c\n1,0,5,,red\n2,1,,7,\n3,1,NA,N/A,green\n4,0,"",NULL,"null"\n'), features)
    expect(encodedColumns(features).map(({ name }) => name)).toEqual([
      'a',
      'a is missing',
      'b',
      'c=red',
      'c=blue',
      'c is missing',
      'c is other',
    ])
    const none = Number.NaN
    expect(matrix(table)).toEqual([
      [5, 0, none, 1, 0, 0, 0],
      [none, 1, 7, 0, 0, 1, 0],
      [none, 1, none, 0, 0, 0, 1],
      [none, 1, none, 0, 0, 1, 0],
    ])
  })

  test('a marker that the contract declares is a value', async () => {
    const table = await load(file('id,y,c\n1,0,NA\n2,1,FR\n'), [category('c', { values: ['FR', 'NA'] })])
    expect(matrix(table)).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  test('values outside the range are clipped, counted, and stay in the range as float32', async () => {
    const table = await load(file('id,y,a\n1,0,-5\n2,1,0.1\n3,1,7\n'), [
      number('a', { minimum: 0, maximum: 0.1, outside: 'clip' }),
    ])
    expect([...table.raw]).toEqual([0, Math.fround(0.1), Math.fround(0.1)])
    expect(table.warnings).toEqual(['column "a": 2 values were outside 0 to 0.1 and were clipped'])
  })

  test('columns that are constant, or hold nothing, and a label with one class are warnings', async () => {
    const features = [number('a'), number('b', { missing: 'mean' }), category('c'), number('d')]
    const table = await load(file('id,y,a,b,c,d\n1,0,5,,red,1\n2,0,5,,red,2\n'), features)
    expect(table.warnings).toEqual([
      'label "y" has one class only: nothing can be learnt or measured',
      'column "a" is constant: every row has the same value',
      'column "b" has no value in any row',
      'column "c" is constant: every row has the same value',
    ])
  })
})

describe('labels', () => {
  const features = [number('a')]

  test.each([
    ['0', '1', 1],
    [' 0', '1.0', 1],
    ['good', 'bad', 'bad'],
    ['false', 'true', 'true'],
    ['-1', '+1', 1],
    ['null', 'NA', 'NA'],
  ])('binary: %s is 0 and %s is 1', async (other, positive, declared) => {
    const rows = other === 'null' ? [positive, positive] : [other, positive]
    const table = await load(file(`id,y,a\n1,${rows[0]},1\n2,${rows[1]},2\n`), features, { positive: declared })
    expect([...table.labels]).toEqual(other === 'null' ? [1, 1] : [0, 1])
  })

  test('several classes by their place in the list, numbers by value', async () => {
    const task = { kind: 'multiclass-classification' as const, classes: ['low', 'high', '2'] }
    const table = await load(file('id,y,a\n1,high,1\n2,low,2\n3,2.0,3\n'), features, {}, task)
    expect([...table.labels]).toEqual([1, 0, 2])
  })

  test('regression labels are scaled as the learning room scales them', async () => {
    const task = { kind: 'regression' as const, minimum: -100, maximum: 300 }
    const table = await load(file('id,y,a\n1,-100,1\n2,0.5,2\n3,300,3\n'), features, {}, task)
    expect([...table.labels]).toEqual([...scaleLabels(task, Float32Array.of(-100, 0.5, 300))])
  })
})

describe('files', () => {
  test('CSV with quotes, line breaks in values, CRLF, empty lines and a byte order mark', async () => {
    const text = '\ufeff"id",y,"a ""b"", c",colour\r\n"x\r\ny",0,1,"red"\r\n\r\nz,1,2,blue'
    const table = await load(file(text), [number('a "b", c'), category('colour')])
    expect(table.ids).toEqual(['x\r\ny', 'z'])
    expect(matrix(table)).toEqual([
      [1, 1, 0],
      [2, 0, 1],
    ])
  })

  test('names are data: quotes, spaces, Unicode, SQL, and names that differ in case only', async () => {
    const names = ['Age', 'age', "it's", 'größe 身長', '"; DROP TABLE t; --', 'c0', ' spaced ']
    const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
    const row = (from: number) => names.map((_, i) => from + i).join(',')
    const at = file(`id,y,${quoted.join(',')}\na,0,${row(1)}\nb,1,${row(11)}\n`)
    const order = [...names].reverse()
    const table = await load(
      at,
      order.map((name) => number(name)),
    )
    expect(matrix(table)).toEqual([
      [7, 6, 5, 4, 3, 2, 1],
      [17, 16, 15, 14, 13, 12, 11],
    ])
    const columns = names.map((name, i) => `${i + 1} AS "${name.replaceAll('"', '""')}_${i}"`)
    const stored = await parquet(`SELECT 'a' AS id, 0 AS y, ${columns.join(', ')}`)
    const fromParquet = await load(stored, [number('age_1'), number('Age_0'), number("it's_2")])
    expect(matrix(fromParquet)).toEqual([[2, 1, 3]])
  })

  test.each(['st*r[1]?.csv', 'it\'s "here".csv', 'größe {a,b}.csv', 'back\\slash.csv', '~home.csv', 'key=value.csv'])(
    'the file %s is that file and no other',
    async (name) => {
      const at = file(csv, name)
      // Would match the patterns above.
      file('id,y,age,colour\nwrong,1,1,red\n', 'stxr1x.csv')
      const table = await load(at, [number('age')])
      expect(table.ids).toEqual(['a1', 'a2', 'a3'])
    },
  )

  test('Parquet with typed columns', async () => {
    const select = `SELECT * FROM (VALUES
      (7, true, 1::TINYINT, 2.5::DECIMAL(9, 2), 1e10::DOUBLE, 0.5::FLOAT, '12', 'red', 3.0::DOUBLE, true),
      (8, false, NULL, -1.25, 'nan', NULL, ' 1e1 ', 'NA', 4, false)) AS t(id, y, i, d, x, f, s, c, whole, flag)`
    const features = [
      number('i', { missing: 'mean' }),
      number('d', { minimum: -10 }),
      number('x', { maximum: 1e12, missing: 'indicator' }),
      number('f', { missing: 'mean' }),
      number('s'),
      category('c', { missing: 'own-column' }),
      category('whole', { values: ['3', '4'] }),
      number('flag'),
    ]
    const table = await load(await parquet(select), features, { positive: 'true' })
    const none = Number.NaN
    expect(table.ids).toEqual(['7', '8'])
    expect([...table.labels]).toEqual([1, 0])
    expect(matrix(table)).toEqual([
      [1, 2.5, 1e10, 0, 0.5, 12, 1, 0, 0, 1, 0, 1],
      [none, -1.25, none, 1, none, 10, 0, 0, 1, 0, 1, 0],
    ])
  })

  test('Parquet with nested columns beside the ones that are used, and without a file extension', async () => {
    const select = `SELECT 'a' AS id, {'x': {'y': 1}, 'z': [1, 2]} AS s, 1 AS y, [{'k': 1}] AS l, 5 AS a`
    const at = await parquet(select)
    const bare = path('bare')
    renameSync(at, bare)
    expect(matrix(await load(bare, [number('a')]))).toEqual([[5]])
  })

  test('rows keep the order of a file of many chunks', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `id${i},${i % 2},${i},${i % 3 ? '' : 1}`)
    const table = await load(file(`id,y,a,b\n${rows.join('\n')}\n`), [
      number('a', { maximum: 1e6 }),
      number('b', { missing: 'indicator' }),
    ])
    expect(table.rows).toBe(30_000)
    expect(table.ids.every((id, i) => id === `id${i}` && table.raw[i * 3] === i)).toBe(true)
  })

  test('an aborted load rejects with the reason of its signal, before and while reading', async () => {
    const reason = new Error('the agent leaves')
    const options = {
      path: file(csv),
      contract: contract([number('age')]),
      task: { kind: 'binary-classification' },
    } as const
    await expect(loadTable({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const at = await parquet('SELECT i AS id, i % 2 AS y, i % 100 AS age FROM range(400000) t(i)')
    const leaving = new AbortController()
    const loading = loadTable({ ...options, path: at, signal: leaving.signal })
    setImmediate(() => leaving.abort(reason))
    await expect(loading).rejects.toBe(reason)
    expect(never.aborted).toBe(false)
  })
})
