/**
 * Server strategies: how the weighted mean delta of a round becomes the next model.
 *
 * Reddi et al., "Adaptive Federated Optimization", ICLR 2021 (arXiv 2003.00295), Algorithm 2, with g = the mean delta:
 *
 *   m_t = beta1 m_{t-1} + (1 - beta1) g                      m_{-1} = 0
 *   v_t = v_{t-1} + g^2                                      fedadagrad
 *   v_t = v_{t-1} - (1 - beta2) g^2 sign(v_{t-1} - g^2)      fedyogi
 *   v_t = beta2 v_{t-1} + (1 - beta2) g^2                    fedadam
 *   x_{t+1} = x_t + eta m_t / (sqrt(v_t) + tau)              v_{-1} = tau^2
 *
 * The paper has no bias correction, and neither has this. fedavg (McMahan et al. 2017) is x_{t+1} = x_t + g; fedprox
 * (Li et al. 2020) differs at the parties only. fedbuff (Nguyen et al. 2022) is x_{t+1} = x_t + eta g, where late
 * updates went into g with `stalenessWeight`.
 *
 * scaffold (Karimireddy et al., ICML 2020, Algorithm 1, option II) has a control variate c beside the model, and
 * updates that are pairs [model delta | control delta]; of N parties in the job, S took part:
 *
 *   x_{t+1} = x_t + eta g_x,   c_{t+1} = c_t + |S| / N g_c                  c_0 = 0
 *
 * The paper takes plain means; here they are weighted by rows, as everywhere in Coffer.
 *
 * The state is float64 and parameters leave as float32. Parameters that no party trains by gradient (moving means and
 * variances of batch normalisation; last in the order of a plan) are averaged under every strategy: an adaptive step
 * is about eta whatever the delta, and would carry a variance below zero.
 */
import { LearningError } from './errors.ts'

export type StrategySpec =
  | { readonly kind: 'fedavg' }
  | { readonly kind: 'fedprox'; readonly mu: number }
  | {
      readonly kind: 'fedadam' | 'fedyogi'
      readonly learningRate: number
      readonly beta1: number
      readonly beta2: number
      readonly tau: number
    }
  | { readonly kind: 'fedadagrad'; readonly learningRate: number; readonly beta1: number; readonly tau: number }
  | { readonly kind: 'scaffold'; readonly learningRate: number }
  | {
      readonly kind: 'fedbuff'
      readonly buffer: number
      readonly maximumStaleness: number
      readonly learningRate: number
    }

/** All there is to keep between rounds: plain numbers and typed arrays, for checkpoints. */
export interface ServerState {
  readonly steps: number
  /** Length of the model, and how many parameters at its beginning the strategy may adapt. */
  readonly size: number
  readonly trainable: number
  /** m and v of the trainable parameters; empty for fedavg and fedprox. */
  readonly first: Float64Array
  readonly second: Float64Array
  /** The server's control variate, one value per parameter; empty but for scaffold. */
  readonly control: Float64Array
}

export interface Strategy {
  /** `trainable`: parameters trained by gradient, first in order (ModelPlan.trainable); all unless told otherwise. */
  start(size: number, trainable?: number): ServerState
  /**
   * One round. `parameters` and `delta`: `size` values each (scaffold: 2 * `size` deltas), left as they are.
   * `participation`: how many of the job's parties took part, over all of them; scaffold alone uses it.
   * Consumes `state`: its arrays move into the new state, because a second copy of m and v is 16 bytes a parameter.
   * Throws LEARNING_SHAPE, LEARNING_STEP_NOT_FINITE.
   */
  step(
    state: ServerState,
    parameters: Float32Array,
    delta: Float64Array,
    participation?: number,
  ): { readonly state: ServerState; readonly parameters: Float32Array }
}

/** v_t from v_{t-1}, g^2 and beta2. */
type SecondMoment = (v: number, square: number, beta2: number) => number

/** The strategies. `undefined`: the mean delta is added, times a learning rate where there is one. */
const secondMoments: Readonly<Record<StrategySpec['kind'], SecondMoment | undefined>> = {
  fedavg: undefined,
  fedprox: undefined,
  scaffold: undefined,
  fedbuff: undefined,
  fedadagrad: (v, square) => v + square,
  fedyogi: (v, square, beta2) => v - (1 - beta2) * square * Math.sign(v - square),
  fedadam: (v, square, beta2) => beta2 * v + (1 - beta2) * square,
}

interface Rule {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly tau: number
  readonly second: SecondMoment
}

function ruleOf(spec: StrategySpec): Rule | undefined {
  const second = secondMoments[spec.kind]
  if (second === undefined || !('tau' in spec)) return undefined
  const { learningRate, beta1, tau } = spec
  const beta2 = 'beta2' in spec ? spec.beta2 : 0
  for (const [name, value] of Object.entries({ learningRate, tau })) {
    if (!(value > 0 && Number.isFinite(value))) throw invalid(name, value, 'above 0')
  }
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) throw invalid(name, value, 'from 0 to below 1')
  }
  return { learningRate, beta1, beta2, tau, second }
}

