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
import { equalBytes, toHex } from '../crypto/index.ts'
import { CodedError } from '../errors/index.ts'
import type { JobSpec } from '../job/index.ts'
import {
  type Contribution,
  type Evidence,
  type PartyActivity,
  planRound,
  RoundError,
  type RoundPlan,
  roundRules,
  type RunJournal,
  type RunState,
  type TaskKind,
} from '../round/index.ts'
import type { JoinRequest, Log, ServerCall, Task, UploadStatus } from '../rpc/index.ts'
import { Chronicle } from './chronicle.ts'
import type { Journal } from './durable/index.ts'
import type { Engine, EngineModel } from './engine/index.ts'
import { AggregatorError } from './errors.ts'
import type { EventLog } from './event-log.ts'
import type { IncomingUpload } from './incoming.ts'
import { Members } from './members.ts'
import { OpenRound, type Outcome } from './open-round.ts'
import { type ReceiptFrame, Receipts } from './receipts.ts'
import type { UploadHeader } from './staging.ts'
import { chooseCohort, openingOf, stillThere, taskFor, taskOf } from './tasks.ts'
import type { Uploads } from './uploads.ts'

/** Events about one party in one round. */
const ANNOUNCEMENTS = 20

export interface RunSetting {
  readonly runId: string
  readonly spec: JobSpec
  readonly jobDigest: Uint8Array
  /** Those of the spec that accepted. */
  readonly parties: readonly string[]
  readonly uploads: Uploads
  readonly engine: Engine
  /** Where this aggregator runs, for display, and what shows that it holds the receipt key. */
  readonly tee: string
  readonly evidence: Evidence
  readonly receiptKey: string
  readonly frame: ReceiptFrame
  readonly sign: (message: Uint8Array) => Uint8Array
  /** Empty at the start of a run. */
  readonly history: RunJournal
  /** Where the run is kept over a restart, and the key that the parties hold for that. */
  readonly kept: { readonly journal: Journal; readonly runKey: Uint8Array } | undefined
  readonly now: () => number
  readonly log: Log
}

type Summed = Extract<Outcome, { kind: 'summed' }>
type FinalState = 'finished' | 'abandoned' | 'stopped'

export class AggregationRun {
  readonly ended: Promise<void>
  #state: RunState = 'running'
  #model: EngineModel
  #round: OpenRound | undefined
  /** Aborts, and is replaced, whenever a round opens: for late updates that wait for one. */
  #opening = new AbortController()
  readonly #members: Members
  readonly #chronicle: Chronicle
  readonly #receipts: Receipts
  readonly #setting: RunSetting
  readonly #stop = new AbortController()
  #stopping: { readonly state: FinalState | 'suspended'; readonly reason: string } | undefined
  /** How many events each party has caused in this round. */
  readonly #announced = new Map<string, number>()

