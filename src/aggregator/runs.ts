/**
 * The runs this aggregator holds. Each is started once, and kept for a while after its end so that its model can be
 * collected. Where there is a state directory, runs of an earlier epoch lie there asleep: sealed with a key that only
 * their parties hold. The first party that has attested this aggregator and comes back with the key wakes its run;
 * whoever asks for the run before that waits. One whose key nobody was given yet begins anew (keyless.ts).
 */
import { equalBytes, toHex } from '../crypto/index.ts'
import { canonicalSpec, jobDigest, type JobSpec, readCanonicalSpec } from '../job/index.ts'
import type { RunEvent } from '../round/index.ts'
import { type JoinRequest, type Log, RpcError, type Task, unlessAborted } from '../rpc/index.ts'
import type { RunStates } from './durable/index.ts'
import { createEngine } from './engine/index.ts'
import { AggregatorError } from './errors.ts'
import { Keyless } from './keyless.ts'
import type { AggregatorProver } from './prover.ts'
import { createHistory } from './receipt-shelf.ts'
import { AggregationRun, type RunSetting } from './run.ts'
import { createSlot, isPassing, type Slot, unknownRun } from './slot.ts'
import { takeOver } from './take-over.ts'
import { Uploads } from './uploads.ts'

/** Each active run holds a model, a sum and a thread. */
const ACTIVE_RUNS = 32
/** Ended runs whose model can still be collected; the coordinator does so within seconds. */
const ENDED_RUNS = 16

export interface StartRequest {
  readonly runId: string
  readonly specJson: Uint8Array
  readonly parties: readonly string[]
}

export interface RunsSetting {
  readonly allowPlain: boolean
  /** Where this aggregator runs, for display. */
  readonly tee: string
  readonly federation: string
  /** Of the attestation policy, hex. */
  readonly policyDigest: string
  readonly prover: Pick<AggregatorProver, 'epoch' | 'receiptKey' | 'sign' | 'evidence'>
  /** Without it nothing is kept over a restart. */
  readonly states: RunStates | undefined
  /** Active at once; tests choose fewer. */
  readonly maximumRuns?: number
  readonly now: () => number
  readonly log: Log
}

export class Runs {
  readonly #slots = new Map<string, Slot>()
  readonly #uploads = new Uploads()
  readonly #setting: RunsSetting
  /** Nothing more can be written down. */
  #suspended = false

  constructor(setting: RunsSetting) {
    this.#setting = setting
    const { states, log } = setting
    for (const { runId, spec, parties } of states?.list() ?? []) {
      try {
        this.#slots.set(runId, createSlot(runId, new TextEncoder().encode(spec), parties))
        log.info({ run: runId }, 'a run of an earlier epoch waits for a party that brings its key')
      } catch (error) {
        // The host writes these files: one of them must not keep the others from going on.
        log.error({ run: runId, error }, 'a run cannot be taken up')
      }
    }
    for (const { runId, error } of states?.damaged() ?? []) log.error({ run: runId, error }, 'a run cannot be taken up')
  }

