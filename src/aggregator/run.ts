/**
 * One run at the aggregator: parties gather, round 0 finds the standardisation, rounds 1..N train, round N+1 evaluates
 * the last model. The aggregator decides by the job spec alone; nobody can ask it for a single update.
 *
 *   assembling ──> playing rounds ──> finished
 *        └──────────────┴──> abandoned | stopped
 */
import { equalBytes, toHex } from '../crypto/index.ts'
import { CodedError } from '../errors/index.ts'
import type { JobSpec } from '../job/index.ts'
import {
  type PartyActivity,
  RoundError,
  type RoundPlan,
  roundRules,
  type RunEventBody,
  type RunState,
  summations,
  type TaskKind,
} from '../round/index.ts'
import type { Log, ServerCall, Task, UploadStatus } from '../rpc/index.ts'
import { AggregatorError } from './errors.ts'
import { EventLog } from './event-log.ts'
import { Members, type TaskNow } from './members.ts'
import { ModelState } from './model-state.ts'
import { OpenRound, type Outcome } from './open-round.ts'
import type { IncomingUpload } from './incoming.ts'
import type { UploadHeader } from './staging.ts'
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
  /** Where this aggregator runs, for display. */
  readonly tee: string
  readonly now: () => number
  readonly log: Log
}

export class AggregationRun {
  readonly events = new EventLog()
  readonly model: ModelState
  readonly ended: Promise<void>
  #state: RunState = 'running'
  #round: OpenRound | undefined
  #weightUnit = 0
  #task: TaskKind = 'statistics'
  readonly #members: Members
  readonly #setting: RunSetting
  readonly #stop = new AbortController()
  #stopping: { readonly state: 'stopped' | 'abandoned'; readonly reason: string } | undefined
  /** How many events each party has caused in this round. */
  readonly #announced = new Map<string, number>()

