/**
 * The rounds of one run: opened, fed with updates, summed and committed, one after the other. What is shown of a round is
 * on the disk before (chronicle.ts); the model that parties fetch is that of the last committed one.
 */
import { equalBytes, toHex } from '../crypto/index.ts'
import { CodedError } from '../errors/index.ts'
import type { JobSpec } from '../job/index.ts'
import {
  type Contribution,
  maximumStaleness,
  type PartyActivity,
  planRound,
  RoundError,
  type RoundPlan,
  roundRules,
  type TaskKind,
} from '../round/index.ts'
import type { Log, ServerCall, UploadStatus } from '../rpc/index.ts'
import type { Chronicle } from './chronicle.ts'
import type { Engine, EngineModel } from './engine/index.ts'
import { AggregatorError } from './errors.ts'
import type { IncomingUpload } from './incoming.ts'
import type { Members } from './members.ts'
import { OpenRound, type Outcome } from './open-round.ts'
import type { Receipts } from './receipts.ts'
import type { UploadHeader } from './staging.ts'
import { chooseCohort, type Opening, openingOf, taskFor } from './tasks.ts'
import type { Uploads } from './uploads.ts'

/** Events about one party in one round. */
const ANNOUNCEMENTS = 20

export interface RoundsSetting {
  readonly runId: string
  readonly spec: JobSpec
  /** Those of the spec that accepted. */
  readonly parties: readonly string[]
  readonly uploads: Uploads
  readonly engine: Engine
  readonly now: () => number
  readonly log: Log
}

export interface RoundsParts {
  readonly chronicle: Chronicle
  readonly members: Members
  readonly receipts: Receipts
  /** Aborts when no further round is to be released; its reason is what uploads under way are told. */
  readonly stop: AbortSignal
}

type Summed = Extract<Outcome, { kind: 'summed' }>
type Input = Parameters<OpenRound['input']>[0]

export class Rounds {
  #model: EngineModel
  #round: OpenRound | undefined
  /** Aborts, and is replaced, whenever a round opens, and at the end: for late updates that wait for one. */
  #opening = new AbortController()
  /** How many events each party has caused in this round. */
  readonly #announced = new Map<string, number>()
  readonly #setting: RoundsSetting
  readonly #parts: RoundsParts

  constructor(setting: RoundsSetting, parts: RoundsParts) {
    this.#setting = setting
    this.#parts = parts
    this.#model = setting.engine.model
    parts.stop.addEventListener('abort', () => {
      this.input({ kind: 'stopped', reason: 'the run was stopped' })
      this.#opening.abort()
    })
  }

  /** Of the last committed round. */
  get model(): EngineModel {
    return this.#model
  }

