/**
 * The newest events of a run, within a budget of memory: a long run has millions, and one that closes a round of a
 * thousand parties holds a receipt of 180 KB. Numbers go on without a gap whatever has been let go.
 */
import type { RunEvent } from './run.ts'

export interface EventBudget {
  readonly events: number
  readonly bytes: number
}

/** Some 30 rounds of a thousand parties, thousands of ten: what a coordinator may miss and still take up. */
const BUDGET: EventBudget = { events: 100_000, bytes: 32 * 1024 * 1024 }
/** When the budget is passed so much of it is kept, so that each event is moved a few times at most. */
const KEPT_SHARE = 0.9
/** Of an object with its number, time and short texts. */
const BARE_BYTES = 200
/** Of a name in a list: most are shared with other events. */
const NAME_BYTES = 16

export class NewestEvents {
  readonly #budget: EventBudget
  readonly #events: RunEvent[] = []
  #bytes = 0
  #last: number

  /** @param after the first event follows this number */
  constructor(after: number, budget = BUDGET) {
    this.#last = after
    this.#budget = budget
  }

  /** The number of the newest event. */
  get last(): number {
    return this.#last
  }

  /** That of the newest one that is not held; events begin after it. */
  get dropped(): number {
    return this.#last - this.#events.length
  }

  get all(): readonly RunEvent[] {
    return this.#events
  }

  /** Undefined for one that is not held. */
  at(sequence: number): RunEvent | undefined {
    return this.#events[sequence - this.dropped - 1]
  }

  /** Throws where it does not follow the newest one; the newest is held however large it is. */
  push(event: RunEvent): void {
    if (event.sequence !== this.#last + 1) throw new Error(`event ${event.sequence} follows ${this.#last}`)
    this.#events.push(event)
    this.#last += 1
    this.#bytes += bytesOf(event)
    const { events, bytes } = this.#budget
    if (this.#events.length > events || this.#bytes > bytes) this.#trim()
  }

  #trim(): void {
    const { events, bytes } = this.#budget
    let count = 0
    for (const event of this.#events.slice(0, -1)) {
      if (this.#events.length - count <= events * KEPT_SHARE && this.#bytes <= bytes * KEPT_SHARE) break
      this.#bytes -= bytesOf(event)
      count += 1
    }
    this.#events.splice(0, count)
  }
}

function bytesOf(event: RunEvent): number {
  switch (event.kind) {
    case 'attested': {
      const { quote, eventLog, statement } = event.evidence
      return BARE_BYTES + quote.length + eventLog.length + statement.length
    }
    case 'state-changed':
      return BARE_BYTES + event.reason.length
    case 'party-changed':
      return BARE_BYTES + event.detail.length
    case 'round-opened':
      return BARE_BYTES + NAME_BYTES * event.cohort.length
    case 'round-closed':
      return BARE_BYTES + event.receipt.length + NAME_BYTES * (event.contributors.length + event.missing.length)
  }
}
