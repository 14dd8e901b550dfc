/** Exact metrics against definitions written out; summed histograms against exact metrics of all rows. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom, type Random } from '../../src/crypto/index.ts'
import {
  exactMetrics,
  type Metrics,
  metricsFrom,
  metricsLayout,
  metricsUpdate,
  scaleLabels,
  type TaskSpec,
  trainLayout,
  unscaleLabels,
} from '../../src/learning/index.ts'
import { SCORE_CELLS, scoreCell } from '../../src/learning/score-cells.ts'
import { createAccumulator, decodeSum, encodeUpdate } from '../../src/update/index.ts'
import { refusal } from './refusal.ts'

const binary: TaskSpec = { kind: 'binary-classification' }
const three: TaskSpec = { kind: 'multiclass-classification', classes: ['a', 'b', 'c'] }
const income: TaskSpec = { kind: 'regression', minimum: -100, maximum: 300 }

interface Rows {
  predictions: Float32Array
  targets: Float32Array
}

/** Several parties' rows through encoding and sum. */
function federated(task: TaskSpec, parties: Rows[]): Metrics {
  const layout = metricsLayout(task)
  const encoding = { bits: 32, range: 16 }
  const accumulator = createAccumulator(layout, encoding)
  for (const { predictions, targets } of parties) {
    accumulator.add(encodeUpdate(metricsUpdate(task, predictions, targets), 0.5, layout, encoding))
  }
  return metricsFrom(task, decodeSum(accumulator.total(), 1, layout, encoding))
}

const rowsOf = (pairs: [number, number][]): Rows => ({
  predictions: Float32Array.from(pairs, ([p]) => p),
  targets: Float32Array.from(pairs, ([, y]) => y),
})

describe('binary, exact', () => {
  test('AUC and KS by definition, over all pairs and all thresholds, ties included', () => {
    const pairs = fc.array(fc.tuple(fc.constantFrom(0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1), fc.constantFrom(0, 1)), {
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(pairs, (list) => {
        const { predictions, targets } = rowsOf(list)
        const scores = (of: number) => [...predictions].filter((_, row) => targets[row] === of)
        const [positives, negatives] = [scores(1), scores(0)]
        const { auc, ks } = exactMetrics(binary, predictions, targets)
        if (positives.length === 0 || negatives.length === 0) {
          expect([auc, ks]).toEqual([undefined, undefined])
          return
        }
        const wins = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)))
        const share = (some: number[], threshold: number) => some.filter((p) => p >= threshold).length / some.length
        const gaps = [...predictions].map((t) => Math.abs(share(positives, t) - share(negatives, t)))
        expect(auc).toBeCloseTo(wins.reduce<number>((sum, win) => sum + win, 0) / wins.length, 12)
        expect(ks).toBeCloseTo(Math.max(...gaps), 12)
      }),
    )
  })

  test('log loss is clipped, accuracy splits at one half', () => {
    const { predictions, targets } = rowsOf([
      [1, 0],
      [0, 1],
      [0.5, 1],
      [0.25, 0],
    ])
    const { log_loss, accuracy } = exactMetrics(binary, predictions, targets)
    expect(log_loss).toBeCloseTo((2 * -Math.log(1e-7) - Math.log(0.5) - Math.log(0.75)) / 4, 12)
    expect(accuracy).toBe(0.5)
  })

  test('one class only: no AUC, no KS, never NaN; no rows: nothing', () => {
    for (const of of [0, 1]) {
      const rows = rowsOf([
        [0.2, of],
        [0.7, of],
      ])
      expect(Object.keys(exactMetrics(binary, rows.predictions, rows.targets)).sort()).toEqual(['accuracy', 'log_loss'])
      expect(Object.keys(federated(binary, [rows])).sort()).toEqual(['accuracy', 'log_loss'])
    }
    for (const task of [binary, three, income]) {
      expect(exactMetrics(task, new Float32Array(0), new Float32Array(0))).toEqual({})
      expect(federated(task, [rowsOf([])])).toEqual({})
    }
  })
})