  /** @throws AggregatorError once the model is no longer that of the current round. */
  parameters(digest: Uint8Array): Uint8Array {
    for (const each of [this.#model, this.#model.control])
      if (each && equalBytes(digest, each.digest)) return each.bytes
    throw new AggregatorError('AGGREGATION_UNKNOWN_MODEL', `${toHex(digest)} is not the model of the current round`)
  }

  /** To the open round, if there is one. */
  input(input: Input): void {
    this.#round?.input(input)
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
    const rows = this.#parts.members.rowsOf(party)
    try {
      const admission = round.admit(party, header.round, toHex(header.digest))
      if (admission.kind === 'known') {
        yield { kind: 'accepted', digest: header.digest, round: admission.round }
        return
      }
      checkWeight(party, header.weight, rows)
      const { runId, spec, uploads, engine } = this.#setting
      const task = this.#parts.chronicle.history.opened.get(header.round)?.task ?? 'train'
      // A late update is not late yet when its round closes on the way, if the job lets it count in the next one.
      const closed = maximumStaleness(spec, task) > 0 ? this.#parts.stop : round.closed
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

  async #add(party: string, header: UploadHeader, body: Uint8Array, rows: number): Promise<{ round: number }> {
    const round = await this.#openRound()
    const digest = toHex(header.digest)
    const admission = round.admit(party, header.round, digest)
    if (admission.kind === 'known') return { round: admission.round }
    const weightUnit = this.#parts.chronicle.history.opened.get(header.round)?.weightUnit ?? rows
    const facts = { party, rows, weightUnit, staleness: admission.staleness }
    let written: Promise<void> | undefined
    await round.receive(header.round, digest, body, facts, (contribution: Contribution) => {
      written = this.#parts.chronicle.write({ kind: 'received', round: round.number, party, ...contribution })
    })
    await written
    return { round: round.number }
  }

  /** The round that is open, or the next one. @throws RoundError when there will be none */
  async #openRound(): Promise<OpenRound> {
    while (!this.#round || this.#round.closed.aborted) {
      if (this.#parts.stop.aborted) {
        throw new RoundError('ROUND_CLOSED', `run ${this.#setting.runId} takes no more updates`)
      }
      const { signal } = this.#opening
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    return this.#round
  }

  /** From its opening to its commit. */
  async play(number: number, task: TaskKind): Promise<Outcome> {
    const { spec, now, engine, runId, parties } = this.#setting
    const { chronicle, members, stop } = this.#parts
    const opening = this.#planOpening(number, task)
    const plan = planRound(chronicle.history, roundRules(spec, parties.length, number, task), opening)
    const { cohort, deadlineMs } = plan
    await engine.open({ round: number, task })
    const { number: _, ...opened } = opening
    await chronicle.write({ kind: 'opened', round: number, ...opened })
    const round = new OpenRound({
      plan,
      present: members.present,
      engine,
      now,
      announce: (party, activity, detail) => this.announce(party, activity, number, detail),
      closed: (contributors) => chronicle.write({ kind: 'closed', round: number, contributors }),
    })
    this.#round = round
    this.#announced.clear()
    const present = new Set(members.present)
    const asked = cohort.filter((party) => present.has(party))
    chronicle.emit({ kind: 'round-opened', round: number, task, cohort: asked, deadlineMs })
    void members.assign(taskFor(runId, opening, this.#model), cohort)
    this.#opening.abort()
    this.#opening = new AbortController()
    if (stop.aborted) round.input({ kind: 'stopped', reason: 'the run was stopped' })
    const outcome = await round.outcome
    // A stopped run releases no further sum, not even one that was just opened.
    if (stop.aborted) return { kind: 'abandoned', reason: 'the run was stopped' }
    if (outcome.kind === 'summed') await this.#commit(plan, outcome)
    return outcome
  }

  /** As it was opened before a restart, or anew. */
  #planOpening(number: number, task: TaskKind): Opening {
    const { spec, now, parties } = this.#setting
    const { pending } = this.#parts.chronicle.history
    const deadlineMs = now() + spec.rounds.deadlineSeconds * 1000
    if (pending?.number === number) return { ...openingOf(pending), deadlineMs }
    const { cohort: size } = roundRules(spec, parties.length, number, task)
    const cohort = chooseCohort(parties, this.#parts.members.present, size, spec.seed, number)
    return { number, task, cohort, weightUnit: this.#parts.members.rows, deadlineMs }
  }

  async #commit({ number, task }: RoundPlan, { contributors, missing, result, gatherMs }: Summed): Promise<void> {
    const { state, stateDigest, model, metrics, trainingLoss, sumMs, stepMs, clip, noise, privacySpent } = result
    const updates = [...contributors].map(([party, { digest, weight, staleness }]) => ({
      party,
      digest,
      rows: weight,
      base: number - staleness,
    }))
    const receipt = this.#parts.receipts.seal({
      round: number,
      updates,
      clip,
      noise,
      privacySpent,
      modelBefore: this.#model.digest,
      modelAfter: model.digest,
      stateAfter: stateDigest,
    })
    await this.#parts.chronicle.commit(number, state, toHex(stateDigest), {
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
    this.#parts.receipts.add(receipt)
    this.#model = model
    const place = { run: this.#setting.runId, round: number, task, contributors: updates.length }
    this.#setting.log.info({ ...place, metrics, gatherMs, sumMs, stepMs }, 'round-closed')
  }

  /** A party that comes and goes a thousand times a minute is told of a few times a round: history is kept for ever. */
  announce(party: string, activity: PartyActivity, round: number, detail: string): void {
    const before = this.#announced.get(party) ?? 0
    if (before >= ANNOUNCEMENTS) return
    this.#announced.set(party, before + 1)
    this.#parts.chronicle.emit({ kind: 'party-changed', party, activity, round, detail })
  }
}

function checkWeight(party: string, weight: number, rows: number): void {
  if (weight !== rows) {
    throw new RoundError('ROUND_WEIGHT', `party ${party} claims ${weight} rows in this update; it joined with ${rows}`)
  }
}
