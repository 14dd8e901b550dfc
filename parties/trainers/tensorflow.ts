/**
 * TensorFlow.js, known to this file only: starts a backend and makes a plan into a model that computes batches.
 *
 * A training step takes from TensorFlow the forward pass and the gradients; loss, penalties, optimiser and the order of
 * rows are ours (losses.ts, optimizer.ts, training.ts). CPU time of a step with Adam, batch 256, 23 inputs, one core:
 *
 *                                                      MLP 23-64-32-1   logistic regression
 *   wasm, with losses and optimiser made of tensors        4.7 ms            2.1 ms
 *   wasm, as here                                          0.9 ms            0.4 ms
 *   cpu, as here                                           9.5 ms            0.4 ms
 *
 * What may go wrong: a backend does not start (an error whose message says why; backend.ts chooses), or a model has
 * other weights than its plan (TRAINER_FAILED).
 */
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import util from 'node:util'
import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { models } from '@tensorflow/tfjs-layers'
import type { ModelPlan, TaskSpec } from '../../src/learning/index.ts'
import type { BackendName } from './backend.ts'
import { TrainerError } from './errors.ts'
import { objectives } from './losses.ts'
import type { ComputedModel } from './training.ts'

const load = createRequire(import.meta.url)

/** How TensorFlow.js calls them. */
const engineNames: Readonly<Record<BackendName, string>> = { node: 'tensorflow', wasm: 'wasm', cpu: 'cpu' }

const prepare: Readonly<Record<BackendName, () => void>> = {
  node() {
    // tfjs-node 4.22 calls util.isNullOrUndefined, which Node 23 removed.
    if (!('isNullOrUndefined' in util)) {
      Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined })
    }
    try {
      load('@tensorflow/tfjs-node')
    } catch (error) {
      const [reason] = String(error instanceof Error ? error.message : error).split('\n')
      const absent = reason?.includes("'@tensorflow/tfjs-node'") ?? false
      throw new Error(absent ? 'tfjs-node is not installed' : `tfjs-node does not load (${reason})`, { cause: error })
    }
  },
  wasm() {
    setWasmPaths(dirname(load.resolve('@tensorflow/tfjs-backend-wasm')) + sep)
    // Threads do not work under Node: asked for, they make TensorFlow.js fall back to another backend in silence.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
    multiplyUntransposed()
  },
  cpu() {
    // Registered by its import.
  },
}

export async function startBackend(name: BackendName): Promise<void> {
  // Production mode: no banners, no hints on the console.
  tf.enableProdMode()
  prepare[name]()
  const wanted = engineNames[name]
  const set = await tf.setBackend(wanted)
  await tf.ready()
  if (!set || tf.getBackend() !== wanted) throw new Error(`the TensorFlow.js backend ${wanted} does not start`)
}

/**
 * The wasm kernel is fast (XNNPACK) for a * b and slow for a * b' and a' * b, which are what gradients are made of. To
 * transpose first halves a step of the MLP above, and takes one of 512-512-256 from 313 to 35 ms.
 */
function multiplyUntransposed(): void {
  const multiply = tf.getKernel('BatchMatMul', 'wasm')
  const transpose = tf.getKernel('Transpose', 'wasm')
  if (multiply === undefined || transpose === undefined) throw new Error('the wasm backend lacks matrix products')
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const made: tf.TensorInfo[] = []
    const upright = (x: tf.TensorInfo | undefined, transposed: unknown): tf.TensorInfo => {
      if (x === undefined) throw new Error('a matrix product lacks a factor')
      if (transposed !== true) return x
      const axes = x.shape.map((_, axis) => axis)
      const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
      const flipped = [transpose.kernelFunc({ inputs: { x }, backend, attrs: { perm } })].flat()
      made.push(...flipped)
      return flipped[0] ?? x
    }
    const a = upright(inputs.a, attrs?.transposeA)
    const b = upright(inputs.b, attrs?.transposeB)
    const product = multiply.kernelFunc({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } })
    for (const { dataId } of made) tf.backend().disposeData(dataId)
    return product
  }
  tf.unregisterKernel('BatchMatMul', 'wasm')
  tf.registerKernel({ ...multiply, kernelFunc })
}

