/**
 * The sum of one open round. An update is verified before it is used for anything, and counts entirely or not at all.
 *
 *   mean, norm bound, privacy   each update is clipped where the job says so, and added: memory is one sum
 *   all other robust rules      deltas go to the spool, counts and sums are added; the rule runs when the round closes
 *
 * A late update (staleness above 0) brings its deltas alone: its metrics are those of an older model. Its weight is
 * its rows over the weight unit of its own round, which its deltas were scaled by; the divisor of the mean is the sum of
 * the same shares, so a changed unit rounds nothing and the weights of a mean always sum to one. A late update then
 * counts by its share of the federation in its own round.
 */
import {
  aggregateRobustly,
  clipFactor,
  isSpooled,
  l2Norm,
  LearningError,
  ROBUST_BLOCK,
  stalenessWeight,
  verifyStatistics,
} from '../../learning/index.ts'
import type { JobSpec } from '../../job/index.ts'
import { maximumStaleness, RoundError, summations, type TaskKind } from '../../round/index.ts'
import {
  type Accumulator,
  createAccumulator,
  decodeSum,
  decompressUpdate,
  fixedPoint,
  fromBytes,
  scaleDeltas,
  toBytes,
  updateBytes,
  UpdateError,
  type UpdateLayout,
  updateElements,
  type UpdateTotals,
  verifyUpdate,
} from '../../update/index.ts'
import type { UpdateFacts } from './engine.ts'
import type { PartyShare } from './private-round.ts'
import type { CreateSpool, Spool } from './spool.ts'

export interface SumSetting {
  readonly spec: JobSpec
  readonly task: TaskKind
  readonly layout: UpdateLayout
  /** The norm bound of differential privacy; null without it. */
  readonly clip: number | null
  readonly createSpool: CreateSpool
  /** That of an earlier sum of this task, for this one. */
  readonly memory: Float64Array | undefined
}

export interface IncomingUpdate {
  readonly update: Uint8Array
  readonly facts: UpdateFacts
}

interface SpooledUpdate {
  readonly party: string
  readonly staleness: number
  /** From the values as they travelled to the party's own deltas in units of the fixed point. */
  readonly factor: number
  readonly record: number
}

export class RoundSum {
  /** Training rows behind the counts and sums. */
  rows = 0
  readonly #setting: SumSetting
  readonly #accumulator: Accumulator
  readonly #spool: Spool | undefined
  readonly #spooled: SpooledUpdate[] = []
  /** Of what is divided by: rows by weight unit, whole numbers, so that the order of arrival changes no bit. */
  readonly #weights = new Map<number, number>()
  readonly #parties = new Map<string, PartyShare>()
  /** Room for an update that is not added as it came. */
  #scratch: Int32Array | undefined

  constructor(setting: SumSetting) {
    const { spec, task, layout, createSpool, memory } = setting
    this.#setting = setting
    if (task === 'train' && isSpooled(spec.robust)) this.#spool = createSpool()
    this.#accumulator = createAccumulator(this.#spool ? { ...layout, deltas: 0 } : layout, spec.encoding, memory)
  }

