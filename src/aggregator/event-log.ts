/**
 * The events of one run, in order, for whoever follows it. A restarted aggregator shows those of earlier epochs first,
 * with the numbers they had, so that a watcher goes on where it was. The coordinator is the one that keeps history;
 * this log is bounded, and a watcher that asks for what has been let go is told so instead of being given a gap.
 */
import { EventEmitter, once } from 'node:events'
import { NewestEvents, type RunEvent } from '../round/index.ts'
import { AggregatorError } from './errors.ts'

export class EventLog {
  readonly #events: NewestEvents
  readonly #appended = new EventEmitter().setMaxListeners(0)
  /** The newest number given out: events that are still being written included. */
  #numbered: number
  #ended = false

  /** @param after the first event follows this number */
  constructor(after = 0) {
    this.#events = new NewestEvents(after)
    this.#numbered = after
  }

  get last(): number {
    return this.#events.last
  }

  /** The number of the next event, which nobody sees before `show`: it has to be on the disk first. */
  number(): number {
    this.#numbered += 1
    return this.#numbered
  }

  /** The newest number was given to an event that will not be shown. */
  takeBack(number: number): void {
    if (number !== this.#numbered) throw new Error(`event ${number} is not the newest, ${this.#numbered} is`)
    this.#numbered -= 1
  }

  /** In the order of their numbers. */
  show(...events: readonly RunEvent[]): void {
    for (const event of events) this.#events.push(event)
    this.#numbered = Math.max(this.#numbered, this.last)
    this.#appended.emit('change')
  }

  /** No event follows: watchers end after the last one. */
  end(): void {
    this.#ended = true
    this.#appended.emit('change')
  }

  async *watch(afterSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    if (afterSequence < this.#events.dropped || afterSequence > this.last) {
      const kept = `${this.#events.dropped + 1} to ${this.last}`
      throw new AggregatorError(
        'AGGREGATION_EVENTS_GONE',
        `events after ${afterSequence} were asked for; kept: ${kept}`,
      )
    }
    for (let next = afterSequence + 1; ; ) {
      for (let event = this.#events.at(next); event; event = this.#events.at(++next)) {
        yield event
        if (signal.aborted) return
      }
      if (next <= this.#events.dropped) {
        throw new AggregatorError('AGGREGATION_EVENTS_GONE', `a watcher fell behind: event ${next} was let go`)
      }
      if (this.#ended || signal.aborted) return
      await changed(this.#appended, signal)
    }
  }
}

/** Resolves at the next change, or when the signal aborts: the caller looks at the signal itself. */
export async function changed(emitter: EventEmitter, signal: AbortSignal): Promise<void> {
  try {
    await once(emitter, 'change', { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
