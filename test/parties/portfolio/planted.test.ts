/** Planted rows: they keep the contract, follow one rule for all parties, and are the same each time. */
import { expect, test } from 'vitest'
import { encodedColumns, exactMetrics } from '../../../src/learning/index.ts'
import { type PlantedOptions, plantedTable, splitHoldout } from '../../../parties/index.ts'

const contract: PlantedOptions['contract'] = {
  dataset: 'loans',
  id: 'customer',
  label: 'default',
  positive: 1,
  holdout: 0.2,
  features: [
    { name: 'income', type: 'number', minimum: -5, maximum: 200, missing: 'refuse', outside: 'refuse' },
    { name: 'score', type: 'number', minimum: 300, maximum: 850, missing: 'indicator', outside: 'refuse' },
    { name: 'debt', type: 'number', minimum: 0, maximum: 1e30, missing: 'mean', outside: 'clip' },
    { name: 'purpose', type: 'category', values: ['car', 'home'], missing: 'own-column', other: 'own-column' },
    { name: 'kind', type: 'category', values: ['a'], missing: 'refuse', other: 'refuse' },
  ],
}
const options: PlantedOptions = {
  contract,
  task: { kind: 'binary-classification' },
  seed: 5,
  party: 'sim-001',
  rows: 3_000,
  shift: 0,
}

test('every cell is one that the contract allows', () => {
  const { raw, rows, inputs, ids } = plantedTable({ ...options, shift: 3 })
  const columns = encodedColumns(contract.features)
  expect(inputs).toBe(columns.length)
  expect(new Set(ids).size).toBe(rows)
  const missing = new Map<string, number>()
  for (let row = 0; row < rows; row += 1) {
    const cells = raw.subarray(row * inputs, (row + 1) * inputs)
    for (const [at, { feature, minimum, maximum, holds }] of columns.entries()) {
      const value = cells[at] ?? 0
      if (Number.isNaN(value)) missing.set(feature, (missing.get(feature) ?? 0) + 1)
      else expect(value >= Math.fround(minimum) && value <= Math.fround(maximum)).toBe(true)
      if (holds.kind === 'number' && feature === 'score') expect(cells[at + 1]).toBe(Number.isNaN(value) ? 1 : 0)
    }
    for (const name of ['purpose', 'kind']) {
      expect(columns.reduce((sum, { feature }, at) => sum + (feature === name ? (cells[at] ?? 0) : 0), 0)).toBe(1)
    }
  }
  expect([...missing.keys()].sort()).toEqual(['debt', 'score'])
})

test('the same party has the same rows; another one has others, of the same rule', () => {
  expect(plantedTable(options)).toEqual(plantedTable(options))
  const [one, other] = [plantedTable(options), plantedTable({ ...options, party: 'sim-002' })]
  expect(other.raw).not.toEqual(one.raw)
  // What says most of the label at one party does so at the other.
  const separation = ({ raw, labels, inputs, rows }: typeof one) =>
    encodedColumns(contract.features).map((_, at) => {
      const values = Float32Array.from({ length: rows }, (_, row) => raw[row * inputs + at] ?? 0)
      const known = values.map((value) => (Number.isNaN(value) ? 0 : value))
      const largest = Math.max(...known.map(Math.abs), 1e-9)
      const predictions = known.map((value) => 0.5 + value / largest / 2)
      return exactMetrics(options.task, predictions, labels).auc ?? 0.5
    })
  const [here, there] = [separation(one), separation(other)]
  for (const [at, auc] of here.entries()) expect(there[at]).toBeCloseTo(auc, 0.9)
  expect(Math.max(...here.map((auc) => Math.abs(auc - 0.5)))).toBeGreaterThan(0.1)
})

test('a shift moves the means of a party', () => {
  const mean = (shift: number) => {
    const { raw, inputs, rows } = plantedTable({ ...options, shift })
    return Array.from({ length: rows }, (_, row) => raw[row * inputs] ?? 0).reduce((a, b) => a + b, 0) / rows
  }
  expect(Math.abs(mean(0) - 97.5)).toBeLessThan(5)
  expect(Math.abs(mean(2) - mean(0))).toBeGreaterThan(5)
})

test('labels are targets of the task', () => {
  const several = plantedTable({ ...options, task: { kind: 'multiclass-classification', classes: ['x', 'y', 'z'] } })
  expect(new Set(several.labels)).toEqual(new Set([0, 1, 2]))
  const regression = plantedTable({ ...options, task: { kind: 'regression', minimum: 0, maximum: 9 } })
  expect(regression.labels.every((label) => label >= 0 && label <= 1)).toBe(true)
  expect(new Set(regression.labels).size).toBeGreaterThan(1_000)
})

test('even a party of two rows has one to train on and one to hold out', async () => {
  for (let i = 0; i < 50; i += 1) {
    const table = plantedTable({ ...options, party: `sim-${i}`, rows: 2 })
    const { train, holdout } = await splitHoldout(table, contract.holdout, options.seed)
    expect([train.rows, holdout.rows]).toEqual([1, 1])
  }
})
