/**
 * The model of a run between rounds: parameters, the strategy's state, and the standardisation that the statistics
 * round found. Each kind of round turns its totals into the next state here; the bytes that parties fetch are made
 * once per round, for all of them.
 */
import { sha256 } from '../crypto/index.ts'
import type { JobSpec } from '../job/index.ts'
import {
  createStrategy,
  encodedColumns,
  initialParameters,
  LearningError,
  type Metrics,
  metricsFrom,
  metricsLayout,
  planModel,
  type ServerState,
  type Standardisation,
  standardisationFrom,
  statisticsLayout,
  trainLayout,
  verifyStatistics,
} from '../learning/index.ts'
import { summations, type SumTotals, type TaskKind } from '../round/index.ts'
import type { UpdateLayout } from '../update/index.ts'

export class ModelState {
  readonly #spec: JobSpec
  readonly #plan
  readonly #strategy
  #strategyState: ServerState | undefined
  #parameters: Float32Array
  #bytes: Uint8Array
  #digest: Uint8Array
  #standardisation: Standardisation

  constructor(spec: JobSpec) {
    const inputs = encodedColumns(spec.data.features).length
    this.#spec = spec
    this.#plan = planModel(spec.model, spec.task, inputs)
    const { strategy } = spec
    if (strategy.kind === 'scaffold' || strategy.kind === 'fedbuff') {
      throw new LearningError('LEARNING_STRATEGY_INVALID', `strategy ${strategy.kind} is not known to this aggregator`)
    }
    this.#strategy = createStrategy(strategy)
    this.#strategyState = this.#strategy.start(this.#plan.size, this.#plan.trainable)
    this.#parameters = initialParameters(this.#plan, spec.seed)
    this.#bytes = floatBytes(this.#parameters)
    this.#digest = sha256(this.#bytes)
    this.#standardisation = { mean: new Array(inputs).fill(0), deviation: new Array(inputs).fill(1) }
  }

  get size(): number {
    return this.#plan.size
  }
  /** The parameters as they travel: float32, little-endian. */
  get bytes(): Uint8Array {
    return this.#bytes
  }
  get digest(): Uint8Array {
    return this.#digest
  }
  get standardisation(): Standardisation {
    return this.#standardisation
  }

  /** After the last round: what is left is the model to collect, or nothing. */
  end(finished: boolean): void {
    this.#strategyState = undefined
    this.#parameters = new Float32Array(0)
    if (!finished) this.#bytes = new Uint8Array(0)
  }

  layout(task: TaskKind): UpdateLayout {
    switch (task) {
      case 'statistics':
        return statisticsLayout(this.#spec.data.features)
      case 'train':
        return trainLayout(this.#spec.task, this.#plan)
      case 'evaluate':
        return metricsLayout(this.#spec.task)
    }
  }

  /** One party's statistics, before they count. @throws LearningError LEARNING_TOTALS_INVALID */
  verify(task: TaskKind, update: Uint8Array, rows: number): void {
    if (task !== 'statistics') return
    const { summation, encoding, data } = this.#spec
    verifyStatistics(data.features, summations[summation].inspect(update, this.layout(task), encoding), rows)
  }

  /**
   * Takes the totals of a round into the model.
   * @param rows training rows behind the totals
   * @returns the metrics of the model the round started from, and the mean training loss
   */
  apply(task: TaskKind, totals: SumTotals, rows: number): { metrics: Metrics; trainingLoss: number } {
    if (task === 'statistics') {
      this.#standardisation = standardisationFrom(this.#spec.data.features, totals)
      return { metrics: {}, trainingLoss: 0 }
    }
    const metrics = metricsFrom(this.#spec.task, totals)
    if (task === 'evaluate') return { metrics, trainingLoss: 0 }
    if (!this.#strategyState) throw new Error('the run has ended: there is no model to step')
    const next = this.#strategy.step(this.#strategyState, this.#parameters, totals.deltas)
    this.#strategyState = next.state
    this.#parameters = next.parameters
    this.#bytes = floatBytes(next.parameters)
    this.#digest = sha256(this.#bytes)
    return { metrics, trainingLoss: (totals.sums.at(-1) ?? 0) / rows }
  }
}

/** Little-endian whatever the host: every platform this runs on is; a view costs nothing. */
function floatBytes(parameters: Float32Array): Uint8Array {
  return new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength)
}
