/** Every way in which a file is refused: the code, and where and what the message names. */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadTable } from '../../../parties/data/index.ts'
import { withSource } from '../../../parties/data/source.ts'
import { readAll } from '../../../parties/data/table.ts'
import type { TaskSpec } from '../../../src/job/index.ts'
import { binary, category, contract, file, load, never, number, parquet, path, refusal } from './fixtures.ts'

const features = [number('a')]

describe('the file', () => {
  test('is not there', async () => {
    const error = await refusal('DATA_FILE_MISSING', load(path('absent.csv'), features))
    expect(error.message).toContain('absent.csv: no such file')
  })

  test('cannot be read: a folder, a pattern that DuckDB cannot express', async () => {
    const folder = path('folder.csv')
    mkdirSync(folder)
    expect((await refusal('DATA_FILE_UNREADABLE', load(folder, features))).message).toContain('it is a folder')
    await refusal('DATA_FILE_UNREADABLE', load(file('id,y,a\n1,0,1\n', 'a\\b*.csv'), features))
  })

  test('is empty, or has names only', async () => {
    await refusal('DATA_EMPTY', load(file(''), features))
    await refusal('DATA_EMPTY', load(file('id,y,a\n'), features))
    await refusal('DATA_EMPTY', load(file('id,y,a'), features))
    await refusal('DATA_EMPTY', load(await parquet('SELECT 1 AS id, 1 AS y, 1 AS a LIMIT 0'), features))
  })

  test.each([
    ['a spreadsheet', 'PK\x03\x04 and more'],
    ['gzip', '\x1f\x8b\x08\x00'],
    ['UTF-16', '\xff\xfei\x00d\x00'],
    ['encrypted Parquet', 'PARE....'],
  ])('is %s', async (_, start) => {
    await refusal('DATA_FORMAT', load(file(Buffer.from(start, 'latin1')), features))
  })

  test('is separated by another character', async () => {
    const error = await refusal('DATA_DELIMITER', load(file('id;y;a\n1;0;5\n'), features))
    expect(error.message).toContain('only one column was found')
    expect(error.message).toContain('";"')
    await refusal('DATA_DELIMITER', load(file('everything\n1\n'), features))
  })

  test('has rows of other lengths: all lines are named, no cell is shown', async () => {
    const text = 'id,y,a\n"1\n1",0,5\n2,1\n\n3,0,secret,7\n4,1,6\n'
    const { message } = await refusal('DATA_MALFORMED', load(file(text), features))
    expect(message).toContain(
      '2 rows have another number of cells than the 3 column names; lines (cells): 4 (2), 6 (4)',
    )
    expect(message).not.toContain('secret')
  })

  test.each([
    ['an open quote', 'id,y,a\n1,0,5\n2,1,"secret\n3,0,1\n', 'line 3: a quoted value begins'],
    ['an open quote in the names', 'id,y,"a\n', 'line 1: a quote stays open'],
    ['text after a closing quote', 'id,y,a\n1,0,5\n2,1,"6"secret\n', 'the rows cannot be told apart'],
    ['another encoding', Buffer.from('id,y,a\n1,0,5\n2,1,\xe9\n', 'latin1'), 'line 3: the text is not UTF-8'],
  ])('has %s', async (_, content, expected) => {
    const { message, cause } = await refusal('DATA_MALFORMED', load(file(content), features))
    expect(message).toContain(expected)
    expect(message).not.toContain('secret')
    expect(cause).toBeUndefined()
  })

  test('is damaged Parquet: cut short, overwritten, or only called so', async () => {
    const good = readFileSync(await parquet('SELECT i AS id, i % 2 AS y, i % 9 AS a FROM range(5000) t(i)'))
    await refusal('DATA_MALFORMED', load(file(good.subarray(0, good.length - 20)), features))
    const bad = Buffer.from(good)
    bad.fill(0x5a, 40, 400)
    await refusal('DATA_MALFORMED', load(file(bad), features))
    await refusal('DATA_MALFORMED', load(file('id,y,a\n1,0,1\n', 'data.parquet'), features))
  })

  test('changed between counting and reading', async () => {
    const at = file('id,y,a\n1,0,5\n2,1,6\n')
    const column = { name: 'id', read: 'c0', show: 'c0', nan: 'wrong' as const }
    const reader = { column, read: () => undefined, warnings: () => [] }
    for (const content of ['3,0,7\n', undefined]) {
      const reading = withSource({ path: at, signal: never }, async (source) => {
        const rows = await source.count()
        if (content) appendFileSync(at, content)
        else writeFileSync(at, 'id,y,a\n1,0,5\n')
        await readAll(source, [reader], rows)
      })
      await refusal('DATA_FILE_CHANGED', reading)
    }
  })

  test('needs more memory than allowed: for the table, for reading', async () => {
    const at = file('id,y,a\n1,0,5\n2,1,6\n')
    const options = { path: at, contract: contract(features), task: binary, signal: never }
    const { message } = await refusal('DATA_TOO_LARGE', loadTable({ ...options, maximumBytes: 100 }))
    expect(message).toContain('2 rows of 1 input columns need 1 MiB')
    await expect(loadTable({ ...options, maximumBytes: 208 })).resolves.toMatchObject({ rows: 2 })
    const wide = await parquet(
      'SELECT i AS id, i % 2 AS y, i % 9 AS a, repeat(i::VARCHAR, 50) AS s FROM range(50000) t(i)',
    )
    const reading = { ...options, path: wide, contract: contract([category('s', { other: 'own-column' })]) }
    await refusal('DATA_TOO_LARGE', loadTable({ ...reading, memoryLimit: '1MB' }))
  })
})

