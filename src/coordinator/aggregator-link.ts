/**
 * The aggregator as the coordinator knows it: calls with deadlines, whether the last one was answered, and which
 * failures are a refusal (the run ends) and which are weather (try again).
 */
import type { StatusName } from '../errors/index.ts'
import { CodedError } from '../errors/index.ts'
import { type AggregationApi, type ClientCall, RemoteError, RpcError } from '../rpc/index.ts'
import { CoordinatorError } from './errors.ts'
import { CALL_MS } from '../timeouts/index.ts'

/** Asked by users, who wait for an answer themselves. */
const PROBE_MS = CALL_MS / 5

export interface AggregatorLink {
  readonly address: string
  readonly api: AggregationApi<ClientCall>
  /** For unary calls. */
  call(signal: AbortSignal): ClientCall
  /** For streams that last; the connection itself notices when the other side is gone. */
  stream(signal: AbortSignal): ClientCall
  /** Whether the aggregator answers at this moment, and what the coordinator hears if it does not. */
  probe(signal: AbortSignal): Promise<{ readonly reachable: boolean; readonly detail: string }>
}

export function createAggregatorLink(api: AggregationApi<ClientCall>, address: string): AggregatorLink {
  return {
    address,
    api,
    call: (signal) => ({ signal, deadlineMs: CALL_MS }),
    stream: (signal) => ({ signal, deadlineMs: 'open' }),
    probe: async (signal) => {
      try {
        const { activeRuns } = await api.getAggregationStatus({}, { signal, deadlineMs: PROBE_MS })
        return { reachable: true, detail: `active runs: ${activeRuns}` }
      } catch (error) {
        return { reachable: false, detail: describe(error) }
      }
    },
  }
}

/** The aggregator has never heard of the run, or its state was lost: a restart alone keeps the run. */
export const isUnknownRun = (error: unknown): boolean =>
  error instanceof CodedError && error.code === 'AGGREGATION_UNKNOWN_RUN'

/** What will not change by trying again: the other side understood the request and refuses it. */
const refusals: ReadonlySet<StatusName> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'DATA_LOSS',
])

/**
 * Only what the aggregator itself answered (RemoteError), or what the coordinator found wrong with its model, ends a
 * run. A wrong address, certificate or role may be repaired while the run waits.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof RemoteError || error instanceof CoordinatorError)) return false
  return refusals.has(error.row.status) && error.code !== 'CALL_NOT_ALLOWED'
}

export function describe(error: unknown): string {
  if (error instanceof RemoteError || error instanceof CoordinatorError || error instanceof RpcError) {
    return `${error.message} (${error.code})`
  }
  return error instanceof Error ? error.message : String(error)
}
