/**
 * A party's part in one run that it has joined: the stream of tasks, and for each task first the receipts until then, then
 * the work (schedule.ts says which task when). It goes on over lost connections and restarts of the aggregator, until
 *
 *   over   the run has ended, and its last receipt was checked
 *   left   something could not be believed (Distrust): what shows it is kept, and no update goes to this run any more
 *   ended from outside: the agent stops, or the coordinator says that the run is over
 */
import { sha256, toHex } from '../../src/crypto/index.ts'
import { initialParameters } from '../../src/learning/index.ts'
import { maximumStaleness } from '../../src/round/index.ts'
import { RemoteError, type Task } from '../../src/rpc/index.ts'
import { CALL_MS } from '../../src/timeouts/index.ts'
import { type RunState, runKeyBytes, StateError } from '../state/index.ts'
import type { Desk } from './desk.ts'
import { Distrust } from './distrust.ts'
import { answer, publicCode } from './duty.ts'
import { LedgerWatch } from './ledger-watch.ts'
import type { LocalRun } from './local-run.ts'
import { isTransport, persist } from './persist.ts'
import { ReceiptWatch } from './receipt-watch.ts'
import { report } from './report.ts'
import { stepOn } from './schedule.ts'
import type { RoundTask } from './work.ts'

/** At the end of a run: the coordinator enters the last receipt within seconds. */
const LEDGER_GRACE_MS = CALL_MS

export interface ParticipationOptions {
  readonly runId: string
  readonly jobDigest: Uint8Array
  readonly local: LocalRun
  readonly state: RunState
  readonly desk: Desk
  /** Ends it from outside. */
  readonly signal: AbortSignal
}

interface Duty {
  readonly task: RoundTask
  readonly abandoning: AbortController
  readonly done: Promise<void>
}

const nothing = new Uint8Array(0)

export class Participation {
  readonly #options: ParticipationOptions
  readonly #receipts: ReceiptWatch
  readonly #ledger: LedgerWatch | undefined
  /** Aborts when it ends, from outside or because of what was seen. */
  readonly #ending = new AbortController()
  #duty: Duty | undefined
  /** Waits for the duty under way. */
  #next: RoundTask | undefined
  /** Of the newest task. */
  #round: number | undefined
  #distrust: Distrust | undefined

  constructor(options: ParticipationOptions) {
    const { runId, state, desk } = options
    const { rounds, log, appraiser, witness } = desk
    const { terms, most } = termsOf(options)
    this.#options = options
    this.#receipts = new ReceiptWatch({ terms, most, state, attested: appraiser.attested, rounds, log })
    const distrust = (reason: Distrust) => this.#lose(reason)
    const { signal } = this.#ending
    this.#ledger = witness && new LedgerWatch({ run: runId, witness, state, log, signal, distrust })
  }

  /** Resolves when it is over, left, or ended from outside. Throws what another attempt would throw again. */
  async run(): Promise<void> {
    const { desk, signal } = this.#options
    const end = () => this.#ending.abort()
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    try {
      await persist(
        'the aggregator',
        desk.log,
        this.#ending.signal,
        (connected) => this.#converse(connected),
        isTransport,
      )
    } catch (error) {
      if (!(error instanceof Distrust)) throw error
      this.#distrust ??= error
    } finally {
      end()
      await this.#abandon()
      signal.removeEventListener('abort', end)
    }
    if (this.#distrust) await this.#leave(this.#distrust)
  }

  async #converse(connected: () => void): Promise<'over' | 'again'> {
    const { runId, jobDigest, local, state, desk } = this.#options
    const checkpoint = this.#ledger ? (desk.witness?.newest() ?? nothing) : nothing
    const request = { runId, jobDigest, rows: local.rows, runKey: runKeyBytes(state.facts), checkpoint }
    let compared = false
    for await (const task of desk.rounds.join(request, { signal: this.#ending.signal, deadlineMs: 'open' })) {
      connected()
      compared = (await this.#receive(task, !compared)) || compared
      if (task.kind === 'ended') return 'over'
    }
    return 'again'
  }

  /** @returns false where nothing could be written down, so that the task was declined. */
  async #receive(task: Task, fresh: boolean): Promise<boolean> {
    this.#round = task.round
    this.#ledger?.compare(task.checkpoints)
    try {
      await this.#keepRunKey(task)
      await this.#receipts.catchUp(task, fresh, this.#ending.signal)
      this.#ledger?.confirm()
      if (task.kind === 'ended') await this.#end()
      else await this.#schedule(task)
      return true
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      this.#report(`cannot keep what belongs to round ${task.round}`, error)
      if (task.kind !== 'ended') await this.#decline(task.round, error)
      return false
    }
  }

  /** Before any update is sent: an aggregator that restarts opens its files of the run with it. */
  async #keepRunKey({ runKey }: Task): Promise<void> {
    const { state } = this.#options
    const key = toHex(runKey)
    if (key !== '' && key !== state.facts.runKey) await state.keep({ runKey: key })
  }

  async #schedule(task: RoundTask): Promise<void> {
    const step = stepOn(this.#duty?.task, task, maximumStaleness(this.#options.local.spec, task.kind))
    if (step === 'same') return
    if (step === 'hold') {
      this.#next = task
      return
    }
    await this.#abandon()
    this.#start(task)
  }

  #start(task: RoundTask): void {
    const abandoning = new AbortController()
    const done = this.#answer(task, abandoning.signal).then(() => this.#finished(abandoning))
    this.#duty = { task, abandoning, done }
  }

