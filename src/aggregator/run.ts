/**
 * One run at the aggregator: parties gather, round 0 finds the standardisation, rounds 1..N train, round N+1 evaluates
 * the last model. The aggregator decides by the job spec alone; nobody can ask it for a single update.
 *
 *   assembling ──> playing rounds ──> finished
 *        └──────────────┴──> abandoned | stopped
 *
 * Nothing of a round is shown before the round is committed (chronicle.ts). A restarted aggregator takes up the history
 * of the epochs before it: the parties that were there are waited for, the round that was open opens again by the same
 * plan, and they send what they had sent.
 */
import { setMaxListeners } from 'node:events'
import { equalBytes, toHex } from '../crypto/index.ts'
import { CodedError } from '../errors/index.ts'
import {
  type Evidence,
  type FinalState,
  type GrowingHistory,
  RoundError,
  type RunState,
  type TaskKind,
} from '../round/index.ts'
import type { JoinRequest, ServerCall, Task, UploadStatus } from '../rpc/index.ts'
import { Chronicle } from './chronicle.ts'
import type { Journal } from './durable/index.ts'
import type { EngineModel } from './engine/index.ts'
import { AggregatorError } from './errors.ts'
import type { EventLog } from './event-log.ts'
import type { IncomingUpload } from './incoming.ts'
import { Members } from './members.ts'
import { type ReceiptFrame, Receipts } from './receipts.ts'
import type { ReceiptShelf } from './receipt-shelf.ts'
import { Rounds, type RoundsSetting } from './rounds.ts'
import type { UploadHeader } from './staging.ts'
import { taskOf } from './tasks.ts'

export interface RunSetting extends RoundsSetting {
  readonly jobDigest: Uint8Array
  /** Where this aggregator runs, for display, and what shows that it holds the receipt key. */
  readonly tee: string
  readonly evidence: Evidence
  readonly receiptKey: string
  readonly frame: ReceiptFrame
  readonly sign: (message: Uint8Array) => Uint8Array
  /** Empty at the start of a run. Its receipts are on the shelf. */
  readonly history: GrowingHistory
  readonly shelf: ReceiptShelf
  /** Of a run that begins: the number of the newest event that the coordinator has of an earlier beginning of it. */
  readonly after: number
  /** Where the run is kept over a restart, and the key that the parties hold for that. */
  readonly kept: { readonly journal: Journal; readonly runKey: Uint8Array } | undefined
}

export class AggregationRun {
  readonly ended: Promise<void>
  #state: RunState
  #over = false
  #reason = ''
  /** The round that is played, for what is told of parties. */
  #number = 0
  readonly #rounds: Rounds
  readonly #members: Members
  readonly #chronicle: Chronicle
  readonly #setting: RunSetting
  readonly #stop = new AbortController()
  #stopping: { readonly state: Exclude<FinalState, 'finished'> | 'suspended'; readonly reason: string } | undefined