  /** @throws AggregatorError AGGREGATION_CONFLICT, _FULL, _PLAIN, _STRANGER, _STATE_DISK; JobError for a bad spec. */
  async start({ runId, specJson, parties }: StartRequest): Promise<void> {
    this.#requireOpen()
    const digest = jobDigest(specJson)
    const names = [...new Set(parties)].sort()
    const known = this.#slots.get(runId)
    if (known) {
      if (!equalBytes(known.jobDigest, digest) || known.parties.join() !== names.join()) {
        throw new AggregatorError(
          'AGGREGATION_CONFLICT',
          `run ${runId} was started before with another spec or parties`,
        )
      }
      await known.waking
      return
    }
    const spec = readCanonicalSpec(specJson)
    this.#admit(runId, spec, names)
    this.#requireRoom()
    const slot = createSlot(runId, specJson, names)
    this.#slots.set(runId, slot)
    try {
      await this.#wake(slot, () => this.#create(slot, 'create'))
      await this.#tidy()
    } catch (error) {
      // The coordinator tries again, and nothing of the run was shown to anybody.
      if (this.#slots.get(runId) === slot && !slot.run) this.#slots.delete(runId)
      throw error
    }
  }

  /** How many are awake and have not ended. */
  get active(): number {
    return [...this.#slots.values()].filter(({ run }) => run?.state === 'running').length
  }

  /** Waits for a run that is asleep. */
  async get(runId: string, signal: AbortSignal): Promise<AggregationRun> {
    const { run, awake } = this.#slot(runId)
    return run ?? (await unlessAborted(awake, signal))
  }

  async *watch(runId: string, afterSequence: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const slot = this.#slot(runId)
    slot.told = Math.max(slot.told ?? 0, afterSequence)
    this.#beginAnew(slot)
    const { events } = await this.get(runId, signal)
    yield* events.watch(afterSequence, signal)
  }

  /** The run if it is awake. @throws AggregatorError AGGREGATION_UNKNOWN_RUN, _ASLEEP */
  awake(runId: string): AggregationRun {
    const { run } = this.#slot(runId)
    if (run) return run
    throw new AggregatorError('AGGREGATION_ASLEEP', `run ${runId} waits for a party that brings its key`)
  }

  async *join(party: string, request: JoinRequest, signal: AbortSignal): AsyncGenerator<Task> {
    const slot = this.#slot(request.runId)
    if (!slot.parties.includes(party)) {
      throw new AggregatorError('AGGREGATION_STRANGER', `party ${party} is not in run ${request.runId}`)
    }
    if (!slot.run && request.runKey.length > 0) {
      // Somebody else's key may be another one: that must not be this party's failure.
      await slot.waking?.catch(() => undefined)
      if (!slot.run) await this.#wake(slot, () => this.#unlock(slot, request.runKey))
    } else if (!slot.run) this.#miss(slot, party)
    const run = await this.get(request.runId, signal)
    this.#requireOpen()
    yield* run.join(party, request, signal)
  }

  /** @throws AggregatorError AGGREGATION_UNKNOWN_RUN */
  async stop(runId: string, reason: string): Promise<void> {
    const slot = this.#slot(runId)
    // Whoever tried to wake it is told why it failed: then it is stopped asleep.
    await slot.waking?.catch(() => undefined)
    if (slot.run) return slot.run.stop(reason)
    // Nobody has woken it, so nobody waits for its end.
    slot.keyless?.clear()
    this.#slots.delete(runId)
    slot.reject(unknownRun(runId))
    await this.#setting.states?.remove(runId)
  }

  /** The coordinator has seen all of the run that there is to see: nothing is left for another epoch to go on with. */
  async retire(runId: string): Promise<void> {
    if (this.#slots.get(runId)?.run?.over === true) await this.#remove(runId)
  }

  async #remove(runId: string): Promise<void> {
    const { states, log } = this.#setting
    await states?.remove(runId).catch((error: unknown) => log.warn({ run: runId, error }, 'files of a run are left'))
  }

  /** Suspends what can be taken up after a restart, abandons the rest; resolves when nothing is under way. */
  async close(reason: string): Promise<void> {
    const { states } = this.#setting
    this.#suspended = states !== undefined
    for (const { keyless } of this.#slots.values()) keyless?.clear()
    await Promise.allSettled([...this.#slots.values()].map(({ waking }) => waking))
    const runs = [...this.#slots.values()].flatMap(({ run }) => (run ? [run] : []))
    for (const run of runs) run.stop(reason, states ? 'suspended' : 'abandoned')
    await Promise.all(runs.map((run) => run.ended))
    for (const run of runs) run.forget()
    await states?.[Symbol.asyncDispose]()
  }

  /** Any other word than this one would end the run for whoever asks. */
  #requireOpen(): void {
    if (this.#suspended) throw new RpcError('PEER_DRAINING', 'the aggregator is shutting down')
  }

  #slot(runId: string): Slot {
    this.#requireOpen()
    const slot = this.#slots.get(runId)
    if (slot) return slot
    throw unknownRun(runId)
  }

  #admit(runId: string, spec: JobSpec, parties: readonly string[]): void {
    if (spec.summation === 'plain' && !this.#setting.allowPlain) {
      const text = `run ${runId} asks for summation plain, which benchmarks alone may`
      throw new AggregatorError('AGGREGATION_PLAIN', text)
    }
    const stranger = parties.find((party) => !spec.parties.includes(party))
    if (stranger) throw new AggregatorError('AGGREGATION_STRANGER', `party ${stranger} is not named in the job spec`)
  }

  /** One attempt at a time for each run: whoever comes meanwhile shares it. */
  #wake(slot: Slot, attempt: () => Promise<AggregationRun>): Promise<AggregationRun> {
    slot.waking ??= attempt()
      .then((run) => {
        slot.keyless?.clear()
        slot.run = run
        slot.resolve(run)
        return run
      })
      .catch((error: unknown) => {
        if (!isPassing(error)) slot.reject(error)
        throw error
      })
      .finally(() => {
        slot.waking = undefined
      })
    return slot.waking
  }

  #miss(slot: Slot, party: string): void {
    const { parties, spec } = slot
    const changed = () => this.#beginAnew(slot)
    slot.keyless ??= new Keyless({ ...spec.rounds, parties, changed })
    slot.keyless.add(party)
  }

  /** Once it is certain that nobody has the key, and known where the coordinator stands. */
  #beginAnew(slot: Slot): void {
    const { runId, told, keyless } = slot
    if (slot.run || told === undefined || !keyless?.certain) return
    const { log } = this.#setting
    const attempt = async () => {
      log.warn({ run: runId }, 'no party was given the key of a run of an earlier epoch: it begins anew')
      return this.#create(slot, 'renew')
    }
    this.#wake(slot, attempt).catch((error: unknown) => log.error({ run: runId, error }, 'a run cannot begin anew'))
  }

  async #create(slot: Slot, how: 'create' | 'renew'): Promise<AggregationRun> {
    const { runId, spec, parties } = slot
    const { states, federation, now, prover } = this.#setting
    const evidence = await prover.evidence()
    const engine = await createEngine({ spec })
    try {
      const header = { runId, federation, spec: new TextDecoder().decode(canonicalSpec(spec)), parties, created: now() }
      const kept = await states?.[how](header)
      return this.#run(slot, { engine, evidence, ...createHistory(), kept, after: slot.told ?? 0 })
    } catch (error) {
      await engine[Symbol.asyncDispose]()
      throw error
    }
  }

