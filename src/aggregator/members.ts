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

/** Called with every arrival and departure; `works` = the present round can count on it. */
type Moved = (party: string, present: boolean, works: boolean) => void

interface Member {
  readonly rows: number
  /** The stream that counts: a second Join replaces it. */
  stream: object | undefined
  /** How many tasks had been given when it first joined: it takes the next one, made with its rows in the weight unit. */
  readonly since: number
}

export class Members {
  readonly #members = new Map<string, Member>()
  readonly #change = new EventEmitter().setMaxListeners(0)
  #task: TaskNow | undefined
  #tasksGiven = 0

  readonly parties: readonly string[]
  readonly #now: () => number
  readonly #moved: Moved

  constructor(parties: readonly string[], now: () => number, moved: Moved) {
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
    // Not AbortSignal.timeout under AbortSignal.any: on Node 20 garbage collection takes its timer away.
    const over = new AbortController()
    const end = () => over.abort()
    const timer = setTimeout(end, withinMs)
    stop.addEventListener('abort', end)
    try {
      while (this.present.length < count && !stop.aborted && !over.signal.aborted) {
        await changed(this.#change, over.signal)
      }
      return this.present
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
    }
  }

  /** Gives every member, now and later, this task; `ended` is the last. */
  assign(task: TaskNow): void {
    this.#task = task
    this.#tasksGiven += 1
    this.#change.emit('change')
  }

  async *join(party: string, rows: number, signal: AbortSignal): AsyncGenerator<Task> {
    const member = this.#admit(party, rows)
    const stream = {}
    const returned = member.stream !== undefined
    member.stream = stream
    this.#change.emit('change')
    if (!returned) this.#moved(party, true, member.since < this.#tasksGiven)
    try {
      yield* this.#tasks(member, () => member.stream === stream, signal)
    } finally {
      if (member.stream === stream) {
        member.stream = undefined
        this.#moved(party, false, false)
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
    const member = known ?? { rows, stream: undefined, since: this.#tasksGiven }
    this.#members.set(party, member)
    return member
  }

  async *#tasks(member: Member, current: () => boolean, signal: AbortSignal): AsyncGenerator<Task> {
    let sent: TaskNow | undefined
    while (current() && !signal.aborted) {
      const task = this.#task
      const early = this.#tasksGiven <= member.since && task?.kind !== 'ended'
      if (task === undefined || task === sent || early) {
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
