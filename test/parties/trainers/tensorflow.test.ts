import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createModel, livingTensors, startBackend } from '../../../parties/trainers/tensorflow.ts'
import { createRandom } from '../../../src/crypto/index.ts'
import { initialParameters, type ModelSpec, type TaskSpec } from '../../../src/learning/index.ts'
import { binary, convolution, logistic, mlp, normalised, planFor, regression, sample, threeClasses } from './samples.ts'

// Seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const inputs = 4
const models: [name: string, ModelSpec, TaskSpec][] = [
  ['logistic regression', logistic, binary],
  ['three classes', mlp(), threeClasses],
  ['regression', mlp(), regression],
  ['normalisations', normalised, binary],
]

/** Not the initial ones: there all biases are 0 and all scales 1. */
function someParameters(plan: ReturnType<typeof planFor>): Float32Array {
  const random = createRandom('parameters')
  return initialParameters(plan, 3).map((value) => value + 0.2 * random.uniform())
}

async function gradientOf(model: ModelSpec, task: TaskSpec) {
  const plan = planFor(model, task, inputs)
  const { features, labels } = sample(task, 8, inputs)
  const computed = await createModel(plan, task)
  const parameters = someParameters(plan)
  computed.load(parameters)
  const gradient = new Float32Array(plan.trainable)
  const loss = computed.gradient(features, labels, gradient)
  return { plan, features, labels, computed, parameters, gradient, loss }
}

async function expectNumericGradient(model: ModelSpec, task: TaskSpec): Promise<void> {
  const { plan, features, labels, computed, parameters, gradient } = await gradientOf(model, task)
  const step = 2 ** -7
  const lossAt = (at: number, by: number) => {
    computed.load(parameters.with(at, (parameters[at] ?? 0) + by))
    return computed.gradient(features, labels, new Float32Array(plan.trainable))
  }
  for (let i = 0; i < plan.trainable; i += 1) {
    const numeric = (lossAt(i, step) - lossAt(i, -step)) / (2 * step)
    expect(Math.abs((gradient[i] ?? Number.NaN) - numeric), `parameter ${i}`).toBeLessThan(1e-3)
  }
  expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.01)
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend))

  it.each(models)('the gradient of %s is that of numeric differences', (_, model, task) =>
    expectNumericGradient(model, task),
  )

  it('leaves no tensor behind', async () => {
    const { plan, features, labels, computed, parameters, gradient } = await gradientOf(normalised, binary)
    const before = livingTensors()
    for (let i = 0; i < 3; i += 1) {
      computed.gradient(features, labels, gradient)
      computed.loadTrained(parameters.subarray(0, plan.trainable))
      computed.predict(features, labels.length)
      computed.load(parameters)
      computed.read()
    }
    expect(livingTensors()).toEqual(before)
  })

  it('moves the averages of batch normalisation while training, and only then', async () => {
    const { plan, features, labels, computed, parameters, gradient } = await gradientOf(normalised, binary)
    const averages = () => Array.from(computed.read().subarray(plan.trainable))
    const moved = averages()
    expect(moved).toHaveLength(10)
    for (const [i, value] of moved.entries()) expect(value).not.toBe(parameters[plan.trainable + i])
    computed.predict(features, labels.length)
    expect(averages()).toEqual(moved)
    computed.gradient(features, labels, gradient)
    expect(averages()).not.toEqual(moved)
    expect(computed.read().subarray(0, plan.trainable)).toEqual(parameters.subarray(0, plan.trainable))
  })
})

it('wasm and cpu agree but for rounding', async () => {
  const results: { loss: number; gradient: Float32Array }[] = []
  for (const backend of ['cpu', 'wasm'] as const) {
    await startBackend(backend)
    results.push(await gradientOf(mlp(0, 'relu'), binary))
  }
  const [cpu, wasm] = results
  expect(wasm?.loss).toBeCloseTo(cpu?.loss ?? Number.NaN, 5)
  for (const [i, value] of cpu?.gradient.entries() ?? []) expect(wasm?.gradient[i]).toBeCloseTo(value, 5)
})

it('cpu has the gradients of convolutions', async () => {
  await startBackend('cpu')
  await expectNumericGradient(convolution(inputs), binary)
})

it('a model with other weights than its plan is refused', async () => {
  await startBackend('cpu')
  const plan = planFor(mlp(), binary, inputs)
  const other = { ...plan, parameters: plan.parameters.slice(1) }
  await expect(createModel(other, binary)).rejects.toMatchObject({ name: 'TrainerError', code: 'TRAINER_FAILED' })
})