const logistic = (z: number) => 1 / (1 + Math.exp(-z))
/** Name, score of a row, and the error allowed: measured about a third of it or less. */
const distributions: [string, (y: number, random: Random) => number, number][] = [
  ['credit, around .08', (y, r) => logistic(-2.5 + 0.9 * r.normal() + y), 1e-4],
  ['narrow band .02 to .08', (y, r) => 0.02 + 0.06 * (0.35 * y + 0.65 * r.uniform()), 1e-4],
  ['narrow band .49 to .51', (y, r) => 0.49 + 0.02 * (0.35 * y + 0.65 * r.uniform()), 1e-3],
  ['narrow band .97 to .99', (y, r) => 0.97 + 0.02 * (0.35 * y + 0.65 * r.uniform()), 1e-3],
  ['fraud, around .001', (y, r) => logistic(-7 + 1.2 * r.normal() + 1.5 * y), 1e-4],
  ['fraud, around .0001', (y, r) => logistic(-9 + 1.2 * r.normal() + 1.5 * y), 1e-4],
  ['confident, many at 0 and 1', (y, r) => logistic(6 * r.normal() + 6 * y - 3), 1e-4],
  ['no better than chance', (_, r) => r.uniform(), 1e-4],
  ['two scores only', (y, r) => (r.uniform() < 0.3 + 0.4 * y ? 0.9 : 0.2), 1e-12],
]

describe('binary, from summed histograms of three parties', () => {
  test.each(distributions)('%s', (name, score, allowed) => {
    const random = createRandom(name)
    const parties = [20_000, 8000, 2000].map((rows) =>
      rowsOf(
        Array.from({ length: rows }, () => {
          const y = random.uniform() < 0.08 ? 1 : 0
          return [score(y, random), y]
        }),
      ),
    )
    const together = {
      predictions: Float32Array.from(parties.flatMap(({ predictions }) => [...predictions])),
      targets: Float32Array.from(parties.flatMap(({ targets }) => [...targets])),
    }
    const found = federated(binary, parties)
    const exact = exactMetrics(binary, together.predictions, together.targets)
    const bounds = documentedBounds(together)
    const aucError = Math.abs((found.auc ?? Number.NaN) - (exact.auc ?? Number.NaN))
    const ksError = (exact.ks ?? Number.NaN) - (found.ks ?? Number.NaN)
    expect(aucError).toBeLessThanOrEqual(allowed)
    expect(aucError).toBeLessThanOrEqual(bounds.auc + 1e-12)
    expect(ksError).toBeGreaterThanOrEqual(-1e-12)
    expect(ksError).toBeLessThanOrEqual(Math.min(bounds.ks, 0.01) + 1e-12)
    expect(found.accuracy).toBe(exact.accuracy)
    expect(found.log_loss).toBeCloseTo(exact.log_loss ?? Number.NaN, 9)
  })

  /** The bounds that score-cells.ts states, from the rows themselves. */
  function documentedBounds({ predictions, targets }: Rows): { auc: number; ks: number } {
    const cells = { 0: new Float64Array(SCORE_CELLS), 1: new Float64Array(SCORE_CELLS) }
    for (const [row, p] of predictions.entries()) {
      const of = targets[row] === 1 ? cells[1] : cells[0]
      of[scoreCell(p)] = (of[scoreCell(p)] ?? 0) + 1
    }
    const total = (some: Float64Array) => some.reduce((sum, count) => sum + count, 0)
    const [negatives, positives] = [total(cells[0]), total(cells[1])]
    const met = cells[1].reduce((sum, count, cell) => sum + count * (cells[0][cell] ?? 0), 0)
    return {
      auc: met / (2 * positives * negatives),
      ks: Math.max(Math.max(...cells[0]) / negatives, Math.max(...cells[1]) / positives),
    }
  }

  test('cells rise with the score and stay within their number', () => {
    expect([0, 1, 0.5, 1e-30, 1 - 2 ** -24].map(scoreCell)).toEqual([0, 4095, 2048, 0, expect.any(Number)])
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        expect(scoreCell(Math.min(a, b))).toBeLessThanOrEqual(scoreCell(Math.max(a, b)))
        expect(scoreCell(a)).toBeLessThan(SCORE_CELLS)
      }),
    )
  })
})

test('multi-class: accuracy and log loss, at one party and summed', () => {
  const first = { predictions: Float32Array.of(0.75, 0.25, 0, 0.125, 0.125, 0.75), targets: Float32Array.of(0, 1) }
  const second = { predictions: Float32Array.of(0.375, 0.375, 0.25), targets: Float32Array.of(0) }
  expect(exactMetrics(three, first.predictions, first.targets)).toEqual({
    log_loss: expect.closeTo((-Math.log(0.75) - Math.log(0.125)) / 2, 12),
    accuracy: 0.5,
  })
  const found = federated(three, [first, second])
  expect(found.accuracy).toBeCloseTo(2 / 3, 12)
  expect(found.log_loss).toBeCloseTo((-Math.log(0.75) - Math.log(0.125) - Math.log(0.375)) / 3, 9)
})

