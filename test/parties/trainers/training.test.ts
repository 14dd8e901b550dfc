import { beforeAll, describe, expect, it, vi } from 'vitest'
import { TrainerError } from '../../../parties/trainers/index.ts'
import { createModel, startBackend } from '../../../parties/trainers/tensorflow.ts'
import { predictRows, type TrainingSpec, trainRows } from '../../../parties/trainers/training.ts'
import { exactMetrics, initialParameters, type ModelSpec, type TaskSpec } from '../../../src/learning/index.ts'
import { binary, logistic, mlp, normalised, planFor, regression, sample, threeClasses, training } from './samples.ts'

// Seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const inputs = 4
const unattended = { stopped: () => false, progress: () => undefined }

async function trained(model: ModelSpec, task: TaskSpec, how: Partial<TrainingSpec> = {}, mu = 0, seed = 'seed') {
  const plan = planFor(model, task, inputs)
  const rows = sample(task, 240, inputs)
  const computed = await createModel(plan, task)
  const parameters = initialParameters(plan, 1)
  const result = trainRows(
    computed,
    plan,
    { parameters, ...rows, training: { ...training, ...how }, mu, seed },
    unattended,
  )
  if (result === undefined) throw new Error('stopped')
  const predictions = predictRows(computed, plan, { parameters: result.parameters, ...rows }, unattended)
  if (predictions === undefined) throw new Error('stopped')
  return { ...result, start: parameters, plan, metrics: exactMetrics(task, predictions, rows.labels) }
}

const distance = (a: Float32Array, b: Float32Array) => Math.hypot(...a.map((value, i) => value - (b[i] ?? 0)))

beforeAll(() => startBackend('wasm'))

describe('training', () => {
  it('learns two classes', async () => {
    const { metrics, loss } = await trained(logistic, binary, { epochs: 12 })
    expect(metrics.auc).toBeGreaterThan(0.99)
    expect(loss).toBeLessThan(0.3)
  })

  it('learns three classes', async () => {
    const { metrics } = await trained(mlp(), threeClasses, { epochs: 12 })
    expect(metrics.accuracy).toBeGreaterThan(0.9)
  })

  it('learns a number', async () => {
    const { metrics } = await trained(mlp(), regression, { epochs: 12 })
    // In label units: the label ranges over 20, and its deviation is about 2.2.
    expect(metrics.mse).toBeLessThan(0.5)
  })

  it('learns with sgd, and with batch normalisation', async () => {
    const { metrics, parameters, start, plan } = await trained(normalised, binary, {
      epochs: 12,
      optimizer: 'sgd',
      learningRate: 0.2,
    })
    expect(metrics.auc).toBeGreaterThan(0.98)
    expect(parameters.subarray(plan.trainable)).not.toEqual(start.subarray(plan.trainable))
  })

  it('the proximal term keeps the model near the common one', async () => {
    const free = await trained(mlp(), binary)
    const pulled = await trained(mlp(), binary, {}, 10)
    const far = distance(free.parameters, free.start)
    expect(distance(pulled.parameters, pulled.start)).toBeLessThan(0.5 * far)
  })

  it('l2 keeps the kernels small', async () => {
    const free = await trained(logistic, binary, { epochs: 12 })
    const shrunk = await trained(logistic, binary, { epochs: 12, l2: 1 })
    const size = ({ parameters }: { parameters: Float32Array }) => Math.hypot(...parameters.subarray(0, inputs))
    expect(size(shrunk)).toBeLessThan(0.2 * size(free))
  })

  it('gives the same bytes for the same seed, others for another', async () => {
    const [first, second, other] = [
      await trained(mlp(), binary),
      await trained(mlp(), binary),
      await trained(mlp(), binary, {}, 0, 'another'),
    ]
    expect(second.parameters).toEqual(first.parameters)
    expect(second.loss).toBe(first.loss)
    expect(other.parameters).not.toEqual(first.parameters)
  })
})

describe('a training that runs away', () => {
  it('is TRAINER_DIVERGED and advises a learning rate', async () => {
    const error = await trained(mlp(0, 'relu'), regression, { optimizer: 'sgd', learningRate: 1e4, epochs: 12 }).catch(
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(TrainerError)
    expect(error).toMatchObject({
      code: 'TRAINER_DIVERGED',
      message: expect.stringMatching(/^the loss became .*try learning rate 1000$/),
    })
  })

  it('is found in the parameters where the loss was still finite', async () => {
    const huge = trained(logistic, regression, { optimizer: 'sgd', learningRate: 1e39, epochs: 1, batch: 240 })
    await expect(huge).rejects.toMatchObject({ code: 'TRAINER_DIVERGED', message: expect.stringMatching(/^parameter/) })
  })
})

it('a stop is obeyed between two batches, and progress counts up to 1', async () => {
  const plan = planFor(logistic, binary, inputs)
  const computed = await createModel(plan, binary)
  const input = { parameters: initialParameters(plan, 1), ...sample(binary, 100, inputs), training, mu: 0, seed: 's' }
  const shares: number[] = []
  const progress = (share: number) => shares.push(share)
  expect(trainRows(computed, plan, input, { stopped: () => shares.length === 5, progress })).toBeUndefined()
  expect(shares).toHaveLength(5)
  trainRows(computed, plan, input, { stopped: () => false, progress })
  expect(shares.slice(5)).toHaveLength(12)
  expect(shares.at(-1)).toBe(1)
  expect(predictRows(computed, plan, input, { stopped: () => true, progress })).toBeUndefined()
})
