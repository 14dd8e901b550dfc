/** Logistic regression by Newton's method on plain arrays: judges the data without any of the product's trainers. */
import { exactMetrics } from '../../../src/learning/index.ts'
import type { RawTable } from '../../../parties/data/index.ts'

/** Weight of the squared coefficients, per row. */
const RIDGE = 1e-3
/** Newton's method squares the error at each step; these leave less than 1e-6 in the AUC here. */
const STEPS = 7

interface Scale {
  readonly mean: Float64Array
  readonly deviation: Float64Array
}

/** Fits on `train` (concatenated), standardised with its own mean and deviation; returns the AUC on `test`. */
export function logisticAuc(train: readonly RawTable[], test: RawTable): number {
  const scale = scaleOf(train)
  const rows = train.flatMap((table) => designOf(table, scale))
  const labels = train.flatMap((table) => [...table.labels])
  const weights = fitted(rows, labels)
  const scores = Float32Array.from(designOf(test, scale), (row) => logistic(dot(row, weights)))
  return exactMetrics({ kind: 'binary-classification' }, scores, test.labels).auc ?? Number.NaN
}

function scaleOf(tables: readonly RawTable[]): Scale {
  const inputs = tables[0]?.inputs ?? 0
  const [count, sum, squares] = [new Float64Array(inputs), new Float64Array(inputs), new Float64Array(inputs)]
  for (const { raw } of tables) {
    for (const [i, value] of raw.entries()) {
      if (Number.isNaN(value)) continue
      const column = i % inputs
      count[column] = at(count, column) + 1
      sum[column] = at(sum, column) + value
      squares[column] = at(squares, column) + value * value
    }
  }
  const mean = sum.map((value, i) => value / at(count, i))
  const deviation = squares.map((value, i) => Math.sqrt(Math.max(value / at(count, i) - at(mean, i) ** 2, 0)))
  return { mean, deviation }
}

function designOf({ raw, rows, inputs }: RawTable, { mean, deviation }: Scale): Float64Array[] {
  return Array.from({ length: rows }, (_, row) => {
    const design = new Float64Array(inputs + 1).fill(1, inputs)
    for (let i = 0; i < inputs; i += 1) {
      const value = at(raw, row * inputs + i)
      if (!Number.isNaN(value) && at(deviation, i) > 1e-9) design[i] = (value - at(mean, i)) / at(deviation, i)
    }
    return design
  })
}

function fitted(rows: readonly Float64Array[], labels: readonly number[]): Float64Array {
  const size = rows[0]?.length ?? 0
  let weights = new Float64Array(size)
  for (let step = 0; step < STEPS; step += 1) {
    const gradient = weights.map((weight) => -RIDGE * rows.length * weight)
    const hessian = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(RIDGE * rows.length, i, i + 1))
    for (const [k, row] of rows.entries()) {
      const p = logistic(dot(row, weights))
      const [error, curvature] = [(labels[k] ?? 0) - p, p * (1 - p)]
      for (let i = 0; i < size; i += 1) {
        const x = at(row, i)
        gradient[i] = at(gradient, i) + error * x
        const line = hessian[i]
        if (!line || x === 0) continue
        for (let j = 0; j <= i; j += 1) line[j] = at(line, j) + curvature * x * at(row, j)
      }
    }
    const change = solve(hessian, gradient)
    weights = weights.map((weight, i) => weight + at(change, i))
  }
  return weights
}

/** Cholesky's method; `matrix` holds the lower half and is overwritten. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const cell = (i: number, j: number) => matrix[i]?.[j] ?? 0
  const result = right.slice()
  for (const [i, line] of matrix.entries()) {
    for (let j = 0; j <= i; j += 1) {
      let sum = cell(i, j)
      for (let k = 0; k < j; k += 1) sum -= cell(i, k) * cell(j, k)
      line[j] = i === j ? Math.sqrt(sum) : sum / cell(j, j)
    }
    let sum = at(result, i)
    for (let k = 0; k < i; k += 1) sum -= cell(i, k) * at(result, k)
    result[i] = sum / cell(i, i)
  }
  for (let i = matrix.length - 1; i >= 0; i -= 1) {
    let sum = at(result, i)
    for (let k = i + 1; k < matrix.length; k += 1) sum -= cell(k, i) * at(result, k)
    result[i] = sum / cell(i, i)
  }
  return result
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i += 1) sum += at(a, i) * at(b, i)
  return sum
}

function at(values: { readonly [index: number]: number }, i: number): number {
  return values[i] ?? 0
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
