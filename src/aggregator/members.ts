/**
 * Who has joined a run, and what each is to do now. A member's stream carries its newest task only: a party that was
 * away for three rounds gets the present one, not three old ones, so a member costs the same memory however slow it is.
 *
 * Members outlive a restart: the run's log has them with their rows. Each brings the newest checkpoint of the
 * coordinator's ledger that it holds, and is handed a few of those that others brought.
 */
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import type { Task } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import { changed } from './event-log.ts'

type WithoutCommon<T> = T extends unknown ? Omit<T, 'remainingMs' | keyof TaskCommon> : never
export type TaskNow = WithoutCommon<Task> & { readonly deadlineMs: number }
/** What every task carries beside its work. */
type TaskCommon = Pick<Task, 'receipts' | 'runKey' | 'checkpoints'>
type CommonNow = Omit<TaskCommon, 'checkpoints'>

export interface Joining {
  readonly rows: number
  /** Signed note; empty for none. */
  readonly checkpoint: Uint8Array
}

/** Checkpoints that a task hands on, and that are kept to be handed on: the newest different ones that somebody brought. */
const HANDED_ON = 8
const KEPT_CHECKPOINTS = 32
/** Streams that are given a task in one turn of the event loop, at some 0.1 ms each: a thousand would keep it for 100 ms. */
const WOKEN_A_TURN = 16

export interface MembersSetting {
  readonly parties: readonly string[]
  /** Those of earlier epochs, with their rows. */
  readonly known: ReadonlyMap<string, number>
  readonly now: () => number
  /** Asked for with each task: it goes with its receipts, whoever is given it while the round after it is being opened. */
  readonly common: () => CommonNow
  /** A party joins for the first time: resolves when that will be remembered. */
  readonly enter: (party: string, rows: number) => Promise<void>
  /** Called with every arrival and departure; `works` = the present round can count on it. */
  readonly moved: (party: string, present: boolean, works: boolean) => void
}

interface Member {
  readonly rows: number
  /** The stream that counts: a second Join replaces it. */
  stream: Stream | undefined
  /** How many tasks had been given when it first joined: it takes the next one, made with its rows in the weight unit. */
  readonly since: number
}

export class Members {
  readonly #members = new Map<string, Member>()
  /** Whether everybody is there: streams do not listen, or each arrival would wake all of them. */
  readonly #arrival = new EventEmitter().setMaxListeners(0)
  readonly #entering = new Map<string, Promise<Member>>()
  readonly #setting: MembersSetting
  readonly #parties: ReadonlySet<string>
  #task: (TaskNow & CommonNow) | undefined
  #asked: ReadonlySet<string> = new Set()
  #tasksGiven = 0
  /** By the party that brought them, oldest first. */
  readonly #checkpoints = new Map<string, Uint8Array>()

  constructor(setting: MembersSetting) {
    this.#setting = setting
    this.#parties = new Set(setting.parties)
    for (const [party, rows] of setting.known) this.#members.set(party, createMember(rows, 0))
  }

