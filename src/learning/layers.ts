/**
 * The layers a model may have, and for each: which weights it owns, which shape it hands on, and its settings as
 * TensorFlow.js layers 4.22 reads them. Shapes leave the batch out: [inputs] for the rows of a table. Only layers that
 * are declarations are here; nothing in a model can name code.
 */
import type { LayerConfig } from './layer-config.ts'

/** A weight array. `initial`: how it starts (initial-parameters.ts). */
export interface LayerWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly trainable: boolean
  readonly initial: 'glorot' | 'zeros' | 'ones'
}

export interface PlannedLayer {
  /** Shape of one row after this layer. */
  readonly output: readonly number[]
  readonly weights: readonly LayerWeight[]
  /** In the spelling of saved models. */
  readonly config: Readonly<Record<string, unknown>>
  /** What the layer ends with, if it computes: a model must end with its task's activation. */
  readonly activation?: Activation
}

export type LayerKind = (config: LayerConfig, input: readonly number[]) => PlannedLayer

/** No width, kernel or step is larger; far above what the limit on parameters lets through. */
const LARGEST = 2 ** 24

const activations = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'softmax',
  'swish',
  'mish',
  'gelu',
] as const
export type Activation = (typeof activations)[number]

/** Saved models write hard_sigmoid; the other names have one word. */
const savedActivation = (activation: Activation) => (activation === 'hardSigmoid' ? 'hard_sigmoid' : activation)

const kernel = (shape: number[]): LayerWeight => ({ name: 'kernel', shape, trainable: true, initial: 'glorot' })
const bias = (size: number): LayerWeight => ({ name: 'bias', shape: [size], trainable: true, initial: 'zeros' })

const dense: LayerKind = (config, input) => {
  const units = config.whole('units', 1, LARGEST)
  const activation = config.choice('activation', activations, 'linear')
  const useBias = config.flag('useBias', true)
  const weights = [kernel([lastOf(input), units])]
  return {
    output: [...input.slice(0, -1), units],
    weights: useBias ? [...weights, bias(units)] : weights,
    config: { units, activation: savedActivation(activation), use_bias: useBias },
    activation,
  }
}

const activation: LayerKind = (config, input) => {
  const chosen = config.choice('activation', activations, 'linear')
  return { output: input, weights: [], config: { activation: savedActivation(chosen) }, activation: chosen }
}

const dropout: LayerKind = (config, input) => {
  const rate = config.number('rate', 0, 1)
  return { output: input, weights: [], config: { rate } }
}

const batchNormalization: LayerKind = (config, input) => {
  const momentum = config.number('momentum', 0, 1, 0.99)
  const { weights, settings } = normalization(config, input)
  const moving: LayerWeight[] = [
    { name: 'moving_mean', shape: [lastOf(input)], trainable: false, initial: 'zeros' },
    { name: 'moving_variance', shape: [lastOf(input)], trainable: false, initial: 'ones' },
  ]
  return { output: input, weights: [...weights, ...moving], config: { ...settings, momentum } }
}

const layerNormalization: LayerKind = (config, input) => {
  const { weights, settings } = normalization(config, input)
  return { output: input, weights, config: settings }
}

/** What both normalisations share: over the last axis, with a learnt scale (gamma) and centre (beta). */
function normalization(config: LayerConfig, input: readonly number[]) {
  const axis = config.whole('axis', -1, input.length, -1)
  if (axis !== -1 && axis !== input.length) throw config.invalid(`axis is ${axis}, expected -1, the last axis`)
  const epsilon = config.number('epsilon', 1e-12, 1, 1e-3)
  const center = config.flag('center', true)
  const scale = config.flag('scale', true)
  const shape = [lastOf(input)]
  const weights: LayerWeight[] = []
  if (scale) weights.push({ name: 'gamma', shape, trainable: true, initial: 'ones' })
  if (center) weights.push({ name: 'beta', shape, trainable: true, initial: 'zeros' })
  return { weights, settings: { axis: -1, epsilon, center, scale } }
}

const flatten: LayerKind = (config, input) => {
  if (input.length < 2) throw config.invalid(`its input has shape [${input}], expected at least two dimensions`)
  return { output: [elementsOf(input)], weights: [], config: {} }
}

const reshape: LayerKind = (config, input) => {
  const target = config.list('targetShape')
  if (target === undefined || target.length === 0) throw config.invalid('targetShape is absent')
  const known = elementsOf(target.filter((size) => size !== -1))
  const wanted = target.filter((size) => size === -1).length
  const filled = target.map((size) => (size === -1 ? elementsOf(input) / known : size))
  if (
    wanted > 1 ||
    !filled.every((size) => size >= 1 && Number.isInteger(size)) ||
    elementsOf(filled) !== elementsOf(input)
  ) {
    throw config.invalid(`[${input}] cannot take the targetShape [${target}]`)
  }
  return { output: filled, weights: [], config: { target_shape: filled } }
}

const conv1d: LayerKind = (config, input) => {
  const [steps, channels, ...more] = input
  if (steps === undefined || channels === undefined || more.length > 0) {
    throw config.invalid(`its input has shape [${input}], expected [steps, channels]; put a Reshape before it`)
  }
  const filters = config.whole('filters', 1, LARGEST)
  const size = config.whole('kernelSize', 1, LARGEST)
  const strides = config.whole('strides', 1, LARGEST, 1)
  const dilation = config.whole('dilationRate', 1, LARGEST, 1)
  // TensorFlow.js reports another output shape for 'causal' than it computes.
  const padding = config.choice('padding', ['valid', 'same'], 'valid')
  config.choice('dataFormat', ['channelsLast'], 'channelsLast')
  const chosen = config.choice('activation', activations, 'linear')
  const useBias = config.flag('useBias', true)
  if (strides > 1 && dilation > 1)
    throw config.invalid('strides and dilationRate are both above 1, expected one of them')
  const reach = padding === 'same' ? steps : steps - (size - 1) * dilation
  if (reach < 1) throw config.invalid(`${steps} steps are fewer than its kernel covers`)
  const weights = [kernel([size, channels, filters])]
  return {
    output: [Math.ceil(reach / strides), filters],
    weights: useBias ? [...weights, bias(filters)] : weights,
    config: {
      filters,
      kernel_size: [size],
      strides: [strides],
      dilation_rate: [dilation],
      padding,
      activation: savedActivation(chosen),
      use_bias: useBias,
    },
    activation: chosen,
  }
}

/** By the class name of TensorFlow.js. */
export const layerKinds: ReadonlyMap<string, LayerKind> = new Map([
  ['Dense', dense],
  ['Activation', activation],
  ['Dropout', dropout],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Conv1D', conv1d],
])

/** Number of elements of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function lastOf(shape: readonly number[]): number {
  return shape.at(-1) ?? 0
}
