/** SCAFFOLD's corrected steps: by hand on one number, and on two parties whose rows pull in different directions. */
import { describe, expect, test } from 'vitest'
import { createTrainer, correctionOf, nextControl, TrainerError } from '../../../parties/trainers/index.ts'
import { type ComputedModel, trainRows, type TrainingSpec } from '../../../parties/trainers/training.ts'
import { initialParameters } from '../../../src/learning/index.ts'
import { binary, logistic, normalised, planFor, sample, training } from './samples.ts'

const unattended = { stopped: () => false, progress: () => undefined }
const plan = { ...planFor(logistic, binary, 1), size: 1, trainable: 1, inputs: 1 }

/** One weight w, loss curvature/2 (w - target)^2 with the mean over the rows of both. */
function createParabola(): ComputedModel {
  let weight = 0
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    load: ([value = 0]) => {
      weight = value
    },
    loadTrained: ([value = 0]) => {
      weight = value
    },
    read: () => Float32Array.of(weight),
    gradient: (features, labels, into) => {
      const [curvature, distance] = [mean(features), weight - mean(labels)]
      into[0] = curvature * distance
      return (curvature * distance * distance) / 2
    },
    predict: () => Float32Array.of(weight),
  }
}

function train(from: Float32Array, curvature: number, target: number, how: TrainingSpec, correction?: Float32Array) {
  const rows = { features: Float32Array.of(curvature), labels: Float32Array.of(target), rows: 1 }
  const input = { parameters: from, ...rows, training: how, mu: 0, seed: 's', correction }
  const trained = trainRows(createParabola(), plan, input, unattended)
  if (trained === undefined) throw new Error('stopped')
  return trained
}

const sgd = (learningRate: number, epochs: number): TrainingSpec => ({
  ...training,
  optimizer: 'sgd',
  learningRate,
  epochs,
})

describe('a step by hand', () => {
  // x = 0, target 3, curvature 1, c = 1, c_i = 0.5, eta = 0.1, two steps.
  const control = { server: Float32Array.of(1), own: Float32Array.of(0.5) }
  const from = Float32Array.of(0)
  const trained = train(from, 1, 3, sgd(0.1, 2), correctionOf(control, plan))

  test('goes along the gradient with c - c_i added', () => {
    // -0.1 (0 - 3 + 0.5) = 0.25; then 0.25 - 0.1 (0.25 - 3 + 0.5) = 0.475.
    expect(trained.parameters[0]).toBeCloseTo(0.475, 6)
    expect(trained.steps).toBe(2)
  })

  test('the new control by option II is the mean of the plain gradients on the way', () => {
    const moved = { from, to: trained.parameters, steps: trained.steps, learningRate: 0.1 }
    // 0.5 - 1 + (0 - 0.475) / 0.2 = -2.875 = ((0 - 3) + (0.25 - 3)) / 2.
    expect(nextControl(control, moved, plan)[0]).toBeCloseTo(-2.875, 5)
  })
})

test('two parties that pull apart: SCAFFOLD comes nearer to the common optimum than FedAvg', () => {
  const parties = [
    { curvature: 1, target: 1 },
    { curvature: 9, target: -1 },
  ]
  // Where the two slopes cancel: (1 * 1 + 9 * -1) / 10.
  const optimum = -0.8
  const how = sgd(0.1, 5)
  const play = (scaffold: boolean): number => {
    let model = new Float32Array(1)
    let server = new Float32Array(1)
    const own: Float32Array[] = parties.map(() => new Float32Array(1))
    for (let round = 0; round < 60; round += 1) {
      const results = parties.map(({ curvature, target }, i) => {
        const control = { server, own: own[i] ?? server }
        const correction = scaffold ? correctionOf(control, plan) : undefined
        const trained = train(model, curvature, target, how, correction)
        const moved = { from: model, to: trained.parameters, steps: trained.steps, learningRate: 0.1 }
        return { to: trained.parameters, next: nextControl(control, moved, plan), before: control.own }
      })
      const mean = (value: (result: (typeof results)[number]) => number) =>
        results.reduce((sum, result) => sum + value(result), 0) / results.length
      const moved = mean(({ to }) => to[0] ?? 0)
      server = Float32Array.of((server[0] ?? 0) + mean(({ next, before }) => (next[0] ?? 0) - (before[0] ?? 0)))
      results.forEach(({ next }, i) => {
        own[i] = next
      })
      model = Float32Array.of(moved)
    }
    return Math.abs((model[0] ?? 0) - optimum)
  }
  expect(play(false)).toBeGreaterThan(0.2)
  expect(play(true)).toBeLessThan(0.001)
})

test('what is not trained has neither correction nor control', () => {
  const deep = planFor(normalised, binary, 4)
  expect(deep.size).toBeGreaterThan(deep.trainable)
  const ones = new Float32Array(deep.size).fill(1)
  const control = { server: ones, own: new Float32Array(deep.size) }
  expect(
    correctionOf(control, deep)
      .subarray(deep.trainable)
      .every((value) => value === 0),
  ).toBe(true)
  const moved = { from: ones, to: new Float32Array(deep.size), steps: 1, learningRate: 1 }
  expect(
    nextControl(control, moved, deep)
      .subarray(deep.trainable)
      .every((value) => value === 0),
  ).toBe(true)
})

describe('the trainer', () => {
  const real = planFor(logistic, binary, 4)
  const rows = sample(binary, 100, 4)
  const input = {
    parameters: initialParameters(real, 1),
    ...rows,
    training: { ...training, optimizer: 'sgd' as const },
    mu: 0,
    seed: 'seed',
    signal: new AbortController().signal,
  }

  test('takes a correction along and counts its steps', { timeout: 30_000 }, async () => {
    await using trainer = await createTrainer({ plan: real, task: binary, backend: 'cpu' })
    const plain = await trainer.train(input)
    // 3 epochs of 100 rows in batches of 32.
    expect(plain.steps).toBe(12)
    const corrected = await trainer.train({ ...input, correction: new Float32Array(real.size).fill(0.1) })
    expect(corrected.parameters).not.toEqual(plain.parameters)
    const zero = await trainer.train({ ...input, correction: new Float32Array(real.size) })
    expect(zero.parameters).toEqual(plain.parameters)
    const refused = async (changes: object) => {
      const error: unknown = await trainer.train({ ...input, ...changes }).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(TrainerError)
      expect(error).toMatchObject({ code: 'TRAINER_INPUT' })
    }
    await refused({ correction: new Float32Array(3) })
    await refused({ correction: new Float32Array(real.size), training })
  })
})