  constructor(setting: RunSetting) {
    const { history, now, parties, frame, after } = setting
    this.#setting = setting
    // Who sees from the history that the run has ended may ask for its model at once.
    this.#state = history.ended?.state ?? 'running'
    const journal = setting.kept?.journal
    this.#chronicle = new Chronicle({ journal, history, after, now, failed: (e) => this.#fail(e) })
    const receipts = new Receipts(frame, setting.sign, setting.shelf.last)
    this.#members = new Members({
      parties,
      known: history.members,
      now,
      common: () => ({ receipts: setting.shelf.count, runKey: setting.kept?.runKey ?? new Uint8Array(0) }),
      enter: (party, rows) => this.#enter(party, rows),
      moved: (...move) => this.#moved(...move),
    })
    // Uploads that may be late listen to the end of the run.
    setMaxListeners(0, this.#stop.signal)
    const parts = { chronicle: this.#chronicle, members: this.#members, receipts }
    this.#rounds = new Rounds(setting, { ...parts, stop: this.#stop.signal })
    this.ended = this.#play().catch((error: unknown) => {
      setting.log.error({ run: setting.runId, error }, 'the run failed')
      // The next epoch goes on from what is on the disk; what is wrong with that, it meets again.
      if (this.#stopping?.state === 'suspended') return this.#suspended()
      const worker = new AggregatorError('AGGREGATION_WORKER', 'the aggregator failed; its log has the error')
      const { code, message } = error instanceof CodedError ? error : worker
      return this.#end('abandoned', `${code}: ${message}`)
    })
  }

  get state(): RunState {
    return this.#state
  }
  /** It has ended, and if there is a model, the coordinator has it. */
  get over(): boolean {
    return this.#over
  }
  get events(): EventLog {
    return this.#chronicle.events
  }
  /** Of the last committed round. */
  get model(): EngineModel {
    return this.#rounds.model
  }

  /** @param state `stopped` by a person, `abandoned` for the aggregator's own reasons, `suspended` until a restart */
  stop(reason: string, state: Exclude<FinalState, 'finished'> | 'suspended' = 'stopped'): void {
    this.#stopping ??= { state, reason }
    this.#stopUpdates()
  }

  join(party: string, { jobDigest, rows, checkpoint }: JoinRequest, signal: AbortSignal): AsyncIterable<Task> {
    if (!equalBytes(jobDigest, this.#setting.jobDigest)) {
      const text = `party ${party} accepted job ${toHex(jobDigest)}, this run is of ${toHex(this.#setting.jobDigest)}`
      throw new AggregatorError('AGGREGATION_OTHER_JOB', text)
    }
    return this.#members.join(party, { rows, checkpoint }, signal)
  }

  /** @throws AggregatorError for a stranger, and once the model is no longer that of the current round. */
  parameters(party: string, digest: Uint8Array): Uint8Array {
    this.#members.rowsOf(party)
    return this.#rounds.parameters(digest)
  }

  /** @throws AggregatorError for a stranger. */
  receipts(party: string, held: number): AsyncIterable<Uint8Array> {
    this.#members.rowsOf(party)
    return this.#setting.shelf.after(held)
  }

  /** The last status, `accepted`, comes when the update is in a sum and that is on the disk. */
  receive(
    party: string,
    header: UploadHeader,
    incoming: IncomingUpload,
    widen: ServerCall['widen'],
  ): AsyncIterable<UploadStatus> {
    return this.#rounds.receive(party, header, incoming, widen)
  }

  /** The party says that it cannot deliver in this round, and why. */
  decline(party: string, number: number, code: string): void {
    this.#members.rowsOf(party)
    this.#rounds.input({ kind: 'refused', party, round: number, detail: code })
  }

  /** The coordinator has the model: only now the parties are told that the run has ended, and forget its key. */
  collected(): void {
    void this.#tellEnd('finished')
  }

  /** Nobody will ask for its receipts any more. */
  forget(): void {
    this.#setting.shelf[Symbol.dispose]()
  }

  async #play(): Promise<void> {
    const { spec, frame, receiptKey, tee, evidence, history } = this.#setting
    const { epoch } = frame
    await this.#chronicle.write({ kind: 'epoch', epoch, receiptKey })
    this.#chronicle.emit({ kind: 'attested', tee, epoch, receiptKey, evidence })
    if (history.ended) return this.#finish(history.ended.state, history.ended.reason)
    if (history.epochs.length === 1) {
      this.#chronicle.emit({ kind: 'state-changed', state: 'running', reason: 'waiting for the parties to join' })
    }
    const shortfall = await this.#assemble()
    if (shortfall !== undefined) return this.#endAs(shortfall)
    for (let number = history.next; number <= spec.rounds.count + 1; number++) {
      const task = taskOf(number, spec.rounds.count)
      const reason = this.#reasonToFinish(task, number)
      if (reason !== undefined) return this.#end(number > 1 ? 'finished' : 'abandoned', reason)
      this.#number = number
      const outcome = await this.#rounds.play(number, task)
      if (outcome.kind === 'summed') continue
      if (task === 'evaluate' && !this.#stopping) {
        return this.#end('finished', `without a last evaluation: ${outcome.reason}`)
      }
      return this.#endAs(outcome.reason)
    }
    return this.#end('finished', '')
  }

  /** By whoever stopped it, or for this reason. */
  #endAs(reason: string): Promise<void> | void {
    const stopping = this.#stopping
    if (stopping?.state === 'suspended') return this.#suspended()
    return this.#end(stopping?.state ?? 'abandoned', stopping?.reason ?? reason)
  }

  /** Before its last planned round, because there is nothing to gain or nothing left to spend. */
  #reasonToFinish(task: TaskKind, number: number): string | undefined {
    const { spec, engine } = this.#setting
    if (task === 'evaluate' && spec.privacy?.metrics === 'withheld') return 'metrics are withheld'
    const spent = engine.exhausted(task)
    return spent === undefined ? undefined : `before round ${number}: ${spent}`
  }

  /** Waits for every party, after a restart for those that were there if they suffice, and at the deadline for a quorum. */
  async #assemble(): Promise<string | undefined> {
    const { parties, spec, history } = this.#setting
    const { quorum, deadlineSeconds } = spec.rounds
    const there = [...history.present]
    const awaited = history.epochs.length === 1 || there.length < quorum ? parties : there
    await this.#members.whenPresent(awaited, this.#stop.signal, deadlineSeconds * 1000)
    if (this.#stopping) return this.#stopping.reason
    const { present } = this.#members
    if (present.length >= quorum) return undefined
    const absent = parties.filter((party) => !present.includes(party))
    return `${present.length} of ${quorum} parties joined within ${deadlineSeconds} s; absent, or refusing this aggregator: ${absent.join(', ')}`
  }

  /** Who comes for the first time after the end is told of it: the log of the run takes no more members. */
  async #enter(party: string, rows: number): Promise<void> {
    const ended = this.#state !== 'running' || this.#chronicle.history.ended !== undefined
    if (!ended) await this.#chronicle.write({ kind: 'member', party, rows })
  }

  #moved(party: string, present: boolean, works: boolean): void {
    if (this.#state !== 'running' || this.#stopping) return
    this.#rounds.announce(party, present ? 'joined' : 'gone', this.#number, '')
    if (works || !present) this.#rounds.input({ kind: present ? 'present' : 'left', party })
  }

  async #end(state: FinalState, reason: string): Promise<void> {
    await this.#chronicle.end({ state, reason })
    const { runId, log } = this.#setting
    log.info({ run: runId, state, reason }, 'the run has ended')
    await this.#finish(state, reason)
  }

  /** Everything that a run needs to go on is let go of; the model of a finished one stays to be collected. */
  async #finish(state: FinalState, reason: string): Promise<void> {
    this.#state = state
    this.#reason = reason
    this.#stopUpdates()
    this.events.end()
    await this.#setting.engine[Symbol.asyncDispose]()
    if (state !== 'finished') await this.#tellEnd(state)
  }

  #stopUpdates(): void {
    this.#stop.abort(new RoundError('ROUND_CLOSED', `run ${this.#setting.runId} takes no more updates`))
  }

  #tellEnd(state: FinalState): Promise<void> {
    this.#over = true
    const place = { runId: this.#setting.runId, round: 0, weightUnit: 0, deadlineMs: 0 }
    return this.#members.assign({ ...place, kind: 'ended', state, reason: this.#reason }, [])
  }

  /** Until a restart: what is on the disk is all there is to it. */
  async #suspended(): Promise<void> {
    await this.#setting.engine[Symbol.asyncDispose]()
  }

  /** Nothing that is not on the disk may be released, so a disk that fails ends the run. */
  #fail(error: unknown): void {
    const { log, runId } = this.#setting
    log.error({ run: runId, error }, 'what happens to the run cannot be written down')
    const { code, message } =
      error instanceof CodedError ? error : { code: 'AGGREGATION_WORKER', message: String(error) }
    this.stop(`${code}: ${message}`, 'abandoned')
  }
}