describe('the columns', () => {
  test('are missing: all are named, near ones are suggested, values never', async () => {
    const at = file('ID,y,Income Monthly,x\n1,0,5,6\n')
    const { message } = await refusal(
      'DATA_COLUMN_MISSING',
      load(at, [number('income_monthly'), number('z'), number('x')]),
    )
    expect(message).toContain(
      'lacks the columns "id" (there is "ID"), "income_monthly" (there is "Income Monthly"), "z"',
    )
    const headless = await refusal('DATA_COLUMN_MISSING', load(file('4711,0,5\n4712,1,6\n'), features))
    expect(headless.message).not.toContain('4711')
  })

  test('have the same name', async () => {
    const { message } = await refusal('DATA_COLUMN_AMBIGUOUS', load(file('id,y,a,a,b,b\n1,0,5,6,7,7\n'), features))
    expect(message).toContain('"a"')
    expect(message).not.toContain('"b"')
  })

  test('have a type without use', async () => {
    const at = await parquet(`SELECT 1 AS id, 1 AS y, TIMESTAMP '2020-01-01' AS t, [1] AS l, DATE '2020-01-01' AS d`)
    const { message } = await refusal('DATA_COLUMN_TYPE', load(at, [number('t'), number('d'), category('l')]))
    expect(message).toContain('"t" is TIMESTAMP, expected number, "d" is DATE, expected number, "l" is INTEGER[]')
    await expect(load(at, [category('d', { values: ['2020-01-01'] })])).resolves.toMatchObject({ rows: 1 })
  })
})

