/** The runs this aggregator holds: started once each, kept for a while after they end so that the model can be collected. */
import { equalBytes } from '../crypto/index.ts'
import { jobDigest, readCanonicalSpec } from '../job/index.ts'
import { AggregatorError } from './errors.ts'
import { AggregationRun, type RunSetting } from './run.ts'
import { Uploads } from './uploads.ts'

/** Each active run holds a model, a sum and its staged uploads in memory. */
const ACTIVE_RUNS = 32
/** Ended runs whose model can still be collected; the coordinator does so within seconds. */
const ENDED_RUNS = 16

export interface StartRequest {
  readonly runId: string
  readonly specJson: Uint8Array
  readonly parties: readonly string[]
}

interface Held {
  readonly run: AggregationRun
  readonly digest: Uint8Array
  readonly parties: string
}

interface RunsSetting extends Pick<RunSetting, 'tee' | 'now' | 'log'> {
  readonly allowPlain: boolean
}

export class Runs {
  readonly #held = new Map<string, Held>()
  readonly #uploads = new Uploads()
  readonly #setting: RunsSetting

  constructor(setting: RunsSetting) {
    this.#setting = setting
  }

  /** @throws AggregatorError AGGREGATION_CONFLICT, _FULL, _PLAIN, _STRANGER; JobError for a bad spec. */
  start({ runId, specJson, parties }: StartRequest): void {
    const digest = jobDigest(specJson)
    const names = [...new Set(parties)].sort()
    const known = this.#held.get(runId)
    if (known) {
      if (equalBytes(known.digest, digest) && known.parties === names.join()) return
      throw new AggregatorError('AGGREGATION_CONFLICT', `run ${runId} was started before with another spec or parties`)
    }
    const spec = readCanonicalSpec(specJson)
    if (spec.summation === 'plain' && !this.#setting.allowPlain) {
      throw new AggregatorError(
        'AGGREGATION_PLAIN',
        `run ${runId} asks for summation plain, which benchmarks alone may`,
      )
    }
    const stranger = names.find((party) => !spec.parties.includes(party))
    if (stranger) throw new AggregatorError('AGGREGATION_STRANGER', `party ${stranger} is not named in the job spec`)
    this.#makeRoom()
    const { tee, now, log } = this.#setting
    const uploads = this.#uploads
    const run = new AggregationRun({ runId, spec, jobDigest: digest, parties: names, uploads, tee, now, log })
    this.#held.set(runId, { run, digest, parties: names.join() })
  }

  /** How many have not ended. */
  get active(): number {
    return [...this.#held.values()].filter(({ run }) => run.state === 'running').length
  }

  get(runId: string): AggregationRun {
    const held = this.#held.get(runId)
    if (held) return held.run
    throw new AggregatorError('AGGREGATION_UNKNOWN_RUN', `this aggregator does not hold run ${runId}`)
  }

  /** Abandons every active run and resolves when all have ended. */
  async abandon(reason: string): Promise<void> {
    const runs = [...this.#held.values()].map(({ run }) => run)
    for (const run of runs) run.stop(reason, 'abandoned')
    await Promise.all(runs.map((run) => run.ended))
  }

  #makeRoom(): void {
    if (this.active >= ACTIVE_RUNS) {
      throw new AggregatorError('AGGREGATION_FULL', `this aggregator already has ${ACTIVE_RUNS} active runs`)
    }
    const ended = [...this.#held].filter(([, { run }]) => run.state !== 'running')
    for (const [runId] of ended.slice(0, Math.max(0, ended.length - ENDED_RUNS))) this.#held.delete(runId)
  }
}