  #finished(abandoning: AbortController): void {
    if (this.#duty?.abandoning !== abandoning) return
    const next = this.#next
    this.#duty = undefined
    this.#next = undefined
    if (next && !this.#ending.signal.aborted) this.#start(next)
  }

  /** Never rejects: what goes wrong is logged here, and the task declined. */
  async #answer(task: RoundTask, signal: AbortSignal): Promise<void> {
    const { local, state, desk } = this.#options
    const { rounds, log, appraiser } = desk
    try {
      await answer(task, { local, state, rounds, log, attested: appraiser.attested }, signal)
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Distrust) return this.#lose(error)
      if (isTooLate(error))
        return log.info({ run: task.runId, round: task.round }, 'the round was over before this task was done')
      this.#report(`cannot do the task of round ${task.round}`, error)
      await this.#decline(task.round, error)
    }
  }

  async #abandon(): Promise<void> {
    const duty = this.#duty
    this.#duty = undefined
    this.#next = undefined
    duty?.abandoning.abort()
    await duty?.done
  }

  async #end(): Promise<void> {
    await this.#abandon()
    await this.#ledger?.settle(LEDGER_GRACE_MS)
    if (!this.#ending.signal.aborted) await this.#options.state.end()
  }

  #lose(reason: Distrust): void {
    this.#distrust ??= reason
    this.#ending.abort()
  }

  async #leave(reason: Distrust): Promise<void> {
    const { error, evidence } = reason
    const { runId, state, desk } = this.#options
    const fields = { run: runId, code: error.code, next: error.row.next, evidence: state.evidence }
    desk.log.error(fields, `leaving the run for good: ${error.message}`)
    try {
      await state.leave(error.code, error.message, evidence)
    } catch (failure) {
      if (!(failure instanceof StateError)) throw failure
      desk.log.error({ run: runId, code: failure.code }, `what shows it could not be kept: ${failure.message}`)
    }
    if (this.#round !== undefined) await this.#decline(this.#round, reason)
  }

  async #decline(round: number, why: unknown): Promise<void> {
    const { runId, desk, signal } = this.#options
    const call = { signal, deadlineMs: CALL_MS }
    await desk.rounds
      .declineTask({ runId, round, code: publicCode(why) }, call)
      .catch((failure: unknown) => this.#report('cannot decline the task', failure))
  }

  #report(what: string, error: unknown): void {
    const { runId, desk, signal } = this.#options
    if (!signal.aborted) report(desk.log, runId, what, error)
  }
}

/** Nothing went wrong. Where the job lets late updates count, this one goes out again with the next task. */
const tooLate: readonly string[] = ['ROUND_CLOSED', 'AGGREGATION_UNKNOWN_MODEL']
const isTooLate = (error: unknown): boolean => error instanceof RemoteError && tooLate.includes(error.code)

/** What the accepted job says about its receipts. */
function termsOf({ runId, jobDigest, local, desk }: ParticipationOptions) {
  const { spec, plan } = local
  const { minimumParties, count } = spec.rounds
  const initial = initialParameters(plan, spec.seed)
  return {
    terms: {
      federation: desk.federation,
      run: runId,
      jobDigest: toHex(jobDigest),
      party: desk.name,
      parties: spec.parties,
      minimumParties,
      initialModel: toHex(sha256(new Uint8Array(initial.buffer, initial.byteOffset, initial.byteLength))),
    },
    // Statistics, the training rounds, the last evaluation.
    most: count + 2,
  }
}
