/** The place of one run at the aggregator, which it has before it is awake, and what waits there. */
import { CodedError } from '../errors/index.ts'
import { jobDigest, readCanonicalSpec } from '../job/index.ts'
import { AggregatorError } from './errors.ts'
import type { Keyless } from './keyless.ts'
import type { AggregationRun, RunSetting } from './run.ts'

/** What is known of a run without its key. */
export interface Slot extends Pick<RunSetting, 'runId' | 'spec' | 'jobDigest' | 'parties'> {
  /** Settles when the run is awake, or when it is clear that it will never be. */
  readonly awake: Promise<AggregationRun>
  readonly resolve: (run: AggregationRun) => void
  readonly reject: (error: unknown) => void
  run: AggregationRun | undefined
  waking: Promise<AggregationRun> | undefined
  keyless: Keyless | undefined
  /** The newest event that the coordinator has, as far as it has asked. */
  told: number | undefined
}

export function createSlot(runId: string, specJson: Uint8Array, parties: readonly string[]): Slot {
  let resolve: Slot['resolve'] = () => undefined
  let reject: Slot['reject'] = () => undefined
  const awake = new Promise<AggregationRun>((...settle) => {
    ;[resolve, reject] = settle
  })
  // Whoever waits for the run hears of it; often nobody does.
  awake.catch(() => undefined)
  const spec = readCanonicalSpec(specJson)
  return {
    runId,
    spec,
    jobDigest: jobDigest(specJson),
    parties,
    awake,
    resolve,
    reject,
    run: undefined,
    waking: undefined,
    keyless: undefined,
    told: undefined,
  }
}

/** Another key, or another try, may still wake the run. */
const passing: readonly string[] = ['AGGREGATION_RUN_KEY', 'AGGREGATION_STATE_DISK', 'AGGREGATION_STATE_BUSY']
export const isPassing = (error: unknown): boolean => !(error instanceof CodedError) || passing.includes(error.code)

export const unknownRun = (runId: string): AggregatorError =>
  new AggregatorError('AGGREGATION_UNKNOWN_RUN', `this aggregator does not hold run ${runId}`)