  async #unlock(slot: Slot, runKey: Uint8Array): Promise<AggregationRun> {
    const { runId, spec } = slot
    const { states, log, prover } = this.#setting
    if (!states) throw unknownRun(runId)
    const evidence = await prover.evidence()
    const { restore, journal, ...found } = await takeOver(states, runId, runKey)
    try {
      const engine = await createEngine({ spec, ...(restore && { restore }) })
      log.info({ run: runId, round: found.history.next }, 'a run of an earlier epoch goes on')
      return this.#run(slot, { engine, evidence, ...found, kept: { journal, runKey }, after: 0 })
    } catch (error) {
      found.shelf[Symbol.dispose]()
      await journal.close()
      throw error
    }
  }

  #run(
    { runId, spec, jobDigest, parties }: Slot,
    made: Pick<RunSetting, 'engine' | 'evidence' | 'history' | 'shelf' | 'kept' | 'after'>,
  ): AggregationRun {
    const { federation, policyDigest, prover, tee, now, log } = this.#setting
    const { epoch, receiptKey, sign } = prover
    const frame = { federation, run: runId, jobDigest: toHex(jobDigest), policyDigest, epoch }
    const job = { runId, spec, jobDigest, parties, uploads: this.#uploads }
    return new AggregationRun({ ...job, tee, now, log, receiptKey, sign, frame, ...made })
  }

  /** Those that are being made count too. */
  #requireRoom(): void {
    const { maximumRuns = ACTIVE_RUNS } = this.#setting
    const waking = [...this.#slots.values()].filter((slot) => slot.waking !== undefined).length
    if (this.active === 0 && waking === 0) this.#uploads.rest()
    if (this.active + waking >= maximumRuns) {
      throw new AggregatorError('AGGREGATION_FULL', `this aggregator already has ${maximumRuns} active runs`)
    }
  }

  /** Lets go of those that ended first. */
  async #tidy(): Promise<void> {
    const ended = [...this.#slots.values()].filter(({ run }) => run !== undefined && run.state !== 'running')
    for (const { runId, run } of ended.slice(0, Math.max(0, ended.length - ENDED_RUNS))) {
      this.#slots.delete(runId)
      run?.forget()
      await this.#remove(runId)
    }
  }
}