/** Throws LEARNING_STRATEGY_INVALID. */
export function createStrategy(spec: StrategySpec): Strategy {
  const rule = ruleOf(spec)
  const rate = rateOf(spec)
  const controlled = spec.kind === 'scaffold'
  return {
    start(size, trainable = size) {
      if (!(Number.isInteger(trainable) && Number.isInteger(size) && trainable >= 0 && trainable <= size)) {
        throw new LearningError('LEARNING_SHAPE', `${trainable} trainable parameters of ${size}`)
      }
      const adapted = rule === undefined ? 0 : trainable
      const second = new Float64Array(adapted).fill(rule === undefined ? 0 : rule.tau ** 2)
      const control = new Float64Array(controlled ? size : 0)
      return { steps: 0, size, trainable, first: new Float64Array(adapted), second, control }
    },
    step(state, parameters, delta, participation = 1) {
      verifyLengths(state, parameters, delta, rule !== undefined, controlled)
      const { size, trainable, control } = state
      const next = new Float32Array(size)
      if (rule !== undefined) adaptiveStep(rule, state, parameters, delta, next)
      else meanStep(parameters, delta, rate, 0, trainable, next)
      meanStep(parameters, delta, 1, trainable, size, next)
      for (let i = 0; i < control.length; i += 1) {
        control[i] = (control[i] ?? 0) + participation * (delta[size + i] ?? Number.NaN)
      }
      const at = firstNotFinite(next)
      if (at >= 0) {
        const found = `parameter ${at} became ${next[at]} (it was ${parameters[at]}, its delta ${delta[at]})`
        throw new LearningError('LEARNING_STEP_NOT_FINITE', found)
      }
      return { state: { ...state, steps: state.steps + 1 }, parameters: next }
    },
  }
}

/**
 * What an update counts that was made on a model `staleness` rounds older than the one it is added to: Nguyen et al.,
 * "Federated Learning with Buffered Asynchronous Aggregation", AISTATS 2022, section 5. Under every other strategy a
 * late update that is kept counts fully.
 */
export function stalenessWeight(spec: StrategySpec, staleness: number): number {
  return spec.kind === 'fedbuff' ? 1 / Math.sqrt(1 + staleness) : 1
}

/** What the mean delta is multiplied by where no moments are kept. */
function rateOf(spec: StrategySpec): number {
  if (spec.kind !== 'scaffold' && spec.kind !== 'fedbuff') return 1
  const { learningRate } = spec
  if (!(learningRate > 0 && Number.isFinite(learningRate))) throw invalid('learningRate', learningRate, 'above 0')
  return learningRate
}

function adaptiveStep(
  rule: Rule,
  state: ServerState,
  parameters: Float32Array,
  delta: Float64Array,
  next: Float32Array,
): void {
  const { learningRate, beta1, beta2, tau, second } = rule
  for (let i = 0; i < state.first.length; i += 1) {
    const g = delta[i] ?? Number.NaN
    const m = beta1 * (state.first[i] ?? 0) + (1 - beta1) * g
    const v = second(state.second[i] ?? 0, g * g, beta2)
    state.first[i] = m
    state.second[i] = v
    next[i] = (parameters[i] ?? 0) + (learningRate * m) / (Math.sqrt(v) + tau)
  }
}

function meanStep(
  parameters: Float32Array,
  delta: Float64Array,
  rate: number,
  from: number,
  to: number,
  next: Float32Array,
): void {
  for (let i = from; i < to; i += 1) next[i] = (parameters[i] ?? 0) + rate * (delta[i] ?? 0)
}

function firstNotFinite(values: Float32Array): number {
  // Infinity less itself is NaN, and stays NaN whatever follows: cheaper than asking each what kind of number it is.
  let check = 0
  const { length } = values
  for (let i = 0; i < length; i += 1) {
    const value = values[i] ?? 0
    check += value - value
  }
  return check === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value))
}

function verifyLengths(
  state: ServerState,
  parameters: Float32Array,
  delta: Float64Array,
  adapts: boolean,
  controlled: boolean,
): void {
  const { size, trainable, first, second, control } = state
  const deltas = controlled ? 2 * size : size
  const adapted = adapts ? trainable : 0
  const moments = first.length === adapted && second.length === adapted
  const right = moments && control.length === (controlled ? size : 0)
  if (!right || parameters.length !== size || delta.length !== deltas) {
    const found = `${parameters.length} parameters, ${delta.length} deltas, ${first.length} and ${second.length} moments`
    throw new LearningError('LEARNING_SHAPE', `a step of ${found}, expected ${size}, ${deltas}, ${adapted}, ${adapted}`)
  }
}

function invalid(name: string, value: number, expected: string): LearningError {
  return new LearningError('LEARNING_STRATEGY_INVALID', `strategy.${name} is ${value}, expected ${expected}`)
}
