/**
 * From the model of the job spec to a plan that every program computes alike, without TensorFlow: the topology that
 * trainers build, and the order, names and shapes of the parameters that travel.
 *
 * Order of parameters: all trainable ones layer by layer, then all others layer by layer: the order in which
 * TensorFlow.js lists a model's weights (Container.getWeights). A test compares the two.
 */
import { LearningError } from './errors.ts'
import { type LayerSpec, openLayerConfig } from './layer-config.ts'
import { elementsOf, type LayerWeight, layerKinds, type PlannedLayer } from './layers.ts'
import { type TaskSpec, taskOutput } from './task.ts'

export type ModelSpec =
  | { readonly kind: 'logistic' }
  | {
      readonly kind: 'mlp'
      readonly hidden: readonly number[]
      readonly activation: string
      /** After each hidden layer; 0 = none. */
      readonly dropout: number
    }
  | { readonly kind: 'layers'; readonly layers: readonly LayerSpec[] }

/** `name`: layer/weight, as in a saved model's weight manifest. */
export type Parameter = LayerWeight

/** Plain data: it may be handed to a worker thread or written as JSON. */
export interface ModelPlan {
  /** A Sequential model as TensorFlow.js layers saves it (`modelTopology`). */
  readonly topology: object
  readonly parameters: readonly Parameter[]
  /** All numbers in `parameters`. */
  readonly size: number
  /** How many of them, from the beginning, are trained by gradient. */
  readonly trainable: number
  /** Width of a row, before and after the model. */
  readonly inputs: number
  readonly outputs: number
  /** `convolution`: the wasm backend lacks gradients, so trainers take another. */
  readonly kernels: 'dense' | 'convolution'
}

export const MAXIMUM_PARAMETERS = 50_000_000
export const MAXIMUM_LAYERS = 200
/** Numbers that one row may become between two layers; 40 MB per row as float32. */
export const MAXIMUM_ROW_VALUES = 10_000_000

/**
 * Throws LEARNING_MODEL_INVALID, LEARNING_MODEL_OUTPUT, LEARNING_MODEL_SIZE, LEARNING_TASK_INVALID.
 * `inputs`: the number of encoded columns.
 */
export function planModel(model: ModelSpec, task: TaskSpec, inputs: number): ModelPlan {
  const specs = layersOf(model, task)
  if (specs.length === 0 || specs.length > MAXIMUM_LAYERS) {
    throw new LearningError('LEARNING_MODEL_SIZE', `${specs.length} layers, expected 1 to ${MAXIMUM_LAYERS}`)
  }
  const layers = planLayers(specs, inputs)
  verifyOutput(layers, task)
  const parameters = layers.flatMap(({ name, weights }) =>
    weights.map((weight) => ({ ...weight, name: `${name}/${weight.name}` })),
  )
  const ordered = [...parameters.filter(({ trainable }) => trainable), ...parameters.filter((one) => !one.trainable)]
  const sizeOf = (some: readonly Parameter[]) => some.reduce((sum, { shape }) => sum + elementsOf(shape), 0)
  return {
    topology: topologyOf(layers, inputs),
    parameters: ordered,
    size: sizeOf(ordered),
    trainable: sizeOf(ordered.filter(({ trainable }) => trainable)),
    inputs,
    outputs: taskOutput(task).outputs,
    kernels: layers.some(({ className }) => className === 'Conv1D') ? 'convolution' : 'dense',
  }
}

/** logistic = one Dense layer with the task's activation; mlp = hidden Dense layers before it. */
function layersOf(model: ModelSpec, task: TaskSpec): readonly LayerSpec[] {
  if (model.kind === 'layers') return model.layers
  const { outputs, activation } = taskOutput(task)
  const output: LayerSpec = { className: 'Dense', config: { units: outputs, activation } }
  if (model.kind === 'logistic') return [output]
  const hidden = model.hidden.flatMap((units) => {
    const layer: LayerSpec = { className: 'Dense', config: { units, activation: model.activation } }
    return model.dropout === 0 ? [layer] : [layer, { className: 'Dropout', config: { rate: model.dropout } }]
  })
  return [...hidden, output]
}

interface NamedLayer extends PlannedLayer {
  readonly className: string
  readonly name: string
}

function planLayers(specs: readonly LayerSpec[], inputs: number): NamedLayer[] {
  const names = new Set<string>()
  const layers: NamedLayer[] = []
  let shape: readonly number[] = [inputs]
  let size = 0
  for (const [index, spec] of specs.entries()) {
    const layer = planLayer(spec, index, shape)
    if (names.has(layer.name)) {
      throw new LearningError('LEARNING_MODEL_INVALID', `two layers are named ${layer.name}, expected distinct names`)
    }
    names.add(layer.name)
    layers.push(layer)
    shape = layer.output
    size += layer.weights.reduce((sum, weight) => sum + elementsOf(weight.shape), 0)
    if (size > MAXIMUM_PARAMETERS || elementsOf(shape) > MAXIMUM_ROW_VALUES) {
      const found = `up to layer ${index + 1} ${size} parameters and ${elementsOf(shape)} values per row`
      const expected = `at most ${MAXIMUM_PARAMETERS} and ${MAXIMUM_ROW_VALUES}`
      throw new LearningError('LEARNING_MODEL_SIZE', `the model has ${found}, expected ${expected}`)
    }
  }
  return layers
}

function planLayer(spec: LayerSpec, index: number, input: readonly number[]): NamedLayer {
  const { className } = spec
  const config = openLayerConfig(spec, index)
  const plan = layerKinds.get(className)
  if (plan === undefined) {
    throw config.invalid(`an unknown layer, expected one of ${[...layerKinds.keys()].join(', ')}`)
  }
  const name = config.text('name') ?? `${className.toLowerCase()}_${index + 1}`
  // What TensorFlow.js accepts in the name of a weight, without the slash.
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name)) {
    throw config.invalid(`its name ${JSON.stringify(name)} has other characters than letters, digits, _ . -`)
  }
  if (index === 0) {
    const declared = config.list('inputShape') ?? config.list('batchInputShape')?.slice(1) ?? [...input]
    if (declared.length !== 1 || declared[0] !== input[0]) {
      throw config.invalid(`its input shape is [${declared}], but the data contract gives [${input}] encoded columns`)
    }
  }
  const layer = plan(config, input)
  config.finish()
  return { ...layer, className, name }
}

function verifyOutput(layers: readonly NamedLayer[], task: TaskSpec): void {
  const { outputs, activation } = taskOutput(task)
  const last = layers.at(-1)
  const shape = last?.output ?? []
  if (shape.length !== 1 || shape[0] !== outputs || last?.activation !== activation) {
    const found = `${last?.className} with shape [${shape}] and activation ${last?.activation ?? 'none'}`
    const expected = `shape [${outputs}] and activation ${activation} for ${task.kind}`
    throw new LearningError('LEARNING_MODEL_OUTPUT', `the model ends with ${found}, expected ${expected}`)
  }
}

function topologyOf(layers: readonly NamedLayer[], inputs: number): object {
  return {
    class_name: 'Sequential',
    config: {
      name: 'coffer',
      layers: layers.map(({ className, name, config }, index) => ({
        class_name: className,
        config: {
          ...config,
          name,
          trainable: true,
          ...(index === 0 ? { batch_input_shape: [null, inputs], dtype: 'float32' } : {}),
        },
      })),
    },
    keras_version: 'tfjs-layers 4.22.0',
    backend: 'tensor_flow.js',
  }
}