/** How many tensors live, and how many buffers the backend holds for them; for a test that none leak. */
export function livingTensors(): { tensors: number; buffers: number } {
  return { tensors: tf.memory().numTensors, buffers: tf.backend().numDataIds() }
}

/** The plan's model on the backend that was started. Throws TRAINER_FAILED if TensorFlow.js sees other weights. */
export async function createModel(plan: ModelPlan, task: TaskSpec): Promise<ComputedModel> {
  const model = await models.modelFromJSON({ modelTopology: trainingTopology(plan.topology) })
  const variables = model.getWeights().map(asVariable)
  verifyWeights(variables, plan)
  const trained = variables.slice(0, plan.parameters.filter(({ trainable }) => trainable).length)
  const objective = objectives[task.kind]

  const forward = (features: Float32Array, rows: number, training: boolean): tf.Tensor => {
    const raw = model.apply(tf.tensor2d(features, [rows, plan.inputs]), { training })
    if (raw instanceof tf.Tensor) return raw
    throw new TrainerError('TRAINER_FAILED', 'the model did not give one tensor of outputs')
  }

  return {
    load: (parameters) => assign(variables, parameters),
    loadTrained: (parameters) => assign(trained, parameters),
    read() {
      const parameters = new Float32Array(plan.size)
      copyOut(variables, parameters)
      return parameters
    },
    gradient: (features, labels, into) =>
      tf.tidy(() => {
        let loss = Number.NaN
        const { grads } = tf.variableGrads(() => {
          const raw = forward(features, labels.length, true)
          const slope = new Float32Array(raw.size)
          loss = objective.loss(floats(raw), labels, plan.outputs, slope)
          // Its gradient by `raw` is the slope; its value is of no use.
          return tf.sum<tf.Scalar>(tf.mul(raw, tf.tensor(slope, raw.shape)))
        }, trained)
        into.fill(0)
        copyOut(
          trained.map((variable) => grads[variable.name] ?? tf.zerosLike(variable)),
          into,
        )
        return loss
      }),
    predict: (features, rows) => tf.tidy(() => objective.predict(floats(forward(features, rows, false)), plan.outputs)),
  }
}

/**
 * The last layer without its activation, which planModel has checked to be the task's: it is applied in losses.ts.
 * Kernels start at zero: parameters always come from outside, so drawing random ones would be time lost.
 */
function trainingTopology(topology: object) {
  const copy = JSON.parse(JSON.stringify(topology))
  for (const { config } of copy.config.layers) config.kernel_initializer = 'zeros'
  copy.config.layers.at(-1).config.activation = 'linear'
  return copy
}

/** LayersModel.getWeights gives the variables themselves, typed as tensors. */
function asVariable(weight: tf.Tensor): tf.Variable {
  if (weight instanceof tf.Variable) return weight
  throw new TrainerError('TRAINER_FAILED', 'a weight of the TensorFlow.js model is not a variable')
}

function verifyWeights(variables: readonly tf.Variable[], plan: ModelPlan): void {
  const found = variables.map(({ shape, trainable }) => `${trainable ? 'trained' : 'fixed'} [${shape}]`).join(' ')
  const planned = plan.parameters
    .map(({ shape, trainable }) => `${trainable ? 'trained' : 'fixed'} [${shape}]`)
    .join(' ')
  if (found !== planned) {
    throw new TrainerError('TRAINER_FAILED', `TensorFlow.js makes the weights ${found}, the plan says ${planned}`)
  }
}

function assign(variables: readonly tf.Variable[], parameters: Float32Array): void {
  tf.tidy(() => {
    let at = 0
    for (const variable of variables) {
      // A copy: the cpu backend keeps the array it is given.
      variable.assign(tf.tensor(parameters.slice(at, at + variable.size), variable.shape))
      at += variable.size
    }
  })
}

function copyOut(tensors: readonly tf.Tensor[], into: Float32Array): void {
  let at = 0
  for (const tensor of tensors) {
    into.set(floats(tensor), at)
    at += tensor.size
  }
}

function floats(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync()
  if (values instanceof Float32Array) return values
  throw new TrainerError('TRAINER_FAILED', `a tensor has the type ${tensor.dtype}, expected float32`)
}