  constructor(setting: RunSetting) {
    const { history, now, parties, frame, engine } = setting
    this.#setting = setting
    this.#model = engine.model
    this.#chronicle = new Chronicle({ journal: setting.kept?.journal, history, now, failed: (e) => this.#fail(e) })
    this.#receipts = new Receipts(frame, setting.sign, history.receipts)
    this.#members = new Members({
      parties,
      known: history.members,
      now,
      common: () => ({ receipts: this.#receipts.count, runKey: setting.kept?.runKey ?? new Uint8Array(0) }),
      enter: (party, rows) => this.#chronicle.write({ kind: 'member', party, rows }),
      moved: (...move) => this.#moved(...move),
    })
    this.ended = this.#play().catch((error: unknown) => {
      setting.log.error({ run: setting.runId, error }, 'the run failed')
      const worker = new AggregatorError('AGGREGATION_WORKER', 'the aggregator failed; its log has the error')
      const { code, message } = error instanceof CodedError ? error : worker
      return this.#end('abandoned', `${code}: ${message}`)
    })
  }

  get state(): RunState {
    return this.#state
  }
  get events(): EventLog {
    return this.#chronicle.events
  }
  /** Of the last committed round. */
  get model(): EngineModel {
    return this.#model
  }

  /** @param state `stopped` by a person, `abandoned` for the aggregator's own reasons, `suspended` until a restart */
  stop(reason: string, state: 'stopped' | 'abandoned' | 'suspended' = 'stopped'): void {
    this.#stopping ??= { state, reason }
    this.#stop.abort()
    this.#round?.input({ kind: 'stopped', reason })
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
    const { control } = this.#model
    for (const each of [this.#model, control]) if (each && equalBytes(digest, each.digest)) return each.bytes
    throw new AggregatorError('AGGREGATION_UNKNOWN_MODEL', `${toHex(digest)} is not the model of the current round`)
  }

  /** @throws AggregatorError for a stranger. */
  receipts(party: string, held: number): readonly Uint8Array[] {
    this.#members.rowsOf(party)
    return this.#receipts.after(held)
  }

  /** The last status, `accepted`, comes when the update is in a sum and that is on the disk. */
  async *receive(
    party: string,
    header: UploadHeader,
    incoming: IncomingUpload,
    widen: ServerCall['widen'],
  ): AsyncGenerator<UploadStatus> {
    const round = this.#round
    if (!round) throw new RoundError('ROUND_CLOSED', `run ${this.#setting.runId} is not gathering updates`)
    const rows = this.#members.rowsOf(party)
    try {
      const admission = round.admit(party, header.round, toHex(header.digest))
      if (admission.kind === 'known') {
        yield { kind: 'accepted', digest: header.digest, round: admission.round }
        return
      }
      checkWeight(party, header.weight, rows)
      const { runId, uploads, engine } = this.#setting
      const task = this.#chronicle.history.opened.get(header.round)?.task ?? 'train'
      // A late update is not late yet when its round closes on the way, if the job lets it count in the next one.
      const closed = this.#isPatient(task) ? this.#stop.signal : round.closed
      const reception = { runId, party, header, expectedBytes: engine.updateBytes(task), closed, widen }
      yield* uploads.receive(incoming, reception, (body) => this.#add(party, header, body, rows))
    } catch (error) {
      // Bytes that arrived whole and are wrong stay wrong: nobody waits for that party. A cut connection is tried again.
      if (error instanceof CodedError && ['INVALID_ARGUMENT', 'OUT_OF_RANGE'].includes(error.row.status)) {
        round.input({ kind: 'refused', party, round: header.round, detail: error.code })
      }
      throw error
    }
  }

  /** The party says that it cannot deliver in this round, and why. */
  decline(party: string, number: number, code: string): void {
    this.#members.rowsOf(party)
    this.#round?.input({ kind: 'refused', party, round: number, detail: code })
  }

  /** The coordinator has the model: only now the parties are told that the run has ended, and forget its key. */
  collected(): void {
    this.#tellEnd('finished', '')
  }

  async #add(party: string, header: UploadHeader, body: Uint8Array, rows: number): Promise<{ round: number }> {
    const round = await this.#openRound()
    const digest = toHex(header.digest)
    const admission = round.admit(party, header.round, digest)
    if (admission.kind === 'known') return { round: admission.round }
    const weightUnit = this.#chronicle.history.opened.get(header.round)?.weightUnit ?? rows
    const facts = { party, rows, weightUnit, staleness: admission.staleness }
    let written: Promise<void> | undefined
    await round.receive(header.round, digest, body, facts, (contribution: Contribution) => {
      written = this.#chronicle.write({ kind: 'received', round: round.number, party, ...contribution })
    })
    await written
    return { round: round.number }
  }

  /** The round that is open, or the next one. @throws RoundError when there will be none */
  async #openRound(): Promise<OpenRound> {
    while (!this.#round || this.#round.closed.aborted) {
      if (this.#stop.signal.aborted || this.#state !== 'running') {
        throw new RoundError('ROUND_CLOSED', `run ${this.#setting.runId} takes no more updates`)
      }
      const { signal } = this.#opening
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    return this.#round
  }

  #isPatient(task: TaskKind): boolean {
    const { rounds, strategy } = this.#setting.spec
    return task === 'train' && (rounds.late === 'keep' || strategy.kind === 'fedbuff')
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
    if (shortfall !== undefined) return this.#over(shortfall)
    for (let number = history.next; number <= spec.rounds.count + 1; number++) {
      const task = taskOf(number, spec.rounds.count)
      const reason = this.#reasonToFinish(task, number)
      if (reason !== undefined) return this.#end(number > 1 ? 'finished' : 'abandoned', reason)
      const outcome = await this.#playRound(number, task)
      if (outcome.kind === 'summed') continue
      if (task === 'evaluate' && !this.#stopping) {
        return this.#end('finished', `without a last evaluation: ${outcome.reason}`)
      }
      return this.#over(outcome.reason)
    }
    return this.#end('finished', '')
  }

  /** By whoever stopped it, or for this reason. */
  #over(reason: string): Promise<void> | void {
    const stopping = this.#stopping
    if (stopping?.state === 'suspended') return this.#suspended()
    return this.#end(stopping?.state ?? 'abandoned', stopping?.reason ?? reason)
  }

  /** Before its last planned round, because there is nothing to gain or nothing left to spend. */
  #reasonToFinish(task: TaskKind, number: number): string | undefined {
    const { spec, engine, parties } = this.#setting
    if (task === 'evaluate' && spec.privacy?.metrics === 'withheld') return 'metrics are withheld'
    const spent = engine.exhausted(task, parties.length)
    return spent === undefined ? undefined : `before round ${number}: ${spent}`
  }

  /** Waits for every party, after a restart for those that were there, and at the deadline for a quorum. */
  async #assemble(): Promise<string | undefined> {
    const { parties, spec, history } = this.#setting
    const { quorum, deadlineSeconds } = spec.rounds
    const awaited = history.epochs.length === 1 ? parties : stillThere(history)
    await this.#members.whenPresent(awaited, this.#stop.signal, deadlineSeconds * 1000)
    if (this.#stopping) return this.#stopping.reason
    const { present } = this.#members
    if (present.length >= quorum) return undefined
    const absent = parties.filter((party) => !present.includes(party))
    return `${present.length} of ${quorum} parties joined within ${deadlineSeconds} s; absent, or refusing this aggregator: ${absent.join(', ')}`
  }

  async #playRound(number: number, task: TaskKind): Promise<Outcome> {
    const { spec, now, engine } = this.#setting
    const { history } = this.#chronicle
    const opening = this.#planOpening(number, task)
    const plan = planRound(history, roundRules(spec, this.#setting.parties.length, number, task), opening)
    const { cohort, deadlineMs } = plan
    await engine.open({ round: number, task })
    const { number: _, ...opened } = opening
    await this.#chronicle.write({ kind: 'opened', round: number, ...opened })
    const round = new OpenRound({
      plan,
      present: this.#members.present,
      engine,
      now,
      announce: (party, activity, detail) => this.#announce(party, activity, number, detail),
      closed: (contributors) => this.#chronicle.write({ kind: 'closed', round: number, contributors }),
    })
    this.#round = round
    this.#announced.clear()
    const asked = cohort.filter((party) => this.#members.present.includes(party))
    this.#chronicle.emit({ kind: 'round-opened', round: number, task, cohort: asked, deadlineMs })
    this.#members.assign(taskFor(this.#setting.runId, opening, this.#model), cohort)
    this.#opening.abort()
    this.#opening = new AbortController()
    if (this.#stopping) round.input({ kind: 'stopped', reason: this.#stopping.reason })
    const outcome = await round.outcome
    // A stopped run releases no further sum, not even one that was just opened.
    if (this.#stopping) return { kind: 'abandoned', reason: this.#stopping.reason }
    if (outcome.kind === 'summed') await this.#commit(plan, outcome)
    return outcome
  }

  /** As it was opened before a restart, or anew. */
  #planOpening(number: number, task: TaskKind) {
    const { spec, now, parties } = this.#setting
    const { pending } = this.#chronicle.history
    const deadlineMs = now() + spec.rounds.deadlineSeconds * 1000
    if (pending?.number === number) return { ...openingOf(pending), deadlineMs }
    const { cohort: size } = roundRules(spec, parties.length, number, task)
    const cohort = chooseCohort(parties, this.#members.present, size, spec.seed, number)
    return { number, task, cohort, weightUnit: this.#members.rows, deadlineMs }
  }

  async #commit({ number, task }: RoundPlan, { contributors, missing, result, gatherMs }: Summed): Promise<void> {
    const { state, stateDigest, model, metrics, trainingLoss, sumMs, stepMs, clip, noise, privacySpent } = result
    const updates = [...contributors].map(([party, { digest, weight, staleness }]) => ({
      party,
      digest,
      rows: weight,
      base: number - staleness,
    }))
    const receipt = this.#receipts.seal({
      round: number,
      updates,
      clip,
      noise,
      privacySpent,
      modelBefore: this.#model.digest,
      modelAfter: model.digest,
      stateAfter: stateDigest,
    })
    await this.#chronicle.commit(number, state, toHex(stateDigest), {
      kind: 'round-closed',
      round: number,
      task,
      contributors: updates.map(({ party }) => party).sort(),
      missing,
      metrics,
      trainingLoss,
      modelDigest: model.digest,
      gatherMs,
      sumMs: Math.round(sumMs),
      stepMs: Math.round(stepMs),
      receipt: receipt.sealed,
    })
    this.#receipts.add(receipt)
    this.#model = model
    const place = { run: this.#setting.runId, round: number, task, contributors: updates.length }
    this.#setting.log.info({ ...place, metrics, gatherMs, sumMs, stepMs }, 'round-closed')
  }

  #moved(party: string, present: boolean, works: boolean): void {
    if (this.#state !== 'running' || this.#stopping) return
    this.#announce(party, present ? 'joined' : 'gone', this.#round?.number ?? 0, '')
    if (works || !present) this.#round?.input({ kind: present ? 'present' : 'left', party })
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
    this.#round = undefined
    this.#stop.abort()
    this.#opening.abort()
    this.events.end()
    await this.#setting.engine[Symbol.asyncDispose]()
    if (state !== 'finished') this.#tellEnd(state, reason)
  }

  #tellEnd(state: FinalState, reason: string): void {
    const { runId } = this.#setting
    this.#members.assign({ runId, round: 0, weightUnit: 0, deadlineMs: 0, kind: 'ended', state, reason }, [])
  }

  /** Until a restart: what is on the disk is all there is to it. */
  async #suspended(): Promise<void> {
    this.#round = undefined
    this.#opening.abort()
    await this.#setting.engine[Symbol.asyncDispose]()
  }

  /** Nothing that is not on the disk may be released, so a disk that fails ends the run. */
  #fail(error: unknown): void {
    const { log, runId } = this.#setting
    log.error({ run: runId, error }, 'what happens to the run cannot be written down')
    const { code, message } = error instanceof CodedError ? error : { code: 'AGGREGATION_WORKER', message: String(error) }
    this.stop(`${code}: ${message}`, 'abandoned')
  }

  /** A party that comes and goes a thousand times a minute is told of a few times a round: history is kept for ever. */
  #announce(party: string, activity: PartyActivity, round: number, detail: string): void {
    const before = this.#announced.get(party) ?? 0
    if (before >= ANNOUNCEMENTS) return
    this.#announced.set(party, before + 1)
    this.#chronicle.emit({ kind: 'party-changed', party, activity, round, detail })
  }
}

function checkWeight(party: string, weight: number, rows: number): void {
  if (weight !== rows) {
    throw new RoundError('ROUND_WEIGHT', `party ${party} claims ${weight} rows in this update; it joined with ${rows}`)
  }
}
