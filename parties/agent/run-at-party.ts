/**
 * One run as a party sees it: judged, answered, joined, worked on, left. Two loops: `decide` answers the coordinator
 * once; `join` keeps the stream of tasks open and works on the newest task only.
 */
import { CodedError } from '../../src/errors/index.ts'
import { jobDigest, judgeJob, type JobSpec, policyReasons, readCanonicalSpec } from '../../src/job/index.ts'
import type { ClientCall, PartyApi, RoundApi } from '../../src/rpc/index.ts'
import type { PartyOptions } from './agent.ts'
import { PartyError } from '../errors.ts'
import { agentErrors } from './errors.ts'
import { isTransport, persist } from './persist.ts'
import { type LocalRun, openLocalRun } from './local-run.ts'
import { type RoundTask, submit, work } from './work.ts'

/** What an agent works with: its options and the two services it talks to. */
export interface Desk extends PartyOptions {
  readonly parties: PartyApi<ClientCall>
  readonly rounds: RoundApi<ClientCall>
  /** The run is over for this party: its data and threads are let go. */
  readonly forget: (run: RunAtParty) => void
  /** For work that holds a whole dataset in memory. */
  readonly oneAtATime: <T>(work: () => Promise<T>) => Promise<T>
}

const none = new Uint8Array(0)

/** For short calls to the coordinator. */
export const CALL_DEADLINE_MS = 20_000

export class RunAtParty {
  readonly runId: string
  /** False for a run that is only being declined: it counts for nothing here. */
  holds = true
  readonly #specJson: Uint8Array
  readonly #desk: Desk
  readonly #leaving = new AbortController()
  #deciding: Promise<void> | undefined
  #joining: Promise<void> | undefined
  #local: Promise<LocalRun> | undefined
  #current: { round: number; abandoning: AbortController; done: Promise<void> } | undefined

  constructor(runId: string, specJson: Uint8Array, desk: Desk) {
    this.runId = runId
    this.#specJson = specJson
    this.#desk = desk
  }