  get parties(): readonly PartyShare[] {
    return [...this.#parties.values()]
  }
  get totalShare(): number {
    const units = [...this.#weights].sort(([a], [b]) => a - b)
    return units.reduce((sum, [unit, rows]) => sum + rows / unit, 0)
  }

  /** Throws UpdateError, LearningError, AggregatorError for a spool that fails; the sum is then what it was. */
  add(update: Uint8Array, facts: UpdateFacts): void {
    const { spec, task, layout } = this.#setting
    verifyFacts(facts, maximumStaleness(spec, task))
    const compression = task === 'train' ? spec.compression : ({ kind: 'none' } as const)
    const scratch = compression.kind === 'none' ? new Int32Array(0) : this.#room()
    const values = decompressUpdate(update, layout, spec.encoding, compression, scratch)
    if (task === 'statistics') {
      verifyUpdate(values, layout, spec.encoding)
      verifyStatistics(spec.data.features, summations.tee.inspect(update, layout, spec.encoding), facts.rows)
    }
    const within = this.#spool ? this.#addToSpool(this.#spool, values, facts) : this.#addToSum(values, facts)
    this.#count(facts, within)
  }

  /**
   * Adds both, or neither and says so: in one pass, where neither has to be looked at or changed by itself. Throws
   * nothing; `add` says of each what is wrong with it.
   */
  addBoth(updates: readonly [IncomingUpdate, IncomingUpdate]): boolean {
    if (!updates.every((each) => this.#isPlain(each))) return false
    const [first, second] = updates
    if (!this.#accumulator.addBoth(fromBytes(first.update), fromBytes(second.update))) return false
    for (const { facts } of updates) this.#count(facts, true)
    return true
  }

  /** The sum itself: for noise, and for its memory. */
  total(): Float64Array {
    return this.#accumulator.total()
  }

  /** Throws ROUND_BELOW_MINIMUM. */
  verifyMinimum(): void {
    const { minimumParties } = this.#setting.spec.rounds
    if (this.#parties.size >= minimumParties) return
    const text = `a sum of ${this.#parties.size} parties is not released; the job's minimum is ${minimumParties}`
    throw new RoundError('ROUND_BELOW_MINIMUM', text)
  }

  /** `reference`: the aggregate before, for centred clipping. Throws LearningError. */
  open(reference: Float64Array): UpdateTotals {
    const { spec, layout } = this.#setting
    const sum = this.#accumulator.total()
    if (!this.#spool) return decodeSum(sum, this.totalShare, layout, spec.encoding)
    const totals = decodeSum(sum, 1, { ...layout, deltas: 0 }, spec.encoding)
    return { ...totals, deltas: this.#aggregate(this.#spool, reference) }
  }

  close(): void {
    this.#spool?.close()
  }

  /** Whether an update is added as it came, whatever it holds, if it is valid. */
  #isPlain({ update, facts }: IncomingUpdate): boolean {
    const { spec, task, layout } = this.#setting
    const { robust, compression, privacy } = spec
    const kinds = robust.kind === 'none' && compression.kind === 'none' && privacy === undefined
    return kinds && task === 'train' && update.length === updateBytes(layout) && areFresh(facts)
  }

  /** Returns whether the update was within the clip bound. */
  #addToSum(values: Int32Array, facts: UpdateFacts): boolean {
    const { spec, task, layout } = this.#setting
    const clip = task === 'train' ? this.#clipFactor(values.subarray(0, layout.deltas), facts) : 1
    const factor = clip * (task === 'train' ? stalenessWeight(spec.strategy, facts.staleness) : 1)
    const hidden = spec.privacy !== undefined && (spec.privacy.metrics === 'withheld' || task === 'statistics')
    const bare = facts.staleness > 0 || hidden
    if (factor === 1 && !bare) {
      this.#accumulator.add(values)
      return true
    }
    // Scaling would bring a value that is too large into the range.
    verifyUpdate(values, layout, spec.encoding)
    const changed = this.#room()
    if (changed !== values) changed.set(values)
    // A bound holds if nothing grows; without one, the nearest value errs least.
    scaleDeltas(changed.subarray(0, layout.deltas), factor, clip < 1 ? 'toward-zero' : 'nearest')
    if (bare) changed.fill(0, layout.deltas)
    this.#accumulator.add(changed)
    return clip === 1
  }

  #clipFactor(deltas: Int32Array, facts: UpdateFacts): number {
    const { spec, clip } = this.#setting
    const bound = clip ?? (spec.robust.kind === 'norm-bound' ? spec.robust.bound : undefined)
    if (bound === undefined) return 1
    const unit = fixedPoint(spec.encoding).scale * shareOf(facts)
    return clipFactor(l2Norm(deltas) / unit, bound)
  }

  #addToSpool(spool: Spool, values: Int32Array, facts: UpdateFacts): boolean {
    const { spec, layout } = this.#setting
    verifyUpdate(values, layout, spec.encoding)
    const record = spool.append(toBytes(values.subarray(0, layout.deltas)))
    const tail = values.slice(layout.deltas)
    this.#accumulator.add(facts.staleness > 0 ? tail.fill(0) : tail)
    // A record that is not listed here does not count.
    const { party, staleness } = facts
    this.#spooled.push({ party, staleness, record, factor: stalenessWeight(spec.strategy, staleness) / shareOf(facts) })
    return true
  }

  #count({ party, rows, weightUnit, staleness }: UpdateFacts, within: boolean): void {
    this.#weights.set(weightUnit, (this.#weights.get(weightUnit) ?? 0) + rows)
    const before = this.#parties.get(party)
    const share = (before?.share ?? 0) + rows / weightUnit
    this.#parties.set(party, { share, within: within && before?.within !== false })
    if (staleness === 0) this.rows += rows
  }

  /** In the order of names, not of arrival. */
  #aggregate(spool: Spool, reference: Float64Array): Float64Array {
    const { spec, layout } = this.#setting
    if (!isSpooled(spec.robust)) throw new Error('only a robust rule has a spool')
    const order = [...this.#spooled].sort((a, b) => compare(a.party, b.party) || a.staleness - b.staleness)
    const integers = new Int32Array(ROBUST_BLOCK)
    const { scale } = fixedPoint(spec.encoding)
    return aggregateRobustly(
      spec.robust,
      {
        updates: order.length,
        size: layout.deltas,
        read(update, from, into) {
          const block = integers.subarray(0, into.length)
          const { record = -1, factor = Number.NaN } = order[update] ?? {}
          spool.read(record, from / ROBUST_BLOCK, toBytes(block))
          const unit = factor / scale
          for (let i = 0; i < into.length; i += 1) into[i] = (block[i] ?? 0) * unit
        },
      },
      reference,
    )
  }

  #room(): Int32Array {
    this.#scratch ??= new Int32Array(updateElements(this.#setting.layout))
    return this.#scratch
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

function shareOf({ rows, weightUnit }: UpdateFacts): number {
  return rows / weightUnit
}

function haveShare({ rows, weightUnit }: UpdateFacts): boolean {
  return Number.isSafeInteger(rows) && Number.isSafeInteger(weightUnit) && rows >= 1 && weightUnit >= rows
}

function areFresh(facts: UpdateFacts): boolean {
  return haveShare(facts) && facts.staleness === 0
}

function verifyFacts(facts: UpdateFacts, maximum: number): void {
  const { party, rows, weightUnit, staleness } = facts
  if (!haveShare(facts)) {
    const found = `party ${party} has ${rows} rows of a weight unit of ${weightUnit}`
    throw new UpdateError('UPDATE_SHARE_INVALID', `${found}, expected whole numbers, from 1 to the unit`)
  }
  if (!(Number.isInteger(staleness) && staleness >= 0 && staleness <= maximum)) {
    const found = `the update of party ${party} is ${staleness} rounds late`
    throw new LearningError('LEARNING_UPDATE_STALE', `${found}, this job lets at most ${maximum} count`)
  }
}
