/**
 * What happens to a run, written down before anybody is shown it. One record at a time goes into the history that the run
 * is played by, and to the disk where there is one; an event is shown when its record is durable. So whatever a party or
 * the coordinator has been told is still true after a crash at any moment.
 *
 * When the disk fails, nothing more is written: what depends on it is refused, the run is told so once, and the events of
 * its end are shown all the same, because somebody has to hear why.
 */
import { encodeRecord, type RunEvent, type RunEventBody, type GrowingHistory, type RunRecord } from '../round/index.ts'
import type { Journal } from './durable/index.ts'
import { EventLog } from './event-log.ts'

export interface ChronicleSetting {
  /** Undefined where nothing is kept over a restart. */
  readonly journal: Journal | undefined
  /** Of earlier epochs, or empty. */
  readonly history: GrowingHistory
  /** Where there is no event yet: the first one follows this number. */
  readonly after: number
  readonly now: () => number
  /** Called once, when nothing can be written any more. */
  readonly failed: (error: unknown) => void
}

type PlainBody = Exclude<RunEventBody, { readonly kind: 'round-closed' }>
type RoundClosed = Extract<RunEventBody, { readonly kind: 'round-closed' }>
type Ended = Pick<Extract<RunRecord, { readonly kind: 'ended' }>, 'state' | 'reason'>

export class Chronicle {
  readonly events: EventLog
  readonly history: GrowingHistory
  readonly #setting: ChronicleSetting
  #broken: { readonly error: unknown } | undefined
  /** What happened while a round is being committed: it is numbered after the round. */
  #held: PlainBody[] | undefined
  /** Settles when everything that has a number was shown. */
  #shown: Promise<void> = Promise.resolve()

  constructor(setting: ChronicleSetting) {
    const { history, after } = setting
    const [first] = history.events
    this.#setting = setting
    this.history = history
    this.events = new EventLog(first === undefined ? after : first.sequence - 1)
    for (const event of history.events) this.events.show(event)
  }

  /** Resolves when the record is durable. Rejects with what the disk has, and then with that for every other. */
  async write(record: RunRecord): Promise<void> {
    if (this.#broken) throw this.#broken.error
    this.history.apply(record)
    await this.#guard(this.#setting.journal?.append(encodeRecord(record)))
  }

  /** Shown in the order of the calls. */
  emit(body: PlainBody): void {
    if (this.#held) {
      this.#held.push(body)
      return
    }
    const event = { ...this.#number(), ...body }
    void this.#showAfter(this.write({ kind: 'event', event }), () => this.events.show(event))
  }

  /** State and receipt of a round become durable, then the event is shown. @param state unchanged until then */
  async commit(round: number, state: Uint8Array, stateDigest: string, body: RoundClosed): Promise<void> {
    if (this.#broken) throw this.#broken.error
    const event = { ...this.#number(), ...body }
    const record: RunRecord = { kind: 'committed', round, stateDigest, event }
    const held: PlainBody[] = []
    this.#held = held
    try {
      const encoded = encodeRecord(record)
      await this.#guard(this.#setting.journal?.commit({ round, state, record: encoded }))
      await this.#shown
      this.history.apply(record)
      this.events.show(event)
    } catch (error) {
      this.events.takeBack(event.sequence)
      throw error
    } finally {
      this.#held = undefined
      for (const each of held) this.emit(each)
    }
  }

  /** The run is over; watchers end after this. */
  async end({ state, reason }: Ended): Promise<void> {
    const place = this.#number()
    const ended = { ...place, kind: 'state-changed', state, reason } as const
    await this.#showAfter(this.write({ kind: 'ended', ...place, state, reason }), () => {
      this.events.show(ended)
      this.events.end()
    })
  }

  /** A failure to write has been told to the run, and the event is part of how it ends. */
  #showAfter(written: Promise<void>, show: () => void): Promise<void> {
    const before = this.#shown
    const shown = async () => {
      await before
      show()
    }
    this.#shown = written.then(shown, shown)
    return this.#shown
  }

  #number(): Pick<RunEvent, 'sequence' | 'atMs'> {
    return { sequence: this.events.number(), atMs: this.#setting.now() }
  }

  async #guard(writing: Promise<void> | undefined): Promise<void> {
    try {
      await writing
    } catch (error) {
      if (!this.#broken) {
        this.#broken = { error }
        this.#setting.failed(error)
      }
      throw error
    }
  }
}