  get present(): string[] {
    return this.#setting.parties.filter((party) => this.#members.get(party)?.stream !== undefined)
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

  /** Resolves once all of these are present, when the time is over, or when the signal aborts. */
  async whenPresent(parties: readonly string[], stop: AbortSignal, withinMs: number): Promise<void> {
    // Not AbortSignal.timeout under AbortSignal.any: on Node 20 garbage collection takes its timer away.
    const over = new AbortController()
    const end = () => over.abort()
    const timer = setTimeout(end, withinMs)
    stop.addEventListener('abort', end)
    const awaited = () => parties.some((party) => this.#members.get(party)?.stream === undefined)
    try {
      while (awaited() && !stop.aborted && !over.signal.aborted) await changed(this.#arrival, over.signal)
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
    }
  }

  /**
   * Gives every member that is asked, now and later, this task; `ended` is the last, and everybody's. Resolves when all
   * of those present have been called to it.
   */
  async assign(task: TaskNow, asked: readonly string[]): Promise<void> {
    this.#task = { ...task, ...this.#setting.common() }
    this.#asked = new Set(asked)
    this.#tasksGiven += 1
    let woken = 0
    for (const { stream } of [...this.#members.values()]) {
      if (!stream) continue
      stream.wake()
      woken += 1
      if (woken % WOKEN_A_TURN === 0) await setImmediate()
    }
  }

  async *join(party: string, joining: Joining, signal: AbortSignal): AsyncGenerator<Task> {
    const member = await this.#admit(party, joining)
    const { checkpoint } = joining
    const replaced = member.stream
    const stream: Stream = { party, member, checkpoint, wake: () => undefined }
    member.stream = stream
    replaced?.wake()
    this.#keep(party, checkpoint)
    this.#arrival.emit('change')
    if (!replaced) this.#setting.moved(party, true, member.since < this.#tasksGiven)
    try {
      yield* this.#tasks(stream, signal)
    } finally {
      if (member.stream === stream) {
        member.stream = undefined
        this.#setting.moved(party, false, false)
      }
    }
  }

  async #admit(party: string, { rows }: Joining): Promise<Member> {
    if (!this.#parties.has(party)) {
      const some = this.#setting.parties.slice(0, 20).join(', ')
      throw new AggregatorError('AGGREGATION_STRANGER', `party ${party} is not one of ${some}`)
    }
    const member = this.#members.get(party) ?? (await this.#enter(party, rows))
    if (member.rows === rows) return member
    const text = `party ${party} joined with ${rows} rows; it joined with ${member.rows} before`
    throw new AggregatorError('AGGREGATION_ROWS', text)
  }

  /** Two streams of a party may come at once: the first is written down, and the second waits for that. */
  #enter(party: string, rows: number): Promise<Member> {
    const entering = this.#entering.get(party) ?? this.#write(party, rows)
    this.#entering.set(party, entering)
    return entering
  }

  async #write(party: string, rows: number): Promise<Member> {
    try {
      await this.#setting.enter(party, rows)
      const member = createMember(rows, this.#tasksGiven)
      this.#members.set(party, member)
      return member
    } finally {
      this.#entering.delete(party)
    }
  }

  async *#tasks(stream: Stream, signal: AbortSignal): AsyncGenerator<Task> {
    const { party, member, checkpoint } = stream
    let sent: TaskNow | undefined
    while (member.stream === stream && !signal.aborted) {
      const task = this.#task
      const early = this.#tasksGiven <= member.since
      const concerned = task?.kind === 'ended' || (this.#asked.has(party) && !early)
      if (task === undefined || task === sent || !concerned) {
        await woken(stream, signal)
        continue
      }
      sent = task
      const { deadlineMs, ...rest } = task
      const checkpoints = this.#others(checkpoint)
      const remainingMs = Math.max(0, deadlineMs - this.#setting.now())
      yield { ...rest, checkpoints, remainingMs }
      if (task.kind === 'ended') return
    }
  }

  /** One of each party, so that none can drive out those of others. */
  #keep(party: string, checkpoint: Uint8Array): void {
    if (checkpoint.length === 0) return
    this.#checkpoints.delete(party)
    this.#checkpoints.set(party, checkpoint)
    const [oldest] = this.#checkpoints.size > KEPT_CHECKPOINTS ? this.#checkpoints.keys() : []
    if (oldest !== undefined) this.#checkpoints.delete(oldest)
  }

  #others(own: Uint8Array): Uint8Array[] {
    const different = new Map([...this.#checkpoints.values()].map((each) => [textOf(each), each]))
    different.delete(textOf(own))
    return [...different.values()].slice(-HANDED_ON)
  }
}

interface Stream {
  readonly party: string
  readonly member: Member
  readonly checkpoint: Uint8Array
  /** To look again at what there is to do: does nothing while it is not waiting, because then it will. */
  wake: () => void
}

function woken(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      signal.removeEventListener('abort', wake)
      resolve()
    }
    stream.wake = wake
    if (signal.aborted) wake()
    else signal.addEventListener('abort', wake, { once: true })
  })
}

const createMember = (rows: number, since: number): Member => ({ rows, since, stream: undefined })

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
