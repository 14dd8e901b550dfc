import { describe, expect, it } from 'vitest'
import { objectives } from '../../../parties/trainers/losses.ts'

const problems = [
  { kind: 'binary-classification', outputs: 1, raw: [0.3, -2, 4], labels: [1, 0, 0] },
  { kind: 'multiclass-classification', outputs: 3, raw: [0.3, -2, 4, 1, 0, 0.5], labels: [2, 0] },
  { kind: 'regression', outputs: 1, raw: [0.3, -2, 4], labels: [0.5, 0, 1] },
] as const

describe.each(problems)('the loss of $kind', ({ kind, outputs, raw, labels }) => {
  const { loss } = objectives[kind]
  const targets = Float32Array.from(labels)

  it('has the slope that numeric differences show', () => {
    const at = Float32Array.from(raw)
    const slope = new Float32Array(at.length)
    loss(at, targets, outputs, slope)
    const step = 2 ** -8
    for (const [i, value] of at.entries()) {
      const moved = (by: number) => loss(at.with(i, value + by), targets, outputs, new Float32Array(at.length))
      expect(slope[i]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 4)
    }
  })
})

it('the cross-entropies are exact where a float32 probability is 0 or 1', () => {
  const slope = new Float32Array(3)
  const { loss, predict } = objectives['binary-classification']
  expect(loss(Float32Array.of(200), Float32Array.of(0), 1, slope)).toBe(200)
  expect(slope[0]).toBe(1)
  expect(Array.from(predict(Float32Array.of(-200, 0, 200), 1))).toEqual([expect.closeTo(0), 0.5, 1])
  const many = objectives['multiclass-classification']
  expect(many.loss(Float32Array.of(500, 0, -500), Float32Array.of(2), 3, slope)).toBe(1000)
  expect(Array.from(slope)).toEqual([1, 0, -1])
})

it('class probabilities add up to 1', () => {
  const predictions = objectives['multiclass-classification'].predict(Float32Array.of(1, 2, 3, 900, 0, -900), 3)
  expect(predictions.slice(0, 3).reduce((sum, p) => sum + p)).toBeCloseTo(1, 6)
  expect(Array.from(predictions.slice(3))).toEqual([1, 0, 0])
})

it('a raw output that is not a number makes the loss not a number', () => {
  for (const { kind, outputs, labels } of problems) {
    const raw = new Float32Array(labels.length * outputs).fill(Number.NaN)
    expect(objectives[kind].loss(raw, Float32Array.from(labels), outputs, raw.slice())).toBeNaN()
  }
})
