/** Plans against TensorFlow.js itself: the topology loads, and names, shapes and order of the weights agree. */
import '@tensorflow/tfjs-backend-cpu'
import * as tfc from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  initialParameters,
  type LayerSpec,
  type ModelPlan,
  type ModelSpec,
  planModel,
  type TaskSpec,
} from '../../src/learning/index.ts'
import { refusal } from './refusal.ts'

const binary: TaskSpec = { kind: 'binary-classification' }
const three: TaskSpec = { kind: 'multiclass-classification', classes: ['a', 'b', 'c'] }
const regression: TaskSpec = { kind: 'regression', minimum: 0, maximum: 10 }

const layers = (...list: [string, Record<string, unknown>][]): ModelSpec => ({
  kind: 'layers',
  layers: list.map(([className, config]) => ({ className, config })),
})
const output: [string, Record<string, unknown>] = ['Dense', { units: 1, activation: 'sigmoid' }]

const everything = layers(
  ['Reshape', { targetShape: [-1, 2] }],
  ['Conv1D', { filters: 3, kernelSize: 2, padding: 'same', activation: 'relu' }],
  ['BatchNormalization', {}],
  ['Conv1D', { filters: 5, kernel_size: [4], strides: [2], useBias: false }],
  ['LayerNormalization', { axis: [2], center: false }],
  ['Conv1D', { filters: 2, kernelSize: 2, dilationRate: 2 }],
  ['Flatten', {}],
  ['Dropout', { rate: 0.25 }],
  ['Dense', { units: 4, activation: 'hard_sigmoid', name: 'middle' }],
  ['BatchNormalization', { scale: false, momentum: 0.9 }],
  ['Dense', { units: 1 }],
  ['Activation', { activation: 'sigmoid' }],
)

const models: [string, ModelSpec, TaskSpec, number][] = [
  ['logistic, binary', { kind: 'logistic' }, binary, 23],
  ['logistic, three classes', { kind: 'logistic' }, three, 5],
  ['logistic, regression', { kind: 'logistic' }, regression, 5],
  ['mlp', { kind: 'mlp', hidden: [16, 8], activation: 'relu', dropout: 0.1 }, binary, 23],
  ['mlp without dropout', { kind: 'mlp', hidden: [4], activation: 'tanh', dropout: 0 }, three, 7],
  ['mlp without hidden layers', { kind: 'mlp', hidden: [], activation: 'relu', dropout: 0.5 }, regression, 2],
  ['every kind of layer', everything, binary, 20],
  [
    'every activation',
    layers(
      ...activations().map((a) => ['Activation', { activation: a }] as [string, object & Record<string, unknown>]),
      output,
    ),
    binary,
    3,
  ],
]

function activations(): string[] {
  return 'linear relu relu6 elu selu tanh sigmoid hardSigmoid softplus softsign softmax swish mish gelu'.split(' ')
}

/** Loads a plan the way an exported model is loaded: topology, weight manifest, bytes. */
async function load(plan: ModelPlan, values: Float32Array): Promise<tfl.LayersModel> {
  const weightSpecs = plan.parameters.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' as const }))
  const weightData = values.buffer.slice(0) as ArrayBuffer
  return tfl.loadLayersModel(tfc.io.fromMemory({ modelTopology: plan.topology, weightSpecs, weightData }))
}

beforeAll(async () => {
  await tfc.setBackend('cpu')
  await tfc.ready()
})

describe('TensorFlow.js loads the plan', () => {
  test.each(models)('%s', async (_name, spec, task, inputs) => {
    const plan = planModel(spec, task, inputs)
    const values = initialParameters(plan, 7).map((value, i) => value + i * 1e-4)
    const model = await load(plan, values)
    const weights = model.getWeights()
    expect(weights.map(({ shape }) => shape)).toEqual(plan.parameters.map(({ shape }) => shape))
    expect(model.weights.map(({ originalName, trainable }) => [originalName, trainable])).toEqual(
      plan.parameters.map(({ name, trainable }) => [name, trainable]),
    )
    expect(weights.flatMap((weight) => [...weight.dataSync()])).toEqual([...values])
    expect(model.outputs.map(({ shape }) => shape)).toEqual([[null, plan.outputs]])
    expect(model.countParams()).toBe(plan.size)
    const sizes = model.trainableWeights.map(({ shape }) => shape.reduce<number>((a, b) => a * (b ?? 1), 1))
    const trainable = sizes.reduce((sum, size) => sum + size, 0)
    expect(plan.trainable).toBe(trainable)
    const predicted = model.predict(tfc.ones([2, inputs]))
    if (Array.isArray(predicted)) throw new Error('one output expected')
    expect(predicted.shape).toEqual([2, plan.outputs])
    expect([...predicted.dataSync()].every(Number.isFinite)).toBe(true)
    model.dispose()
  })

  test('the shape of each layer is the one TensorFlow.js infers', async () => {
    const plan = planModel(everything, binary, 20)
    const model = await load(plan, initialParameters(plan, 1))
    expect(model.layers.map(({ outputShape }) => outputShape)).toEqual([
      [null, 10, 2],
      [null, 10, 3],
      [null, 10, 3],
      [null, 4, 5],
      [null, 4, 5],
      [null, 2, 2],
      [null, 4],
      [null, 4],
      [null, 4],
      [null, 4],
      [null, 1],
      [null, 1],
    ])
    expect(plan.kernels).toBe('convolution')
  })

  test('modelFromJSON takes the topology as well', async () => {
    const plan = planModel({ kind: 'logistic' }, binary, 3)
    const model = await tfl.models.modelFromJSON(plan.topology as never)
    expect(model.countParams()).toBe(4)
    expect(plan.kernels).toBe('dense')
  })

  test('what TensorFlow.js saves of a plan gives the same plan again', async () => {
    const plan = planModel(everything, binary, 20)
    const model = await load(plan, initialParameters(plan, 1))
    const saved = model.toJSON(null, false) as {
      config: { layers: { class_name: string; config: Record<string, unknown> }[] }
    }
    const again: LayerSpec[] = saved.config.layers.map((layer) => ({
      className: layer.class_name,
      config: layer.config,
    }))
    expect(planModel({ kind: 'layers', layers: again }, binary, 20)).toEqual(plan)
  })
})

