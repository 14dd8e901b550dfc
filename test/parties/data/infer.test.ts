/** Contracts from files that nobody described: what is taken, what is left out, and that all files then load. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeDataset, inferContract, loadTable } from '../../../parties/data/index.ts'
import { binary, file, never, parquet, path, refusal } from './fixtures.ts'

const columns = { id: 'id', label: 'y', signal: never }
const a = 'id,y,age,city,code,note,only_a,empty\n1,0,20,Rome,7,n1,1,\n2,1,60,Oslo,8,n2,2,\n3,0,,Oslo,X,n3,3,\n'
const b = 'y,id,age,city,code,note,empty\n1,9,80.5,Bern,9,n4,\n0,8,30,,9,n5,\n'

describe('describeDataset', () => {
  test('types, ranges, missing values, categories', async () => {
    const { rows, columns } = await describeDataset(file(a), never)
    expect(rows).toBe(3)
    const named = new Map(columns.map((column) => [column.name, column]))
    expect(named.get('age')).toMatchObject({
      type: 'number',
      missing: 1,
      minimum: 20,
      maximum: 60,
      values: ['20', '60'],
    })
    expect(named.get('city')).toMatchObject({ type: 'category', missing: 0, values: ['Oslo', 'Rome'] })
    expect(named.get('code')).toMatchObject({ type: 'category', values: ['7', '8', 'X'] })
    expect(named.get('empty')).toMatchObject({ type: 'none', missing: 3, values: [] })
  })

  test('Parquet, and a column with many texts', async () => {
    const select = `SELECT i AS id, i % 2 = 0 AS y, i / 7 AS x, 'name ' || i AS name, [i] AS list, now() AS t FROM range(500) t(i)`
    const { columns } = await describeDataset(await parquet(select), never)
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'id number',
      'y number',
      'x number',
      'name text',
      'list text',
      't category',
    ])
    expect(columns[1]?.values).toEqual(['false', 'true'])
    await refusal('DATA_EMPTY', describeDataset(file('a,b\n'), never))
  })
})

describe('inferContract', () => {
  test('common columns, padded ranges, every category; every file then loads', async () => {
    const files = [file(a, 'a.csv'), file(b, 'b.csv')]
    const { contract, notes } = await inferContract(files, columns)
    expect(contract).toMatchObject({ dataset: 'customers', id: 'id', label: 'y', positive: 1, holdout: 0.2 })
    expect(contract.features).toEqual([
      { name: 'age', type: 'number', minimum: 13, maximum: 87, missing: 'indicator', outside: 'clip' },
      { name: 'city', type: 'category', values: ['Bern', 'Oslo', 'Rome'], missing: 'own-column', other: 'own-column' },
      { name: 'code', type: 'category', values: ['7', '8', '9', 'X'], missing: 'refuse', other: 'own-column' },
      {
        name: 'note',
        type: 'category',
        values: ['n1', 'n2', 'n3', 'n4', 'n5'],
        missing: 'refuse',
        other: 'own-column',
      },
    ])
    expect(notes.join('\n')).toMatch(
      /"only_a" is left out: \d+-b\.csv lacks it\ncolumn "empty" is left out: it has no value/,
    )
    for (const at of files)
      await expect(loadTable({ path: at, contract, task: binary, signal: never })).resolves.toBeDefined()
  })

  test('a hold-out file widens ranges and categories, and must have the columns', async () => {
    const held = file('id,y,age,city,code,note\n5,1,-500,Wien,Y,n6\n')
    const { contract } = await inferContract([file(a), file(b)], { ...columns, holdout: held })
    expect(contract.features[0]).toMatchObject({ name: 'age', minimum: -560 })
    expect(contract.features[1]).toMatchObject({ values: ['Bern', 'Oslo', 'Rome', 'Wien'] })
    const poor = file('id,y,age\n5,1,7\n', 'poor.csv')
    const { message } = await refusal('DATA_COLUMN_MISSING', inferContract([file(a)], { ...columns, holdout: poor }))
    expect(message).toMatch(/poor\.csv lacks "city"/)
  })

  test('which file lacks the id or the label', async () => {
    const files = [file(a), file('id,z\n1,2\n', 'no-label.csv'), file('y,z\n1,2\n', 'no-id.csv')]
    const { message } = await refusal('DATA_COLUMN_MISSING', inferContract(files, columns))
    expect(message).toMatch(/no-label\.csv lacks "y"; .*no-id\.csv lacks "id"$/)
    await refusal('DATA_DELIMITER', inferContract([file('id;y;a\n1;2;3\n')], columns))
  })

  test('which label is positive', async () => {
    const of = async (first: string, second: string) =>
      (await inferContract([file(`id,y,a\n1,${first},1\n2,${second},2\n`)], columns)).contract.positive
    expect(await of('0', '1')).toBe(1)
    expect(await of('1', '-1')).toBe(1)
    expect(await of('2', '1')).toBe(2)
    expect(await of('yes', 'no')).toBe('yes')
    expect(await of('False', 'True')).toBe('True')
  })

  test('no contract: no files, no features, a label that is not binary', async () => {
    await refusal('DATA_NO_CONTRACT', inferContract([], columns))
    await refusal('DATA_NO_CONTRACT', inferContract([file('id,y,e\n1,0,\n2,1,\n')], columns))
    await refusal('DATA_NO_CONTRACT', inferContract([file('id,y,a\n1,0,1\n2,0,2\n')], columns))
    await refusal('DATA_NO_CONTRACT', inferContract([file('id,y,a\n1,0,1\n2,1,2\n3,2,3\n')], columns))
    await refusal('DATA_FILE_MISSING', inferContract([path('absent')], columns))
  })

  test('ranges of tiny, huge and constant columns hold their values', async () => {
    const rows = [1e-9, 2e-9].map((tiny, i) => `${i},${i},${tiny},${i * 1e29},5,0`)
    const at = file(`id,y,tiny,huge,constant,zero\n${rows.join('\n')}\n`)
    const { contract } = await inferContract([at], columns)
    const table = await loadTable({ path: at, contract, task: binary, signal: never })
    expect(table.warnings.filter((warning) => warning.includes('clipped'))).toEqual([])
    for (const feature of contract.features) {
      expect(feature.type === 'number' && feature.minimum < feature.maximum, feature.name).toBe(true)
    }
  })
})

const real = '../shared/data/default_credit_homo_'
const there = existsSync(`${real}guest.csv`)
if (!there) console.warn('skipped: default_credit_homo_*.csv are not beside the project, so they are not loaded here')

test.skipIf(!there)('the real credit data: three banks and a hold-out', { timeout: 60_000 }, async () => {
  const files = ['guest', 'host_1', 'host_2'].map((name) => `${real}${name}.csv`)
  const { contract, notes } = await inferContract(files, { ...columns, holdout: `${real}test.csv` })
  expect(notes).toEqual([])
  expect(contract.features).toHaveLength(23)
  for (const at of files) {
    const table = await loadTable({ path: at, contract, task: binary, signal: never })
    expect(table).toMatchObject({ rows: 8_000, inputs: 23, warnings: [] })
  }
  const held = await loadTable({ path: `${real}test.csv`, contract, task: binary, signal: never })
  expect(held).toMatchObject({ rows: 6_000, warnings: [] })
})
