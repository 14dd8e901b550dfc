/**
 * All numbers of one run, in the order of its rounds: open, add, close. No clock, randomness or file of its own, so a
 * run can be replayed: the same updates give the same state, in any order of arrival, but for the noise of privacy.
 *
 *   ──> between rounds ──open──> open ──close──> between rounds
 *                                  └──discard──> between rounds
 */
import { createHash } from 'node:crypto'
import { sha256 } from '../../crypto/index.ts'
import type { JobSpec } from '../../job/index.ts'
import {
  clipFactor,
  createStrategy,
  declaredStandardisation,
  encodedColumns,
  initialParameters,
  metricsFrom,
  metricsLayout,
  type Metrics,
  type ModelPlan,
  planModel,
  standardisationFrom,
  statisticsLayout,
  type Strategy,
  trainLayout,
  verifyRobust,
} from '../../learning/index.ts'
import type { TaskKind } from '../../round/index.ts'
import { fixedPoint, updateBytes, type UpdateLayout, type UpdateTotals } from '../../update/index.ts'
import { AggregatorError } from '../errors.ts'
import type { EngineModel, RoundOpening, RoundResult, UpdateFacts } from './engine.ts'
import { PrivateRounds } from './private-round.ts'
import { type IncomingUpdate, RoundSum } from './round-sum.ts'
import type { CreateSpool } from './spool.ts'
import { decodeState, encodeState, type EngineState, parameterBytes, shapeOf } from './state.ts'

/** What the core takes from outside. */
export interface EngineMeans {
  /** That many bytes of a cryptographic generator: the noise of privacy. */
  readonly random: (bytes: number) => Uint8Array
  readonly createSpool: CreateSpool
  /** Milliseconds, for durations. */
  readonly now: () => number
}

/** What is outside after every round, and before the first. */
export interface Standing {
  readonly model: EngineModel
  readonly state: Uint8Array
  readonly stateDigest: Uint8Array
  /** Why no further training round fits the privacy budget. */
  readonly exhausted: string | undefined
}

interface OpenRound extends RoundOpening {
  readonly sum: RoundSum
  /** Milliseconds spent on adding. */
  worked: number
}

export class EngineCore {
  readonly #spec: JobSpec
  readonly #means: EngineMeans
  readonly #plan: ModelPlan
  readonly #strategy: Strategy
  readonly #privacy: PrivateRounds | undefined
  #state: EngineState
  #standing: Standing
  #round: OpenRound | undefined
  /** Of the last training round's sum. */
  #memory: Float64Array | undefined

