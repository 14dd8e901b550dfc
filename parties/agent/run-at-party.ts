/**
 * One run as a party sees it: judged, answered, joined, left.
 *
 *   decide   the proposal is judged by the party's policy, and the coordinator told
 *   join     what is kept of the run is opened, and the party takes part (participation.ts)
 *   leave    both end, and the data is let go
 */
import { toHex } from '../../src/crypto/index.ts'
import { CodedError } from '../../src/errors/index.ts'
import { jobDigest, type JobSpec, readCanonicalSpec } from '../../src/job/index.ts'
import { LedgerError } from '../../src/ledger/index.ts'
import { CALL_MS, PROGRESS_MS } from '../../src/timeouts/index.ts'
import { type RunState, StateError } from '../state/index.ts'
import type { Desk } from './desk.ts'
import { AgentError } from './errors.ts'
import { type LocalRun, openLocalRun } from './local-run.ts'
import { Participation } from './participation.ts'
import { isTransport, persist } from './persist.ts'
import { publicText, reasonsAgainst } from './proposal.ts'
import { report } from './report.ts'

/** After the coordinator says that a run has ended: for its last receipt. */
const LAST_RECEIPT_MS = PROGRESS_MS

export class RunAtParty {
  readonly runId: string
  /** False for a run that is only being declined: it counts for nothing here. */
  holds = true
  readonly #specJson: Uint8Array
  /** Read once. */
  #spec: JobSpec | undefined
  readonly #desk: Desk
  readonly #leaving = new AbortController()
  #deciding: Promise<void> | undefined
  #joining: Promise<void> | undefined
  #local: Promise<LocalRun> | undefined
  /** The coordinator says that the run is over. */
  #ended = false
  #lastWait: NodeJS.Timeout | undefined

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

  /** The coordinator says that the run is over: who takes part hears the same from the aggregator, with a last receipt. */
  end(): void {
    this.#ended = true
    if (this.#joining === undefined) this.#desk.forget(this)
    else this.#lastWait ??= setTimeout(() => this.#desk.forget(this), LAST_RECEIPT_MS)
  }

  /** Ends both loops and lets go of the data. */
  async leave(): Promise<void> {
    clearTimeout(this.#lastWait)
    this.#leaving.abort()
    await Promise.allSettled([this.#deciding, this.#joining])
    await this.#close()
    if (!this.#ended) return
    await this.#desk.states.end(this.runId).catch((error: unknown) => {
      const code = error instanceof CodedError ? { code: error.code } : {}
      this.#desk.log.warn({ run: this.runId, ...code, error }, 'what was kept of the run could not be put in order')
    })
  }

  /** An answer that would be the same the next time: the run is over for this party. */
  #giveUp(what: string, error: unknown): void {
    this.#report(what, error)
    this.#desk.forget(this)
  }

  /** The rows are read to be judged, and let go: a run that starts reads them again. */
  async #decide(): Promise<boolean> {
    const distrust = await this.#distrust()
    const reasons = await this.#desk.oneAtATime(async () => {
      const found = distrust.length > 0 ? distrust : await this.#reasons()
      await this.#close()
      return found
    })
    await this.#answer(reasons)
    return reasons.length === 0
  }

  /** A coordinator whose ledger cannot be believed gets no work out of this party. */
  async #distrust(): Promise<string[]> {
    try {
      await this.#desk.witness?.follow(this.#leaving.signal)
    } catch (error) {
      this.#report('the ledger of the coordinator was not followed', error)
      if (error instanceof LedgerError) return [publicText(error)]
    }
    return []
  }

  async #answer(reasons: readonly string[]): Promise<void> {
    const { parties, log } = this.#desk
    const accepted = reasons.length === 0
    log.info({ run: this.runId, accepted, reasons }, accepted ? 'accepted the run' : 'declined the run')
    const digest = jobDigest(this.#specJson)
    const tell = async () => {
      const call = { signal: this.#leaving.signal, deadlineMs: CALL_MS }
      await parties.decide({ runId: this.runId, jobDigest: digest, accepted, reasons }, call)
      return 'over' as const
    }
    await persist('the coordinator', log, this.#leaving.signal, tell, isTransport)
  }

  #reasons(): Promise<string[]> {
    const failed = (error: unknown) => this.#report('cannot accept the run', error)
    return reasonsAgainst(
      () => this.#readSpec(),
      this.#desk,
      (spec) => this.#open(spec),
      failed,
    )
  }

  async #close(): Promise<void> {
    // Why it could not be opened was told to whoever opened it.
    const local = await this.#local?.catch(() => undefined)
    this.#local = undefined
    await local?.[Symbol.asyncDispose]()
  }

  /** Throws JobError for a spec that is none. */
  #readSpec(): JobSpec {
    this.#spec ??= readCanonicalSpec(this.#specJson)
    return this.#spec
  }

  #open(spec: JobSpec): Promise<LocalRun> {
    this.#local ??= openLocalRun(spec, this.#desk, this.#leaving.signal)
    return this.#local
  }

  async #join(): Promise<void> {
    const { oneAtATime, log } = this.#desk
    const reasons = await oneAtATime(() => this.#reasons())
    if (reasons.length > 0) return log.warn({ run: this.runId, reasons }, 'not joining: the policy refuses')
    const local = await this.#open(this.#readSpec())
    const state = await this.#openState(local.rows)
    if (state === undefined || state.facts.ended) return
    await this.#lookAtLedger()
    const { runId, signal } = { runId: this.runId, signal: this.#leaving.signal }
    const digest = jobDigest(this.#specJson)
    await new Participation({ runId, jobDigest: digest, local, state, desk: this.#desk, signal }).run()
  }

  /** undefined where the agent stops before there is room. Throws AgentError, StateError. */
  async #openState(rows: number): Promise<RunState | undefined> {
    const { states, name, log } = this.#desk
    const identity = { run: this.runId, jobDigest: toHex(jobDigest(this.#specJson)), rows, party: name }
    let state: RunState | undefined
    const open = async () => {
      state = await states.open(identity)
      return 'over' as const
    }
    const full = (error: CodedError) => error instanceof StateError && error.code === 'STATE_UNWRITABLE'
    await persist('the state of the run', log, this.#leaving.signal, open, full)
    const { left, rows: before = rows } = state?.facts ?? {}
    if (left) throw new AgentError('AGENT_LEFT', `this party left the run because of ${left.code}: ${left.text}`)
    if (before === rows) return state
    throw new AgentError('AGENT_ROWS_CHANGED', `${rows} training rows, this party joined with ${before}`)
  }

  /** A ledger that was found out keeps this party from every run; one that cannot be reached is looked at later. */
  async #lookAtLedger(): Promise<void> {
    try {
      await this.#desk.witness?.follow(this.#leaving.signal)
    } catch (error) {
      if (error instanceof LedgerError || !(error instanceof CodedError)) throw error
      this.#desk.log.warn({ run: this.runId, code: error.code }, `the ledger of the coordinator: ${error.message}`)
    }
  }

  #report(what: string, error: unknown): void {
    if (!this.#leaving.signal.aborted) report(this.#desk.log, this.runId, what, error)
  }
}
