/**
 * Who has joined a run, and what each is to do now. A member's stream carries its newest task only: a party that was
 * away for three rounds gets the present one, not three old ones, so a member costs the same memory however slow it is.
 */
import { EventEmitter } from 'node:events'
import type { Task } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import { changed } from './event-log.ts'

type WithoutTime<T> = T extends unknown ? Omit<T, 'remainingMs'> : never
export type TaskNow = WithoutTime<Task> & { readonly deadlineMs: number }

interface Member {
  readonly rows: number
  /** The stream that counts: a second Join replaces it. */
  stream: object | undefined
}

export class Members {
  readonly #members = new Map<string, Member>()
  readonly #change = new EventEmitter().setMaxListeners(0)
  #task: TaskNow | undefined

  readonly parties: readonly string[]
  readonly #now: () => number
  /** Called with every arrival and departure. */
  readonly #moved: (party: string, present: boolean) => void

  constructor(parties: readonly string[], now: () => number, moved: (party: string, present: boolean) => void) {
    this.parties = parties
    this.#now = now
    this.#moved = moved
  }

  get present(): string[] {
    return this.parties.filter((party) => this.#members.get(party)?.stream !== undefined)
  }

  /** Sum of the rows of every party that has joined so far. */
  get rows(): number {
    return [...this.#members.values()].reduce((sum, member) => sum + member.rows, 0)
  }

  rowsOf(party: string): number {
    const member = this.#members.get(party)
    if (!member) throw new AggregatorError('AGGREGATION_STRANGER', `party ${party} has not joined this run`)
    return member.rows
  }

  /** Resolves with who is present once that many are, when the time is over, or when the signal aborts. */
  async whenPresent(count: number, stop: AbortSignal, withinMs: number): Promise<string[]> {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(withinMs)])
    while (this.present.length < count && !signal.aborted) await changed(this.#change, signal)
    return this.present
  }

  /** Gives every member, now and later, this task; `ended` is the last. */
  assign(task: TaskNow): void {
    this.#task = task
    this.#change.emit('change')
  }

  async *join(party: string, rows: number, signal: AbortSignal): AsyncGenerator<Task> {
    const member = this.#admit(party, rows)
    const stream = {}
    const returned = member.stream !== undefined
    member.stream = stream
    this.#change.emit('change')
    if (!returned) this.#moved(party, true)
    try {
      yield* this.#tasks(() => member.stream === stream, signal)
    } finally {
      if (member.stream === stream) {
        member.stream = undefined
        this.#moved(party, false)
      }
    }
  }

  #admit(party: string, rows: number): Member {
    if (!this.parties.includes(party)) {
      throw new AggregatorError('AGGREGATION_STRANGER', `party ${party} is not one of ${this.parties.join(', ')}`)
    }
    const known = this.#members.get(party)
    if (known && known.rows !== rows) {
      const text = `party ${party} joined with ${rows} rows; it joined with ${known.rows} before`
      throw new AggregatorError('AGGREGATION_ROWS', text)
    }
    const member = known ?? { rows, stream: undefined }
    this.#members.set(party, member)
    return member
  }

  async *#tasks(current: () => boolean, signal: AbortSignal): AsyncGenerator<Task> {
    let sent: TaskNow | undefined
    while (current() && !signal.aborted) {
      const task = this.#task
      if (task === undefined || task === sent) {
        await changed(this.#change, signal)
        continue
      }
      sent = task
      const { deadlineMs, ...rest } = task
      yield { ...rest, remainingMs: Math.max(0, deadlineMs - this.#now()) }
      if (task.kind === 'ended') return
    }
  }
}
