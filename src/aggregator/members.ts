/**
 * Who has joined a run, and what each is to do now. A member's stream carries its newest task only: a party that was
 * away for three rounds gets the present one, not three old ones, so a member costs the same memory however slow it is.
 *
 * Members outlive a restart: the run's log has them with their rows. Each brings the newest checkpoint of the
 * coordinator's ledger that it holds, and is handed a few of those that others brought.
 */
import { EventEmitter } from 'node:events'
import type { Task } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import { changed } from './event-log.ts'

type WithoutCommon<T> = T extends unknown ? Omit<T, 'remainingMs' | keyof TaskCommon> : never
export type TaskNow = WithoutCommon<Task> & { readonly deadlineMs: number }
/** What every task carries beside its work, as it stands when the task is sent. */
export type TaskCommon = Pick<Task, 'receipts' | 'runKey' | 'checkpoints'>

export interface Joining {
  readonly rows: number
  /** Signed note; empty for none. */
  readonly checkpoint: Uint8Array
}

/** Checkpoints that a task hands on, and that are kept to be handed on: the newest different ones that somebody brought. */
const HANDED_ON = 8
const KEPT_CHECKPOINTS = 32

export interface MembersSetting {
  readonly parties: readonly string[]
  /** Those of earlier epochs, with their rows. */
  readonly known: ReadonlyMap<string, number>
  readonly now: () => number
  readonly common: () => Omit<TaskCommon, 'checkpoints'>
  /** A party joins for the first time: resolves when that will be remembered. */
  readonly enter: (party: string, rows: number) => Promise<void>
  /** Called with every arrival and departure; `works` = the present round can count on it. */
  readonly moved: (party: string, present: boolean, works: boolean) => void
}

interface Member {
  readonly rows: number
  /** The stream that counts: a second Join replaces it. */
  stream: object | undefined
  /** How many tasks had been given when it first joined: it takes the next one, made with its rows in the weight unit. */
  readonly since: number
}

export class Members {
  readonly #members = new Map<string, Member>()
  readonly #entering = new Map<string, Promise<Member>>()
  readonly #change = new EventEmitter().setMaxListeners(0)
  readonly #setting: MembersSetting
  readonly #parties: ReadonlySet<string>
  #task: TaskNow | undefined
  #asked: ReadonlySet<string> = new Set()
  #tasksGiven = 0
  /** By their text, oldest first. */
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
      while (awaited() && !stop.aborted && !over.signal.aborted) await changed(this.#change, over.signal)
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', end)
    }
  }

  /** Gives every member that is asked, now and later, this task; `ended` is the last, and everybody's. */
  assign(task: TaskNow, asked: readonly string[]): void {
    this.#task = task
    this.#asked = new Set(asked)
    this.#tasksGiven += 1
    this.#change.emit('change')
  }

  async *join(party: string, joining: Joining, signal: AbortSignal): AsyncGenerator<Task> {
    const member = await this.#admit(party, joining)
    const stream = {}
    const returned = member.stream !== undefined
    member.stream = stream
    this.#keep(joining.checkpoint)
    this.#change.emit('change')
    if (!returned) this.#setting.moved(party, true, member.since < this.#tasksGiven)
    try {
      yield* this.#tasks(
        { party, member, checkpoint: joining.checkpoint, current: () => member.stream === stream },
        signal,
      )
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

  async *#tasks({ party, member, checkpoint, current }: Stream, signal: AbortSignal): AsyncGenerator<Task> {
    let sent: TaskNow | undefined
    while (current() && !signal.aborted) {
      const task = this.#task
      const early = this.#tasksGiven <= member.since
      const concerned = task?.kind === 'ended' || (this.#asked.has(party) && !early)
      if (task === undefined || task === sent || !concerned) {
        await changed(this.#change, signal)
        continue
      }
      sent = task
      const { deadlineMs, ...rest } = task
      const checkpoints = this.#others(checkpoint)
      const remainingMs = Math.max(0, deadlineMs - this.#setting.now())
      yield { ...rest, ...this.#setting.common(), checkpoints, remainingMs }
      if (task.kind === 'ended') return
    }
  }

  #keep(checkpoint: Uint8Array): void {
    if (checkpoint.length === 0) return
    const text = textOf(checkpoint)
    this.#checkpoints.delete(text)
    this.#checkpoints.set(text, checkpoint)
    const [oldest] = this.#checkpoints.size > KEPT_CHECKPOINTS ? this.#checkpoints.keys() : []
    if (oldest !== undefined) this.#checkpoints.delete(oldest)
  }

  #others(own: Uint8Array): Uint8Array[] {
    const text = textOf(own)
    const found = [...this.#checkpoints].filter(([each]) => each !== text).map(([, checkpoint]) => checkpoint)
    return found.slice(-HANDED_ON)
  }
}

interface Stream {
  readonly party: string
  readonly member: Member
  readonly checkpoint: Uint8Array
  /** Whether no other stream has replaced it. */
  readonly current: () => boolean
}

const createMember = (rows: number, since: number): Member => ({ rows, since, stream: undefined })

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