  /** Throws LearningError for a job that cannot be run, AGGREGATION_STATE_INVALID for bytes of another. */
  constructor(spec: JobSpec, means: EngineMeans, restore?: Uint8Array) {
    this.#spec = spec
    this.#means = means
    this.#plan = planModel(spec.model, spec.task, encodedColumns(spec.data.features).length)
    this.#strategy = createStrategy(spec.strategy)
    verifyRobust(spec.robust)
    const first = this.#initialState()
    this.#state = restore === undefined ? first : decodeState(restore, shapeOf(first))
    if (this.#state.clip !== null) clipFactor(0, this.#state.clip)
    if (spec.robust.kind === 'norm-bound') clipFactor(0, spec.robust.bound)
    if (spec.privacy !== undefined) {
      this.#privacy = new PrivateRounds(spec.privacy, this.#state.ledger, means.random)
    }
    this.#standing = this.#stand()
  }

  get standing(): Standing {
    return this.#standing
  }

  updateBytes(task: TaskKind): number {
    return updateBytes(this.#layout(task), task === 'train' ? this.#spec.compression : undefined)
  }

  open(opening: RoundOpening): void {
    if (this.#round) throw outOfOrder(`round ${opening.round} was opened while round ${this.#round.round} is open`)
    const { task } = opening
    const { clip } = this.#state
    const { createSpool } = this.#means
    const memory = task === 'train' ? this.#memory : undefined
    const sum = new RoundSum({ spec: this.#spec, task, layout: this.#layout(task), clip, createSpool, memory })
    this.#round = { ...opening, sum, worked: 0 }
  }

  add(update: Uint8Array, facts: UpdateFacts): void {
    const round = this.#openRound()
    const began = this.#means.now()
    try {
      round.sum.add(update, facts)
    } finally {
      round.worked += this.#means.now() - began
    }
  }

  /** Both in one pass, or neither: see RoundSum. Throws AGGREGATION_ENGINE_ORDER. */
  addBoth(updates: readonly [IncomingUpdate, IncomingUpdate]): boolean {
    const round = this.#openRound()
    const began = this.#means.now()
    const added = round.sum.addBoth(updates)
    round.worked += this.#means.now() - began
    return added
  }

  close(): RoundResult {
    const round = this.#openRound()
    round.sum.verifyMinimum()
    const { clip } = this.#state
    try {
      const began = this.#means.now()
      const nextClip = this.#release(round)
      const totals = round.sum.open(this.#state.reference)
      const opened = this.#means.now()
      const learnt = this.#apply(round, totals, nextClip)
      this.#standing = this.#stand()
      const { model, state, stateDigest } = this.#standing
      const privacySpent = this.#privacy?.spent ?? null
      const noise = this.#privacy?.noise ?? null
      const sumMs = round.worked + opened - began
      return {
        ...learnt,
        model,
        state,
        stateDigest,
        clip,
        noise,
        privacySpent,
        sumMs,
        stepMs: this.#means.now() - opened,
      }
    } catch (error) {
      // A step that failed may have changed moments in place; the bytes have them as they were.
      this.#state = decodeState(this.#standing.state, shapeOf(this.#state))
      throw error
    } finally {
      this.discard()
    }
  }

  discard(): void {
    if (this.#round?.task === 'train') this.#memory = this.#round.sum.total()
    this.#round?.sum.close()
    this.#round = undefined
  }

  /** Charges and adds the noise of a training round; the clip bound of the next one. */
  #release({ task, sum }: OpenRound): number | null {
    const { clip } = this.#state
    if (!this.#privacy || clip === null || task !== 'train') return clip
    return this.#privacy.release({
      sum: sum.total(),
      end: this.#layout(task).deltas,
      scale: fixedPoint(this.#spec.encoding).scale,
      totalShare: sum.totalShare,
      parties: sum.parties,
      clip,
    })
  }

  /** Takes the totals of a round into the state. */
  #apply({ round, task, sum }: OpenRound, totals: UpdateTotals, clip: number | null) {
    const { task: predicted, data, parties } = this.#spec
    const hidden = this.#spec.privacy?.metrics === 'withheld'
    const metrics: Metrics = hidden || task === 'statistics' ? {} : metricsFrom(predicted, totals)
    if (task === 'statistics' && !this.#privacy) {
      this.#state = { ...this.#state, standardisation: standardisationFrom(data.features, totals) }
    }
    if (task !== 'train') {
      this.#state = { ...this.#state, round }
      return { metrics, trainingLoss: 0 }
    }
    const participation = sum.parties.length / parties.length
    const { strategy, parameters } = this.#state
    const next = this.#strategy.step(strategy, parameters, totals.deltas, participation)
    this.#state = {
      ...this.#state,
      round,
      parameters: next.parameters,
      strategy: next.state,
      reference: this.#state.reference.length > 0 ? totals.deltas : this.#state.reference,
      clip,
      ledger: this.#privacy?.ledger ?? [],
    }
    const trainingLoss = hidden || sum.rows === 0 ? 0 : (totals.sums.at(-1) ?? 0) / sum.rows
    return { metrics, trainingLoss }
  }

  #initialState(): EngineState {
    const { seed, data, robust, privacy, strategy } = this.#spec
    const { size, trainable } = this.#plan
    const inputs = encodedColumns(data.features).length
    const learnt = { mean: new Array(inputs).fill(0), deviation: new Array(inputs).fill(1) }
    const deltas = trainLayout(this.#spec.task, this.#plan, strategy).deltas
    return {
      round: -1,
      parameters: initialParameters(this.#plan, seed),
      strategy: this.#strategy.start(size, trainable),
      // Under privacy nothing is learnt about the columns: what the job declares is all there is.
      standardisation: privacy ? declaredStandardisation(data.features) : learnt,
      reference: new Float64Array(robust.kind === 'centred-clipping' ? deltas : 0),
      clip: privacy ? (privacy.clip.kind === 'fixed' ? privacy.clip.bound : privacy.clip.initial) : null,
      ledger: [],
    }
  }

  /** Writes the state, and gives the model as a view of what was written. */
  #stand(): Standing {
    const bytes = encodeState(this.#state)
    const parameters = parameterBytes(bytes, this.#plan.size)
    this.#state = { ...this.#state, parameters: floatsOf(parameters) }
    // The state begins with the parameters: one pass for both digests.
    const hash = createHash('sha256').update(parameters)
    const digest = new Uint8Array(hash.copy().digest())
    const stateDigest = new Uint8Array(hash.update(bytes.subarray(parameters.length)).digest())
    const { control } = this.#state.strategy
    const model: EngineModel = {
      digest,
      bytes: parameters,
      standardisation: this.#state.standardisation,
      ...(control.length > 0 ? { control: controlOf(control) } : {}),
    }
    return { model, state: bytes, stateDigest, exhausted: this.#privacy?.exhausted() }
  }

  #layout(task: TaskKind): UpdateLayout {
    switch (task) {
      case 'statistics':
        return statisticsLayout(this.#spec.data.features)
      case 'train':
        return trainLayout(this.#spec.task, this.#plan, this.#spec.strategy)
      case 'evaluate':
        return metricsLayout(this.#spec.task)
    }
  }

  #openRound(): OpenRound {
    if (this.#round) return this.#round
    throw outOfOrder('no round is open')
  }
}

/** Four-byte aligned, as encodeState lays it out. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

function controlOf(control: Float64Array): { digest: Uint8Array; bytes: Uint8Array } {
  const shared = new Float32Array(new SharedArrayBuffer(4 * control.length))
  shared.set(control)
  const bytes = new Uint8Array(shared.buffer)
  return { digest: sha256(bytes), bytes }
}

function outOfOrder(found: string): AggregatorError {
  return new AggregatorError('AGGREGATION_ENGINE_ORDER', found)
}