describe('initial parameters', () => {
  const plan = planModel(everything, binary, 20)

  test('depend on the seed alone', () => {
    expect(initialParameters(plan, 3)).toEqual(initialParameters(plan, 3))
    expect(initialParameters(plan, 3)).not.toEqual(initialParameters(plan, 4))
  })

  test('kernels fill the Glorot range; biases 0; scales and variances 1', () => {
    const big = planModel({ kind: 'mlp', hidden: [100], activation: 'relu', dropout: 0 }, binary, 50)
    const kernel = initialParameters(big, 1).subarray(0, 5000)
    const limit = Math.sqrt(6 / 150)
    expect(Math.max(...kernel)).toBeGreaterThan(0.99 * limit)
    expect(Math.min(...kernel)).toBeLessThan(-0.99 * limit)
    expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(limit)
    expect(kernel.reduce((sum, x) => sum + x, 0) / 5000).toBeCloseTo(0, 2)
    const values = initialParameters(plan, 1)
    let at = 0
    for (const { name, shape } of plan.parameters) {
      const size = shape.reduce((a, b) => a * b, 1)
      const part = [...values.subarray(at, at + size)]
      at += size
      if (/bias|beta|mean/.test(name)) expect(new Set(part)).toEqual(new Set([0]))
      if (/gamma|variance/.test(name)) expect(new Set(part)).toEqual(new Set([1]))
    }
    // A convolution's width counts in both fans: 2 wide, 2 in, 3 out.
    expect(Math.max(...values.subarray(0, 12).map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / 10))
  })
})

