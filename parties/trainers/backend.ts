/**
 * Which engine trains: the first of these that works and knows the model's gradients, and a sentence that says why.
 *
 *   node   TensorFlow's own library (@tensorflow/tfjs-node); an optional package, since its install downloads
 *   wasm   WebAssembly with SIMD, in one thread; lacks the gradients of convolutions
 *   cpu    plain JavaScript; always there
 *
 * A backend that was asked for is taken or refused (TRAINER_BACKEND), never replaced. Small models do not get `cpu`:
 * on logistic regression, the smallest of all, wasm is as fast (figures in tensorflow.ts).
 */
import type { ModelPlan } from '../../src/learning/index.ts'
import { TrainerError } from './errors.ts'

/** In order of preference. */
export const backendNames = ['node', 'wasm', 'cpu'] as const
export type BackendName = (typeof backendNames)[number]

export interface Backend {
  readonly name: BackendName
  /** A sentence for people: what trains, and why not something faster. */
  readonly why: string
}

/** Starts a backend, or throws an error whose message says in a clause why it cannot be had. */
export type StartBackend = (name: BackendName) => Promise<void>

const trainsWith: Readonly<Record<BackendName, string>> = {
  node: 'trains with the TensorFlow library (tfjs-node)',
  wasm: 'trains with TensorFlow.js on WebAssembly',
  cpu: 'trains with TensorFlow.js in plain JavaScript, the slowest way',
}

export async function chooseBackend(
  requested: BackendName | undefined,
  kernels: ModelPlan['kernels'],
  start: StartBackend,
): Promise<Backend> {
  const reasons: string[] = []
  for (const name of requested === undefined ? backendNames : [requested]) {
    const obstacle = await obstacleTo(name, kernels, start)
    if (obstacle === undefined) return { name, why: sentence(name, requested, reasons) }
    reasons.push(obstacle)
  }
  const wanted = requested === undefined ? 'no training backend works' : `the backend ${requested} was asked for`
  throw new TrainerError('TRAINER_BACKEND', `${wanted}, but ${reasons.join(', and ')}`)
}

async function obstacleTo(name: BackendName, kernels: ModelPlan['kernels'], start: StartBackend) {
  if (name === 'wasm' && kernels === 'convolution') return 'WebAssembly has no gradients of convolutions'
  try {
    await start(name)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function sentence(name: BackendName, requested: BackendName | undefined, reasons: readonly string[]): string {
  if (requested !== undefined) return `${trainsWith[name]}, as configured`
  if (reasons.length === 0) return `${trainsWith[name]}, which is installed`
  return `${trainsWith[name]}, because ${reasons.join(' and ')}`
}
