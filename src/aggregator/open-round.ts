/**
 * One round being played: the pure round of the round room, the engine that adds its updates, and its deadline. Whatever
 * happens to the round happens in one line: an update is added while nothing else moves the round, so one that is being
 * added at the deadline counts, and the sum is opened after the last one that was acknowledged.
 */
import { setMaxListeners } from 'node:events'
import {
  type Admission,
  admit,
  type Contribution,
  contributorsOf,
  missingFrom,
  openRound,
  type PartyActivity,
  type Round,
  RoundError,
  type RoundInput,
  type RoundPlan,
  step,
} from '../round/index.ts'
import type { Engine, RoundResult, UpdateFacts } from './engine/index.ts'

export type Outcome =
  | {
      readonly kind: 'summed'
      readonly contributors: ReadonlyMap<string, Contribution>
      readonly missing: readonly string[]
      readonly result: RoundResult
      /** From opening to closing. */
      readonly gatherMs: number
    }
  | { readonly kind: 'abandoned'; readonly reason: string }

export interface RoundSetting {
  readonly plan: RoundPlan
  readonly present: Iterable<string>
  readonly engine: Pick<Engine, 'add' | 'close' | 'discard'>
  readonly now: () => number
  readonly announce: (party: string, activity: PartyActivity, detail: string) => void
  /** The contributors are fixed; nothing has been summed. */
  readonly closed: (contributors: readonly string[]) => Promise<void>
}

export class OpenRound {
  /** Aborts when the round takes no more updates. */
  readonly closed: AbortSignal
  /** Rejects only if summing itself fails. */
  readonly outcome: Promise<Outcome>
  readonly #setting: RoundSetting
  /** Not by the clock, which may be set while the round lasts. */
  readonly #openedAt = performance.now()
  readonly #deadline: NodeJS.Timeout
  readonly #closing = new AbortController()
  #round: Round
  #line: Promise<unknown> = Promise.resolve()
  #conclude: (outcome: Outcome | PromiseLike<Outcome>) => void = () => undefined

  constructor(setting: RoundSetting) {
    this.#setting = setting
    this.closed = this.#closing.signal
    // Every upload of the round listens; a thousand parties are no leak.
    setMaxListeners(0, this.closed)
    this.#round = openRound(setting.plan, setting.present)
    this.outcome = new Promise((resolve) => {
      this.#conclude = resolve
    })
    const left = Math.max(0, setting.plan.deadlineMs - setting.now())
    this.#deadline = setTimeout(() => this.input({ kind: 'time', nowMs: setting.plan.deadlineMs }), left)
  }

  get number(): number {
    return this.#setting.plan.number
  }

  /** @throws RoundError if this update cannot count. */
  admit(party: string, round: number, digest: string): Admission {
    return admit(this.#round, party, round, digest)
  }

  /**
   * Adds an update in its turn.
   * @param accepted called in that turn: the update is in the sum, and nothing has happened since
   * @throws RoundError, UpdateError, LearningError: then the sum is as it was
   */
  receive(
    number: number,
    digest: string,
    update: Uint8Array,
    facts: UpdateFacts,
    accepted: (contribution: Contribution) => void,
  ): Promise<void> {
    const { party, rows, staleness } = facts
    return this.#inTurn(async () => {
      // Others had their turn since this update was admitted.
      if (this.admit(party, number, digest).kind !== 'new') return
      await this.#setting.engine.add(update, facts)
      accepted({ digest, weight: rows, staleness })
      this.#step({ kind: 'received', party, round: number, digest, weight: rows })
    })
  }

  /** In its turn; what happens to a round that is over changes nothing. */
  input(input: Exclude<RoundInput, { kind: 'received' }>): void {
    void this.#inTurn(async () => this.#step(input))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(work)
    // What went wrong is for whoever asked; the next in line comes all the same.
    this.#line = turn.catch(() => undefined)
    return turn
  }

  #step(input: RoundInput): void {
    const { round, effects } = step(this.#round, input)
    this.#round = round
    for (const effect of effects) {
      if (effect.kind === 'announce') this.#setting.announce(effect.party, effect.activity, effect.detail)
      else if (effect.kind === 'sum') this.#close(() => this.#sum())
      // One that is abandoned while it is being summed is thrown away where it is summed.
      else if (effect.kind === 'abandon' && !this.closed.aborted) this.#close(() => this.#abandon(effect.reason))
    }
  }

  #close(conclude: () => Promise<Outcome>): void {
    clearTimeout(this.#deadline)
    this.#closing.abort(new RoundError('ROUND_CLOSED', `round ${this.number} has closed`))
    this.#conclude(conclude())
  }

  async #sum(): Promise<Outcome> {
    const gatherMs = Math.round(performance.now() - this.#openedAt)
    const contributors = this.#round.received
    await this.#setting.closed(contributorsOf(this.#round))
    // A run that was stopped meanwhile opens no sum, and one that was stopped while it was opened releases none.
    const early = this.#reasonAgainst()
    if (early !== undefined) return this.#abandon(early)
    const result = await this.#setting.engine.close()
    const late = this.#reasonAgainst()
    if (late !== undefined) return { kind: 'abandoned', reason: late }
    this.#step({ kind: 'summed' })
    return { kind: 'summed', contributors, missing: missingFrom(this.#round), result, gatherMs }
  }

  #reasonAgainst(): string | undefined {
    return this.#round.state === 'abandoned' ? this.#round.reason : undefined
  }

  async #abandon(reason: string): Promise<Outcome> {
    await this.#setting.engine.discard()
    return { kind: 'abandoned', reason }
  }
}