describe('refusals', () => {
  test.each<[string, ModelSpec, string]>([
    ['an unknown layer', layers(['Lambda', {}], output), 'LEARNING_MODEL_INVALID'],
    ['a prototype name', layers(['constructor', {}], output), 'LEARNING_MODEL_INVALID'],
    ['a misspelt setting', layers(['Dense', { unit: 3 }], output), 'LEARNING_MODEL_INVALID'],
    ['no units', layers(['Dense', {}], output), 'LEARNING_MODEL_INVALID'],
    ['half a unit', layers(['Dense', { units: 0.5 }], output), 'LEARNING_MODEL_INVALID'],
    ['units as text', layers(['Dense', { units: '3' }], output), 'LEARNING_MODEL_INVALID'],
    ['an unknown activation', layers(['Dense', { units: 3, activation: 'magic' }], output), 'LEARNING_MODEL_INVALID'],
    [
      'two spellings',
      layers(['Dense', { units: 3, use_bias: true, useBias: false }], output),
      'LEARNING_MODEL_INVALID',
    ],
    ['a flag as number', layers(['Dense', { units: 3, useBias: 1 }], output), 'LEARNING_MODEL_INVALID'],
    ['dropping everything', layers(['Dropout', { rate: 1 }], output), 'LEARNING_MODEL_INVALID'],
    ['a fixed dropout seed', layers(['Dropout', { rate: 0.1, seed: 3 }], output), 'LEARNING_MODEL_INVALID'],
    ['a regularizer', layers(['Dense', { units: 3, kernelRegularizer: 'l1l2' }], output), 'LEARNING_MODEL_INVALID'],
    ['an initialiser', layers(['Dense', { units: 3, biasInitializer: 'ones' }], output), 'LEARNING_MODEL_INVALID'],
    ['a frozen layer', layers(['Dense', { units: 3, trainable: false }], output), 'LEARNING_MODEL_INVALID'],
    ['another number type', layers(['Dense', { units: 3, dtype: 'int32' }], output), 'LEARNING_MODEL_INVALID'],
    ['a name with a path', layers(['Dense', { units: 3, name: '../x' }], output), 'LEARNING_MODEL_INVALID'],
    ['a name that is a number', layers(['Dense', { units: 3, name: 3 }], output), 'LEARNING_MODEL_INVALID'],
    [
      'a name twice',
      layers(['Dense', { units: 3, name: 'x' }], ['Dense', { units: 1, activation: 'sigmoid', name: 'x' }]),
      'LEARNING_MODEL_INVALID',
    ],
    ['another input', layers(['Dense', { units: 3, inputShape: [9] }], output), 'LEARNING_MODEL_INVALID'],
    [
      'an input later',
      layers(['Dense', { units: 3 }], ['Dense', { ...output[1], batch_input_shape: [null, 3] }]),
      'LEARNING_MODEL_INVALID',
    ],
    ['an input shape as text', layers(['Dense', { units: 3, inputShape: 'x' }], output), 'LEARNING_MODEL_INVALID'],
    ['flattening a row', layers(['Flatten', {}], output), 'LEARNING_MODEL_INVALID'],
    ['reshaping to another size', layers(['Reshape', { targetShape: [3, 3] }], output), 'LEARNING_MODEL_INVALID'],
    ['reshaping to nothing', layers(['Reshape', { targetShape: [0, -1] }], output), 'LEARNING_MODEL_INVALID'],
    ['reshaping by guesswork', layers(['Reshape', { targetShape: [-1, -1] }], output), 'LEARNING_MODEL_INVALID'],
    ['reshaping without a shape', layers(['Reshape', {}], output), 'LEARNING_MODEL_INVALID'],
    ['convolving a row', layers(['Conv1D', { filters: 1, kernelSize: 1 }], output), 'LEARNING_MODEL_INVALID'],
    ['a kernel that is too wide', convolving({ kernelSize: 5 }), 'LEARNING_MODEL_INVALID'],
    ['strides and dilation', convolving({ kernelSize: 1, strides: 2, dilationRate: 2 }), 'LEARNING_MODEL_INVALID'],
    ['causal padding', convolving({ kernelSize: 1, padding: 'causal' }), 'LEARNING_MODEL_INVALID'],
    [
      'normalising another axis',
      layers(['Reshape', { targetShape: [4, 2] }], ['BatchNormalization', { axis: 1 }], output),
      'LEARNING_MODEL_INVALID',
    ],
    ['another number of outputs', layers(['Dense', { units: 2, activation: 'sigmoid' }]), 'LEARNING_MODEL_OUTPUT'],
    ['another activation', layers(['Dense', { units: 1 }]), 'LEARNING_MODEL_OUTPUT'],
    ['dropout at the end', layers(output, ['Dropout', { rate: 0.5 }]), 'LEARNING_MODEL_OUTPUT'],
    ['an output with two dimensions', layers(['Reshape', { targetShape: [4, 2] }], output), 'LEARNING_MODEL_OUTPUT'],
    ['no layers', layers(), 'LEARNING_MODEL_SIZE'],
    ['201 layers', layers(...Array.from({ length: 201 }, () => output)), 'LEARNING_MODEL_SIZE'],
    [
      'too many parameters',
      layers(['Dense', { units: 10_000 }], ['Dense', { units: 5000 }], output),
      'LEARNING_MODEL_SIZE',
    ],
    [
      'rows that grow too far',
      layers(
        ['Dense', { units: 4000 }],
        ['Reshape', { targetShape: [4000, 1] }],
        ['Dense', { units: 4000 }],
        ['Flatten', {}],
        output,
      ),
      'LEARNING_MODEL_SIZE',
    ],
    [
      'an unknown mlp activation',
      { kind: 'mlp', hidden: [3], activation: 'magic', dropout: 0 },
      'LEARNING_MODEL_INVALID',
    ],
    [
      'an mlp that drops everything',
      { kind: 'mlp', hidden: [3], activation: 'relu', dropout: 1 },
      'LEARNING_MODEL_INVALID',
    ],
  ])('%s', (_name, spec, code) => {
    expect(refusal(() => planModel(spec, binary, 8))).toBe(code)
  })

  function convolving(config: Record<string, unknown>): ModelSpec {
    return layers(['Reshape', { targetShape: [4, 2] }], ['Conv1D', { filters: 1, ...config }], ['Flatten', {}], output)
  }

  test('say which layer, what was found, and what was expected', () => {
    const plan = (spec: ModelSpec) => () => planModel(spec, three, 8)
    expect(plan(layers(output, ['Dense', { units: -1 }]))).toThrow(
      'layer 2 (Dense): units is -1, expected a whole number from 1 to',
    )
    expect(plan(layers(output))).toThrow(
      'Dense with shape [1] and activation sigmoid, expected shape [3] and activation softmax for multiclass-classification',
    )
  })

  test('the same layers without the fault pass', () => {
    expect(() => planModel(convolving({ kernelSize: 4 }), binary, 8)).not.toThrow()
    expect(() => planModel(layers(['Dense', { units: 3, inputShape: [8] }], output), binary, 8)).not.toThrow()
    expect(() =>
      planModel(layers(['Dense', { units: 3, batch_input_shape: [null, 8] }], output), binary, 8),
    ).not.toThrow()
  })
})
