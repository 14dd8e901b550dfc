/**
 * The runs this aggregator holds. Each is started once, and kept for a while after its end so that its model can be
 * collected. Where there is a state directory, runs of an earlier epoch lie there asleep: sealed with a key that only
 * their parties hold. The first party that has attested this aggregator and comes back with the key wakes its run;
 * whoever asks for the run before that waits.
 */
import { randomBytes } from 'node:crypto'
import { equalBytes, toHex } from '../crypto/index.ts'
import { CodedError } from '../errors/index.ts'
import { jobDigest, type JobSpec, readCanonicalSpec } from '../job/index.ts'
import { type Evidence, parseRecord, replay, type RunHistory } from '../round/index.ts'
import type { Log, Task } from '../rpc/index.ts'
import type { Journal, RunHeader, RunStates } from './durable/index.ts'
import { createEngine, type Engine } from './engine/index.ts'
import { AggregatorError } from './errors.ts'
import { AggregationRun, type JoinRequest } from './run.ts'
import type { ReceiptSigner } from './receipts.ts'

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
  readonly signer: ReceiptSigner
  readonly evidence: () => Promise<Evidence>
  /** Without it nothing is kept over a restart. */
  readonly states: RunStates | undefined
  readonly now: () => number
  readonly log: Log
}

/** What is known of a run without its key. */
interface Slot {
  readonly runId: string
  readonly spec: JobSpec
  readonly digest: Uint8Array
  readonly parties: readonly string[]
  /** Settles when the run is awake, or cannot be woken any more. */
  readonly awake: Promise<AggregationRun>
  readonly settle: { readonly resolve: (run: AggregationRun) => void; readonly reject: (error: unknown) => void }
  run: AggregationRun | undefined
  waking: Promise<AggregationRun> | undefined
}

export class Runs {
  readonly #slots = new Map<string, Slot>()
  readonly #setting: RunsSetting
  #closing = false

  constructor(setting: RunsSetting) {
    this.#setting = setting
    for (const { runId, specJson, parties } of setting.states?.list() ?? []) {
      this.#slots.set(runId, createSlot(runId, readCanonicalSpec(specJson), jobDigest(specJson), parties))
      setting.log.info({ run: runId }, 'a run of an earlier epoch waits for a party that brings its key')
    }
  }

  /** @throws AggregatorError AGGREGATION_CONFLICT, _FULL, _PLAIN, _STRANGER, _STATE_DISK; JobError for a bad spec. */
  async start({ runId, specJson, parties }: StartRequest): Promise<void> {
    const digest = jobDigest(specJson)
    const names = [...new Set(parties)].sort()
    const known = this.#slots.get(runId)
    if (known) {
      if (!equalBytes(known.digest, digest) || known.parties.join() !== names.join()) {
        throw new AggregatorError('AGGREGATION_CONFLICT', `run ${runId} was started before with another spec or parties`)
      }
      await known.waking
      return
    }
    const spec = readCanonicalSpec(specJson)
    this.#admit(runId, spec, names)
    await this.#makeRoom()
    const slot = createSlot(runId, spec, digest, names)
    this.#slots.set(runId, slot)
    try {
      await this.#wake(slot, () => this.#create({ runId, specJson, parties: names }))
    } catch (error) {
      // The coordinator tries again, and nothing of the run was shown to anybody.
      this.#slots.delete(runId)
      throw error
    }
  }

  /** How many have not ended; those asleep count. */
  get active(): number {
    return [...this.#slots.values()].filter(({ run }) => run === undefined || run.state === 'running').length
  }

  /** Waits for a run that is asleep. */
  async get(runId: string, signal: AbortSignal): Promise<AggregationRun> {
    const { run, awake } = this.#slot(runId)
    return run ?? (await unlessAborted(awake, signal))
  }

  /** Without waiting: undefined while the run is asleep. */
  peek(runId: string): AggregationRun | undefined {
    return this.#slot(runId).run
  }

  async *join(party: string, request: JoinRequest & { runKey: Uint8Array }, signal: AbortSignal): AsyncGenerator<Task> {
    const slot = this.#slot(request.runId)
    if (!slot.parties.includes(party)) {
      throw new AggregatorError('AGGREGATION_STRANGER', `party ${party} is not in run ${request.runId}`)
    }
    if (!slot.run && request.runKey.length > 0) await this.#wake(slot, () => this.#unlock(slot, request.runKey))
    const run = await this.get(request.runId, signal)
    yield* run.join(party, request, signal)
  }

  /** @throws AggregatorError AGGREGATION_UNKNOWN_RUN */
  async stop(runId: string, reason: string): Promise<void> {
    const slot = this.#slot(runId)
    if (slot.run) return slot.run.stop(reason)
    // Nobody has woken it, so nobody waits for its end.
    this.#slots.delete(runId)
    slot.settle.reject(unknownRun(runId))
    await this.#setting.states?.remove(runId)
  }

  /** Ends what can be taken up again after a restart, abandons the rest, and resolves when nothing is under way. */
  async close(reason: string): Promise<void> {
    this.#closing = true
    const runs = [...this.#slots.values()].flatMap(({ run }) => (run ? [run] : []))
    await Promise.all(runs.map((run) => (this.#setting.states ? run.suspend() : run.abandon(reason))))
    await this.#setting.states?.close()
  }

  #slot(runId: string): Slot {
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

  /** One at a time for each run: whoever comes meanwhile shares the attempt. */
  #wake(slot: Slot, attempt: () => Promise<AggregationRun>): Promise<AggregationRun> {
    slot.waking ??= attempt()
      .then((run) => {
        slot.run = run
        slot.settle.resolve(run)
        return run
      })
      .catch((error: unknown) => {
        if (isFinal(error)) slot.settle.reject(error)
        throw error
      })
      .finally(() => {
        slot.waking = undefined
      })
    return slot.waking
  }

  async #create(header: RunHeader): Promise<AggregationRun> {
    const { states } = this.#setting
    const spec = readCanonicalSpec(header.specJson)
    const evidence = await this.#setting.evidence()
    const engine = await createEngine({ spec })
    const kept = await states?.create(header)
    return this.#run(header, engine, evidence, undefined, kept)
  }

  async #unlock({ runId, spec, digest, parties }: Slot, runKey: Uint8Array): Promise<AggregationRun> {
    const { states, log } = this.#setting
    if (!states) throw unknownRun(runId)
    const { records, state, journal } = await states.unlock(runId, runKey)
    const history = replay(records.map(parseRecord))
    const restore = history.committed === undefined ? undefined : await state(history.committed)
    const engine = await createEngine({ spec, ...(restore && { restore }) })
    if (history.stateDigest !== undefined && toHex(engine.stateDigest) !== history.stateDigest) {
      await engine[Symbol.asyncDispose]()
      const text = `the state of run ${runId} after round ${history.committed} is not the one its log names`
      throw new AggregatorError('AGGREGATION_STATE_DAMAGED', text)
    }
    log.info({ run: runId, round: history.next }, 'a run of an earlier epoch goes on')
    const evidence = await this.#setting.evidence()
    return this.#run({ runId, specJson: spec, digest, parties }, engine, evidence, history, { journal, runKey })
  }
}