describe('the values', () => {
  test('text in a numeric column: file, line, column and value', async () => {
    const at = file('id,y,a,b\n"1\n1",0,5,1\n2,1,abc,1\n', 'bank.csv')
    const { message } = await refusal('DATA_NOT_A_NUMBER', load(at, [number('a')]))
    expect(message).toMatch(/bank\.csv, line 4, column "a": found 'abc', expected a number from 0 to 100$/)
  })

  test.each(['nan', 'inf', '-Infinity', '0x1F', '1_000', '"1,000"', '+-5', '1e400', 'true', '--1', '5%', '" "'])(
    'is not a number: %s',
    async (text) => {
      await refusal('DATA_NOT_A_NUMBER', load(file(`id,y,a\n1,0,${text}\n`), [number('a', { outside: 'clip' })]))
    },
  )

  test('infinity in Parquet', async () => {
    const at = await parquet(`SELECT * FROM (VALUES (1, 0, 5), (2, 1, 'inf'::DOUBLE)) t(id, y, a)`)
    const { message } = await refusal('DATA_NOT_A_NUMBER', load(at, features))
    expect(message).toContain(`row 2, column "a": found 'inf'`)
  })

  test('one cell at most is shown, short and on one line', async () => {
    const hostile = `\u001b[31m\u202e${'x'.repeat(100)}`
    const at = file(`id,y,a,b\n1,0,"${hostile}\r\n",other\n2,1,1,secret\n`)
    const { message } = await refusal('DATA_NOT_A_NUMBER', load(at, [number('a'), number('b')]))
    expect(message).toContain(`'\\u{1b}[31m\\u{202e}${'x'.repeat(34)}…'`)
    expect(message).not.toMatch(/secret|other/)
    expect(message).not.toContain('\u001b')
  })

  test('all problems of a file are in one message, grouped and counted', async () => {
    const rows = Array.from(
      { length: 30 },
      (_, i) => `${i === 3 ? 2 : i},${i % 2},${i < 25 ? 'x' : 1},${i === 9 ? '' : 500},red`,
    )
    const at = file(`id,y,a,b,c\n${rows.join('\n')}\n`)
    const listed = [number('a'), number('b'), category('c', { values: ['blue'] })]
    const { message } = await refusal('DATA_NOT_A_NUMBER', load(at, listed))
    expect(message.split('\n').slice(1)).toEqual([
      '86 values break the data contract:',
      '- column "a": 25 not numbers: line 2, line 3, line 4, ...',
      '- column "b": 29 outside the range: line 2, line 3, line 4, ...',
      '- column "c": 30 not in the list: line 2, line 3, line 4, ...',
      '- column "id": 1 seen before: line 5',
      '- column "b": 1 missing: line 11',
    ])
  })

  test('many columns with problems: the first twenty', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `n${i}`)
    const at = file(`id,y,${names.join(',')}\n1,0,${names.join(',')}\n`)
    const wrong = load(
      at,
      names.map((name) => number(name)),
    )
    const { message } = await refusal('DATA_NOT_A_NUMBER', wrong)
    expect(message.split('\n')).toHaveLength(2 + 20 + 1)
    expect(message).toContain('25 values break')
    expect(message).toContain('- and 5 more kinds')
  })

  test('outside the range, unknown category, missing value', async () => {
    const outside = await refusal('DATA_OUTSIDE_RANGE', load(file('id,y,a\n1,0,100.5\n'), features))
    expect(outside.message).toContain(`line 2, column "a": found '100.5', expected a number from 0 to 100`)
    const unknown = await refusal('DATA_UNKNOWN_CATEGORY', load(file('id,y,c\n1,0,Red\n'), [category('c')]))
    expect(unknown.message).toContain(`found 'Red', expected one of the 2 values of the contract`)
    for (const text of ['', 'NA', 'NULL', '""']) {
      await refusal('DATA_VALUE_MISSING', load(file(`id,y,a\n1,0,${text}\n`), features))
      await refusal('DATA_VALUE_MISSING', load(file(`id,y,c\n1,0,${text}\n`), [category('c')]))
    }
    const nan = await parquet(`SELECT 1 AS id, 0 AS y, 'nan'::DOUBLE AS a`)
    await refusal('DATA_VALUE_MISSING', load(nan, features))
  })

  const classes: TaskSpec = { kind: 'multiclass-classification', classes: ['low', 'high'] }
  const money: TaskSpec = { kind: 'regression', minimum: 0, maximum: 10 }
  test.each([
    ['a third value', binary, '1', '0', '2'],
    ['no positive value and two others', binary, 'good', 'good', 'bad'],
    ['no class of the list', classes, 'low', 'high', 'middle'],
    ['a number outside the range', money, '0', '10', '10.01'],
    ['no number', money, '0', '10', 'nan'],
  ])('a label is %s', async (_, task, first, second, bad) => {
    const at = file(`id,y,a\n1,${first},1\n2,${second},1\n3,${bad},1\n`)
    const { message } = await refusal('DATA_LABEL_INVALID', load(at, features, {}, task))
    expect(message).toContain(`line 4, column "y": found '${bad}'`)
  })

  test('a label is missing, whatever the task', async () => {
    for (const task of [binary, classes, money]) {
      await refusal('DATA_VALUE_MISSING', load(file('id,y,a\n1,,1\n'), features, {}, task))
    }
  })

  test('an id is missing or there twice; ids are never shown', async () => {
    const missing = await refusal('DATA_ID_MISSING', load(file('id,y,a\nk1,0,1\n"  ",1,1\n,1,1\n'), features))
    expect(missing.message).toContain('line 3, column "id": found missing')
    const twice = await refusal('DATA_ID_DUPLICATE', load(file('id,y,a\nk1,0,1\nk2,1,1\n k1,1,1\nk1,0,2\n'), features))
    expect(twice.message).toContain('- column "id": 2 seen before: line 4, line 5')
    expect(twice.message).not.toContain('k1')
  })

  test('a message does not depend on which program made the file', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${i},${i % 2},${i === 4321 ? 'x' : i % 100}`)
    const messages = ['\n', '\r\n', '\r'].map(async (end) => {
      const at = file(`id,y,a${end}${rows.join(end)}${end}`)
      return (await refusal('DATA_NOT_A_NUMBER', load(at, features))).message.replace(at, '')
    })
    const digests = (await Promise.all(messages)).map((text) => createHash('sha256').update(text).digest('hex'))
    expect(new Set(digests).size).toBe(1)
    expect(await messages[0]).toContain('line 4323')
  })
})