test('regression: labels scaled by the declared range, errors in label units', () => {
  const labels = Float32Array.of(-100, 0, 300)
  const targets = scaleLabels(income, labels)
  expect([...targets]).toEqual([0, 0.25, 1])
  expect([...unscaleLabels(income, targets)]).toEqual([...labels])
  // Predictions are off by 10, -20 and 40 label units.
  const predictions = scaleLabels({ ...income, minimum: -200, maximum: 600 }, Float32Array.of(-90, -20, 340)).map(
    (value) => (value * 800 - 200 + 100) / 400,
  )
  const expected = { mse: expect.closeTo(700, 3), mae: expect.closeTo(70 / 3, 4) }
  expect(exactMetrics(income, predictions, targets)).toEqual(expected)
  expect(federated(income, [{ predictions, targets }, rowsOf([])])).toEqual(expected)
})

test('a training round carries the metrics first and the training loss last', () => {
  const metrics = metricsLayout(binary)
  expect(trainLayout(binary, { size: 7 })).toEqual({ deltas: 7, counts: metrics.counts, sums: metrics.sums + 1 })
  const { predictions, targets } = rowsOf([
    [0.9, 1],
    [0.2, 0],
  ])
  const { counts, sums } = metricsUpdate(binary, predictions, targets)
  expect(metricsFrom(binary, { counts, sums: [...Array.from(sums), 123] })).toEqual(
    metricsFrom(binary, { counts, sums }),
  )
})

describe('refusals', () => {
  const f = (...values: number[]) => Float32Array.from(values)

  test.each<[TaskSpec, Float32Array, Float32Array, string, string]>([
    [binary, f(0.5), f(2), 'LEARNING_LABEL_INVALID', 'row 0 is 2'],
    [binary, f(0.5, 0.5), f(0, Number.NaN), 'LEARNING_LABEL_INVALID', 'row 1'],
    [three, f(0, 0, 1), f(3), 'LEARNING_LABEL_INVALID', 'row 0 is 3'],
    [three, f(0, 0, 1), f(0.5), 'LEARNING_LABEL_INVALID', 'row 0'],
    [income, f(0.5), f(300), 'LEARNING_LABEL_INVALID', 'row 0 is 300'],
    [binary, f(0.5, Number.NaN), f(0, 1), 'LEARNING_PREDICTION_INVALID', 'row 1 is NaN'],
    [binary, f(1.5), f(0), 'LEARNING_PREDICTION_INVALID', 'row 0'],
    [three, f(0, 0, 1, 0, -1, 0), f(0, 0), 'LEARNING_PREDICTION_INVALID', 'row 1'],
    [income, f(Number.POSITIVE_INFINITY), f(0), 'LEARNING_PREDICTION_INVALID', 'row 0'],
    [binary, f(0.5, 0.5), f(0), 'LEARNING_SHAPE', '2 predictions'],
    [three, f(0.5, 0.5), f(0), 'LEARNING_SHAPE', '2 predictions'],
  ])('%j %s %s', (task, predictions, targets, code, place) => {
    for (const action of [exactMetrics, metricsUpdate]) {
      expect(refusal(() => action(task, predictions, targets))).toBe(code)
      expect(() => action(task, predictions, targets)).toThrow(place)
    }
  })

  test('totals of another shape', () => {
    const { counts, sums } = metricsLayout(binary)
    const totals = (a: number, b: number) => ({ counts: new Float64Array(a), sums: new Float64Array(b) })
    expect(refusal(() => metricsFrom(binary, totals(counts - 1, sums)))).toBe('LEARNING_SHAPE')
    expect(refusal(() => metricsFrom(binary, totals(counts, sums - 1)))).toBe('LEARNING_SHAPE')
  })

  test('tasks that cannot be learnt', () => {
    const many = Array.from({ length: 257 }, (_, i) => `class ${i}`)
    for (const classes of [['only'], many]) {
      expect(refusal(() => metricsLayout({ kind: 'multiclass-classification', classes }))).toBe('LEARNING_TASK_INVALID')
    }
    expect(refusal(() => metricsLayout({ ...income, maximum: -100 }))).toBe('LEARNING_TASK_INVALID')
  })

  test('labels outside the declared range; its ends pass as float32', () => {
    expect(refusal(() => scaleLabels(income, f(0, 301)))).toBe('LEARNING_LABEL_INVALID')
    expect(() => scaleLabels(income, f(0, 301))).toThrow('row 1 is 301, expected -100 to 300')
    expect(refusal(() => scaleLabels(binary, f(0, 0.5)))).toBe('LEARNING_LABEL_INVALID')
    expect([...scaleLabels({ ...income, minimum: 0, maximum: 0.1 }, f(0, 0.1))]).toEqual([0, 1])
    expect([...scaleLabels(three, f(0, 2))]).toEqual([0, 2])
    expect([...unscaleLabels(three, f(0.5))]).toEqual([0.5])
  })
})