  decide(): void {
    this.#deciding ??= this.#decide()
      .then((accepted) => (accepted ? undefined : this.#desk.forget(this)))
      .catch((error: unknown) => this.#giveUp('cannot answer the proposal', error))
      .finally(() => {
        this.#deciding = undefined
      })
  }

  /** Answers without a look at the data. */
  decline(why: CodedError): void {
    this.holds = false
    this.#report('declining the run', why)
    this.#deciding ??= this.#answer([publicText(why)])
      .then(() => this.#desk.forget(this))
      .catch((error: unknown) => this.#giveUp('cannot answer the proposal', error))
  }

  join(): void {
    this.#joining ??= this.#join()
      .then(() => this.#desk.forget(this))
      .catch((error: unknown) => this.#giveUp('cannot take part in the run', error))
  }

  /** Ends both loops and lets go of the data. */
  async leave(): Promise<void> {
    this.#leaving.abort()
    await Promise.allSettled([this.#deciding, this.#joining, this.#current?.done])
    await this.#close()
  }

  /** An answer that would be the same the next time: the run is over for this party. */
  #giveUp(what: string, error: unknown): void {
    this.#report(what, error)
    this.#desk.forget(this)
  }

  /** The rows are read to be judged, and let go: a run that starts reads them again. */
  async #decide(): Promise<boolean> {
    const reasons = await this.#desk.oneAtATime(async () => {
      const found = await this.#reasons()
      await this.#close()
      return found
    })
    await this.#answer(reasons)
    return reasons.length === 0
  }

  async #answer(reasons: readonly string[]): Promise<void> {
    const { parties, log } = this.#desk
    const accepted = reasons.length === 0
    log.info({ run: this.runId, accepted, reasons }, accepted ? 'accepted the run' : 'declined the run')
    const digest = jobDigest(this.#specJson)
    const tell = async () => {
      const call = { signal: this.#leaving.signal, deadlineMs: CALL_DEADLINE_MS }
      await parties.decide({ runId: this.runId, jobDigest: digest, accepted, reasons }, call)
      return 'over' as const
    }
    await persist('the coordinator', log, this.#leaving.signal, tell, isTransport)
  }

  /**
   * Every reason against taking part; empty means accepted. What leaves the bank about its data is one code, whatever
   * is wrong: a job's ranges and categories are questions, and each answer tells something about the rows.
   */
  async #reasons(): Promise<string[]> {
    try {
      const spec = readCanonicalSpec(this.#specJson)
      const { name, policy } = this.#desk
      const refusals = judgeJob(spec, policy, undefined, name)
      if (refusals.length > 0) return refusals.map(({ code, text }) => `${code}: ${text}`)
      const { train, holdout } = await this.#open(spec)
      // How many rows there are stays here: without its text, a refusal tells that they are too few and no more.
      return judgeJob(spec, policy, train.rows + holdout.rows, name).map(
        ({ code }) => `${code}: ${policyReasons[code].cause}`,
      )
    } catch (error) {
      this.#report('cannot accept the run', error)
      return [error instanceof CodedError ? publicText(error) : `AGENT_FAILED: see the party's log`]
    }
  }

  async #close(): Promise<void> {
    // Why it could not be opened was told to whoever opened it.
    const local = await this.#local?.catch(() => undefined)
    this.#local = undefined
    await local?.[Symbol.asyncDispose]()
  }

  #open(spec: JobSpec): Promise<LocalRun> {
    this.#local ??= openLocalRun(spec, this.#desk, this.#leaving.signal)
    return this.#local
  }

  async #join(): Promise<void> {
    const reasons = await this.#desk.oneAtATime(() => this.#reasons())
    if (reasons.length > 0) return this.#desk.log.warn({ run: this.runId, reasons }, 'not joining: the policy refuses')
    const local = await this.#open(readCanonicalSpec(this.#specJson))
    const { rounds, log } = this.#desk
    const request = {
      runId: this.runId,
      jobDigest: jobDigest(this.#specJson),
      rows: local.rows,
      runKey: none,
      checkpoint: none,
    }
    const takePart = async (connected: () => void) => {
      for await (const task of rounds.join(request, { signal: this.#leaving.signal, deadlineMs: 'open' })) {
        connected()
        if (task.kind === 'ended') return 'over' as const
        await this.#take(local, task)
      }
      return 'again' as const
    }
    await persist('the aggregator', log, this.#leaving.signal, takePart, isTransport)
    await this.#drop()
  }

  /** A newer task ends work on the older one; the same task again, after a reconnect, changes nothing. */
  async #take(local: LocalRun, task: RoundTask): Promise<void> {
    if (this.#current?.round === task.round) return
    await this.#drop()
    const abandoning = new AbortController()
    const leave = () => abandoning.abort()
    this.#leaving.signal.addEventListener('abort', leave)
    const done = this.#work(local, task, abandoning.signal).finally(() => {
      this.#leaving.signal.removeEventListener('abort', leave)
    })
    this.#current = { round: task.round, abandoning, done }
  }

  async #drop(): Promise<void> {
    this.#current?.abandoning.abort()
    await this.#current?.done
  }

  /** Never rejects: what goes wrong is logged here, and the task declined; which code it had would tell of the update. */
  async #work(local: LocalRun, task: RoundTask, signal: AbortSignal): Promise<void> {
    const { rounds, log } = this.#desk
    try {
      const update = await work(local, task, rounds, signal, log)
      await submit(update, task, local.rows, rounds, signal, log)
    } catch (error) {
      if (signal.aborted) return
      this.#report(`cannot do the task of round ${task.round}`, error)
      const call = { signal, deadlineMs: CALL_DEADLINE_MS }
      await rounds
        .declineTask({ runId: task.runId, round: task.round, code: 'AGENT_FAILED' }, call)
        .catch((failure: unknown) => this.#report('cannot decline the task', failure))
    }
  }

  #report(what: string, error: unknown): void {
    if (this.#leaving.signal.aborted) return
    const coded = error instanceof CodedError ? { code: error.code, next: error.row.next } : { error }
    const text = error instanceof Error ? error.message : String(error)
    this.#desk.log.error({ run: this.runId, ...coded }, `${what}: ${text}`)
  }
}

/** What others may know of an error at this party: a code and its general cause, never its message. */
function publicText(error: CodedError): string {
  const aboutRows = error instanceof PartyError && error.code !== 'DATA_COLUMN_MISSING'
  const { code, row } = aboutRows ? { code: 'AGENT_DATA', row: agentErrors.AGENT_DATA } : error
  return `${code}: ${row.cause}`
}
