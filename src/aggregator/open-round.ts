/**
 * One round being played: the pure round of the round room, its sum, and its deadline. Effects are carried out in the
 * order the round gives them, one after the other, so that an update is in the sum before the sum is opened.
 */
import { setMaxListeners } from 'node:events'
import { setImmediate as pause } from 'node:timers/promises'
import {
  admit,
  type Contribution,
  missingFrom,
  openRound,
  RoundError,
  type PartyActivity,
  type Round,
  type RoundInput,
  type RoundPlan,
  step,
  type Sum,
  type SumTotals,
} from '../round/index.ts'

export type Outcome =
  | {
      readonly kind: 'released'
      readonly contributors: ReadonlyMap<string, Contribution>
      readonly missing: readonly string[]
      readonly totals: SumTotals
      /** From opening to closing, by the clock. */
      readonly gatherMs: number
      /** Spent on verifying, adding and opening. */
      readonly sumMs: number
    }
  | { readonly kind: 'abandoned'; readonly reason: string }

export interface RoundSetting {
  readonly plan: RoundPlan
  readonly present: Iterable<string>
  readonly sum: Sum
  readonly minimumParties: number
  /** What the parties divided their rows by. */
  readonly weightUnit: number
  readonly now: () => number
  readonly announce: (party: string, activity: PartyActivity, detail: string) => void
}

export class OpenRound {
  /** Aborts when the round takes no more updates. */
  readonly closed: AbortSignal
  /** Rejects only if summing itself fails. */
  readonly outcome: Promise<Outcome>
  readonly #setting: RoundSetting
  readonly #openedMs: number
  readonly #deadline: NodeJS.Timeout
  readonly #closing = new AbortController()
  #round: Round
  #queue: Promise<void> = Promise.resolve()
  /** Milliseconds spent on verifying and adding. */
  #worked = 0
  #conclude: (outcome: Outcome | PromiseLike<Outcome>) => void = () => undefined

  constructor(setting: RoundSetting) {
    this.#setting = setting
    this.closed = this.#closing.signal
    // Every upload of the round listens; a thousand parties are no leak.
    setMaxListeners(0, this.closed)
    this.#openedMs = setting.now()
    this.#round = openRound(setting.plan, setting.present)
    this.outcome = new Promise((resolve) => {
      this.#conclude = resolve
    })
    const left = Math.max(0, setting.plan.deadlineMs - this.#openedMs)
    this.#deadline = setTimeout(() => this.input({ kind: 'time', nowMs: setting.plan.deadlineMs }), left)
  }

  get round(): Round {
    return this.#round
  }

  get number(): number {
    return this.#setting.plan.number
  }

  /** @throws RoundError if this update cannot count; `known` if the same one already does. */
  admit(party: string, round: number, digest: string): 'new' | 'known' {
    return admit(this.#round, party, round, digest).kind
  }

  /**
   * Resolves when the update is in the sum.
   * @param judge throws for an update that is well-formed and cannot be true
   * @throws RoundError, UpdateError
   */
  async receive(
    party: string,
    round: number,
    { digest, weight }: Pick<Contribution, 'digest' | 'weight'>,
    update: Uint8Array,
    judge: () => void,
  ): Promise<void> {
    this.#worked += await drive(this.#setting.sum.verify(update))
    judge()
    this.input({ kind: 'received', party, round, digest, weight }, update)
    await this.#queue
  }

  /** @throws RoundError for a `received` that is refused. */
  input(input: RoundInput, update?: Uint8Array): void {
    const { round, effects } = step(this.#round, input)
    this.#round = round
    for (const effect of effects) {
      if (effect.kind === 'announce') this.#setting.announce(effect.party, effect.activity, effect.detail)
      else if (effect.kind === 'add' && update) this.#add(update, effect.weight)
      else if (effect.kind === 'sum') this.#close((gatherMs) => this.#open(gatherMs))
      else if (effect.kind === 'abandon') this.#close(() => ({ kind: 'abandoned', reason: effect.reason }))
    }
  }

  #add(update: Uint8Array, weight: number): void {
    this.#queue = this.#queue.then(async () => {
      this.#worked += await drive(this.#setting.sum.add(update, weight))
    })
  }

  #close(conclude: (gatherMs: number) => Outcome): void {
    clearTimeout(this.#deadline)
    this.#closing.abort(new RoundError('ROUND_CLOSED', `round ${this.number} has closed`))
    const gatherMs = this.#setting.now() - this.#openedMs
    const outcome = this.#queue.then(() => {
      const { round } = this
      return round.state === 'abandoned' ? { kind: 'abandoned' as const, reason: round.reason } : conclude(gatherMs)
    })
    this.#conclude(outcome)
  }

  #open(gatherMs: number): Outcome {
    const began = performance.now()
    const totals = this.#setting.sum.open(this.#setting.minimumParties, this.#setting.weightUnit)
    const sumMs = Math.round(this.#worked + performance.now() - began)
    this.#round = step(this.#round, { kind: 'summed' }).round
    const contributors = this.#round.received
    return { kind: 'released', contributors, missing: missingFrom(this.#round), totals, gatherMs, sumMs }
  }
}

/**
 * Runs sliced work to its end, letting other events in between slices.
 * @returns milliseconds of work, without what happened in between
 */
async function drive(work: Generator<undefined, void>): Promise<number> {
  let worked = 0
  for (let done = false; !done; ) {
    const began = performance.now()
    done = work.next().done === true
    worked += performance.now() - began
    if (!done) await pause()
  }
  return worked
}