  constructor(setting: RunSetting) {
    this.#setting = setting
    this.model = new ModelState(setting.spec)
    this.#members = new Members(setting.parties, setting.now, (...move) => this.#moved(...move))
    const none = new Uint8Array([0])
    const evidence = { quote: none, eventLog: new Uint8Array(0), statement: none }
    this.#emit({ kind: 'attested', tee: setting.tee, epoch: '0'.repeat(32), receiptKey: '0'.repeat(88), evidence })
    this.#emit({ kind: 'state-changed', state: 'running', reason: 'waiting for the parties to join' })
    this.ended = this.#play().catch((error: unknown) => {
      setting.log.error({ run: setting.runId, error }, 'the run failed')
      const worker = new AggregatorError('AGGREGATION_WORKER', 'the aggregator failed; its log has the error')
      const { code, message } = error instanceof CodedError ? error : worker
      this.#end('abandoned', `${code}: ${message}`)
    })
  }

  get state(): RunState {
    return this.#state
  }

  /** @param state `stopped` by a person, `abandoned` for the aggregator's own reasons */
  stop(reason: string, state: 'stopped' | 'abandoned' = 'stopped'): void {
    this.#stopping ??= { state, reason }
    this.#stop.abort()
    this.#round?.input({ kind: 'stopped', reason })
  }

  join(party: string, jobDigest: Uint8Array, rows: number, signal: AbortSignal): AsyncIterable<Task> {
    if (!equalBytes(jobDigest, this.#setting.jobDigest)) {
      const text = `party ${party} accepted job ${toHex(jobDigest)}, this run is of ${toHex(this.#setting.jobDigest)}`
      throw new AggregatorError('AGGREGATION_OTHER_JOB', text)
    }
    return this.#members.join(party, rows, signal)
  }

  /** @throws AggregatorError for a stranger, and once the model is no longer that of the current round. */
  parameters(party: string, digest: Uint8Array): Uint8Array {
    this.#members.rowsOf(party)
    if (equalBytes(digest, this.model.digest)) return this.model.bytes
    throw new AggregatorError('AGGREGATION_UNKNOWN_MODEL', `${toHex(digest)} is not the model of the current round`)
  }

  /** The last status, `accepted`, comes when the update is in the sum. */
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
      const digest = toHex(header.digest)
      if (round.admit(party, header.round, digest) === 'known') {
        yield { kind: 'accepted', digest: header.digest, round: header.round }
        return
      }
      checkWeight(party, header.weight, rows)
      const { runId, uploads } = this.#setting
      const reception = { runId, party, header, expectedBytes: this.#updateBytes(), closed: round.closed, widen }
      yield* uploads.receive(incoming, reception, async (body) => {
        const judge = () => this.model.verify(this.#task, body, rows)
        await round.receive(party, header.round, { digest, weight: rows }, body, judge)
        return { round: header.round }
      })
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
    if (this.#round?.number === number) this.#round.input({ kind: 'refused', party, round: number, detail: code })
  }

  async #play(): Promise<void> {
    const { rounds } = this.#setting.spec
    const outcome = await this.#assemble()
    if (outcome !== 'assembled') return this.#end(this.#stopping?.state ?? 'abandoned', outcome)
    for (let number = 0; number <= rounds.count + 1; number++) {
      const task = number === 0 ? 'statistics' : number <= rounds.count ? 'train' : 'evaluate'
      const closed = await this.#playRound(number, task)
      if (closed.kind === 'released') continue
      if (this.#stopping) return this.#end(this.#stopping.state, this.#stopping.reason)
      if (task === 'evaluate') return this.#end('finished', `without a last evaluation: ${closed.reason}`)
      return this.#end('abandoned', closed.reason)
    }
    this.#end('finished', '')
  }

  /** Waits for every party, and at the deadline for a quorum. */
  async #assemble(): Promise<string> {
    const { parties, spec } = this.#setting
    const withinMs = spec.rounds.deadlineSeconds * 1000
    const present = await this.#members.whenPresent(parties.length, this.#stop.signal, withinMs)
    if (this.#stopping) return this.#stopping.reason
    if (present.length >= spec.rounds.quorum) return 'assembled'
    const absent = parties.filter((party) => !present.includes(party))
    const seconds = spec.rounds.deadlineSeconds
    return `${present.length} of ${spec.rounds.quorum} parties joined within ${seconds} s; absent, or refusing this aggregator: ${absent.join(', ')}`
  }

  async #playRound(number: number, task: TaskKind): Promise<Outcome> {
    const { spec, now } = this.#setting
    this.#weightUnit = this.#members.rows
    const deadlineMs = now() + spec.rounds.deadlineSeconds * 1000
    const { parties: cohort } = this.#setting
    const late = { staleness: 0, asked: new Map(), counted: new Map(), acknowledged: new Map() }
    const { quorum, enough } = roundRules(spec, cohort.length, number, task)
    const plan: RoundPlan = { number, task, cohort, quorum, enough, ...late, deadlineMs }
    const round = new OpenRound({
      plan,
      present: this.#members.present,
      sum: summations[spec.summation].createSum(this.model.layout(task), spec.encoding),
      minimumParties: spec.rounds.minimumParties,
      weightUnit: this.#weightUnit,
      now,
      announce: (party, activity, detail) => this.#announce(party, activity, number, detail),
    })
    this.#round = round
    this.#announced.clear()
    this.#task = task
    this.#emit({ kind: 'round-opened', round: number, task, cohort: this.#members.present, deadlineMs })
    this.#members.assign(this.#taskNow(plan))
    const outcome = await round.outcome
    // A stopped run releases no further sum, not even one that was just opened.
    if (this.#stopping) return { kind: 'abandoned', reason: this.#stopping.reason }
    if (outcome.kind === 'released') this.#release(plan, outcome)
    return outcome
  }

  #release(plan: RoundPlan, outcome: Extract<Outcome, { kind: 'released' }>): void {
    const began = this.#setting.now()
    const rows = [...outcome.contributors.values()].reduce((sum, { weight }) => sum + weight, 0)
    const { metrics, trainingLoss } = this.model.apply(plan.task, outcome.totals, rows)
    this.#emit({
      kind: 'round-closed',
      round: plan.number,
      task: plan.task,
      contributors: [...outcome.contributors.keys()].sort(),
      missing: outcome.missing,
      metrics,
      trainingLoss,
      modelDigest: this.model.digest,
      gatherMs: outcome.gatherMs,
      sumMs: outcome.sumMs,
      stepMs: this.#setting.now() - began,
      receipt: new Uint8Array(0),
    })
  }

  #taskNow(plan: RoundPlan): TaskNow {
    const place = { ...nothing, runId: this.#setting.runId, round: plan.number, weightUnit: this.#weightUnit }
    if (plan.task === 'statistics') return { ...place, kind: 'statistics', deadlineMs: plan.deadlineMs }
    const { digest: modelDigest, standardisation } = this.model
    const { deadlineMs } = plan
    if (plan.task === 'evaluate') return { ...place, kind: 'evaluate', modelDigest, standardisation, deadlineMs }
    return { ...place, kind: 'train', modelDigest, standardisation, controlDigest: new Uint8Array(0), deadlineMs }
  }

  #updateBytes(): number {
    return summations[this.#setting.spec.summation].bytes(this.model.layout(this.#task))
  }

  #moved(party: string, present: boolean, works: boolean): void {
    if (this.#state !== 'running') return
    this.#announce(party, present ? 'joined' : 'gone', this.#round?.number ?? 0, '')
    if (works || !present) this.#round?.input({ kind: present ? 'present' : 'left', party })
  }

  #end(state: RunState, reason: string): void {
    this.#state = state
    this.#round = undefined
    this.model.end(state === 'finished')
    const place = { ...nothing, runId: this.#setting.runId, round: 0, weightUnit: this.#weightUnit, deadlineMs: 0 }
    this.#members.assign({ ...place, kind: 'ended', state, reason })
    this.#emit({ kind: 'state-changed', state, reason })
    this.events.end()
  }

  /** A party that comes and goes a thousand times a minute is told of a few times a round: history is kept for ever. */
  #announce(party: string, activity: PartyActivity, round: number, detail: string): void {
    const before = this.#announced.get(party) ?? 0
    if (before >= ANNOUNCEMENTS) return
    this.#announced.set(party, before + 1)
    this.#emit({ kind: 'party-changed', party, activity, round, detail })
  }

  #emit(body: RunEventBody): void {
    this.events.append(this.#setting.now(), body)
    if (body.kind === 'party-changed') return
    const digest = body.kind === 'round-closed' ? { modelDigest: toHex(body.modelDigest) } : {}
    this.#setting.log.info({ run: this.#setting.runId, ...body, ...digest }, body.kind)
  }
}

const nothing = { receipts: 0, runKey: new Uint8Array(0), checkpoints: [] }

function checkWeight(party: string, weight: number, rows: number): void {
  if (weight !== rows) {
    throw new RoundError('ROUND_WEIGHT', `party ${party} claims ${weight} rows in this update; it joined with ${rows}`)
  }
}
