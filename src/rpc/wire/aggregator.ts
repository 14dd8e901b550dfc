/** Messages of proto/coffer/v1/aggregator.proto: runs handed over, tasks, parameters and updates. */
import type { AggregationStatus__Output } from '../../gen/coffer/v1/AggregationStatus.ts'
import type { CollectModelRequest__Output } from '../../gen/coffer/v1/CollectModelRequest.ts'
import type { CollectedModelHeader__Output } from '../../gen/coffer/v1/CollectedModelHeader.ts'
import type { CollectedModel__Output } from '../../gen/coffer/v1/CollectedModel.ts'
import type { DeclineTaskRequest__Output } from '../../gen/coffer/v1/DeclineTaskRequest.ts'
import type { FetchParametersRequest__Output } from '../../gen/coffer/v1/FetchParametersRequest.ts'
import type { JoinRequest__Output } from '../../gen/coffer/v1/JoinRequest.ts'
import type { RunEnded__Output } from '../../gen/coffer/v1/RunEnded.ts'
import type { StartRunRequest__Output } from '../../gen/coffer/v1/StartRunRequest.ts'
import type { StopAggregationRequest__Output } from '../../gen/coffer/v1/StopAggregationRequest.ts'
import type { Task__Output } from '../../gen/coffer/v1/Task.ts'
import type { TrainTask__Output } from '../../gen/coffer/v1/TrainTask.ts'
import type { UpdateAccepted__Output } from '../../gen/coffer/v1/UpdateAccepted.ts'
import type { UpdateHeader__Output } from '../../gen/coffer/v1/UpdateHeader.ts'
import type { UpdatePart__Output } from '../../gen/coffer/v1/UpdatePart.ts'
import type { WatchAggregationRequest__Output } from '../../gen/coffer/v1/WatchAggregationRequest.ts'
import type { Standardisation } from '../../learning/index.ts'
import type { RunState } from '../../round/index.ts'
import type { CollectedModel, Task, UpdatePart } from '../api.ts'
import * as limit from '../limits.ts'
import { both, mapped, oneOf, record, tagged } from './field.ts'
import { empty, message } from './message.ts'
import { chunkData, round, runState, specJson, standardisation } from './run.ts'
import { digest, distinct, errorCode, integer, milliseconds, name, prose, runId } from './values.ts'

const rows = integer(1, limit.MAXIMUM_ROWS)
const reason = prose(limit.MAXIMUM_DETAIL)

export const startRunRequest = message(
  'StartRunRequest',
  record<{ runId: string; specJson: Uint8Array; parties: readonly string[] }, StartRunRequest__Output>({
    runId,
    specJson,
    parties: distinct(name, limit.MAXIMUM_PARTIES, 1),
  }),
)
export const startRunResponse = empty('StartRunResponse')
export const watchAggregationRequest = message(
  'WatchAggregationRequest',
  record<{ runId: string; afterSequence: number }, WatchAggregationRequest__Output>({
    runId,
    afterSequence: integer(0),
  }),
)
export const stopAggregationRequest = message(
  'StopAggregationRequest',
  record<{ runId: string; reason: string }, StopAggregationRequest__Output>({ runId, reason }),
)
export const stopAggregationResponse = empty('StopAggregationResponse')
export const getAggregationStatusRequest = empty('GetAggregationStatusRequest')
export const aggregationStatus = message(
  'AggregationStatus',
  record<{ activeRuns: number }, AggregationStatus__Output>({ activeRuns: integer(0, limit.MAXIMUM_ROWS) }),
)
export const collectModelRequest = message(
  'CollectModelRequest',
  record<{ runId: string }, CollectModelRequest__Output>({ runId }),
)

const data = mapped(
  chunkData,
  (bytes: Uint8Array) => ({ kind: 'data' as const, data: bytes }),
  (part) => part.data,
)

interface ModelHeader {
  readonly digest: Uint8Array
  readonly parameters: number
  readonly standardisation: Standardisation
}
const modelHeader = record<ModelHeader, CollectedModelHeader__Output>({
  digest,
  parameters: integer(1, limit.MAXIMUM_PARAMETERS),
  standardisation,
})
export const collectedModel = message(
  'CollectedModel',
  oneOf<CollectedModel, NonNullable<CollectedModel__Output['part']>>(
    'part',
    { header: tagged('header', modelHeader), data },
    (part) => part.kind,
  ),
)

export const joinRequest = message(
  'JoinRequest',
  record<{ runId: string; jobDigest: Uint8Array; rows: number }, JoinRequest__Output>({
    runId,
    jobDigest: digest,
    rows,
  }),
)

const trained = record<{ modelDigest: Uint8Array; standardisation: Standardisation }, TrainTask__Output>({
  modelDigest: digest,
  standardisation,
})
type TaskCommon = Pick<Task__Output, 'runId' | 'round' | 'weightUnit' | 'remainingMs'>
type Distribute<T> = T extends unknown ? Omit<T, keyof TaskCommon> : never
export const task = message(
  'Task',
  both(
    record<TaskCommon, TaskCommon>({ runId, round, weightUnit: integer(0), remainingMs: milliseconds }),
    oneOf<Distribute<Task>, NonNullable<Task__Output['what']>>(
      'what',
      {
        statistics: tagged('statistics', record<object, object>({})),
        train: tagged('train', trained),
        evaluate: tagged('evaluate', trained),
        ended: tagged(
          'ended',
          record<{ state: RunState; reason: string }, RunEnded__Output>({ state: runState, reason }),
        ),
      },
      (body) => body.kind,
    ),
  ),
)

export const fetchParametersRequest = message(
  'FetchParametersRequest',
  record<{ runId: string; modelDigest: Uint8Array }, FetchParametersRequest__Output>({ runId, modelDigest: digest }),
)

type UpdateHeader = Omit<Extract<UpdatePart, { kind: 'header' }>, 'kind'>
const updateHeader = record<UpdateHeader, UpdateHeader__Output>({
  runId,
  round,
  digest,
  length: integer(1, limit.MAXIMUM_UPDATE_BYTES),
  weight: rows,
})
export const updatePart = message(
  'UpdatePart',
  oneOf<UpdatePart, NonNullable<UpdatePart__Output['part']>>(
    'part',
    { header: tagged('header', updateHeader), data },
    (part) => part.kind,
  ),
)
export const updateAccepted = message(
  'UpdateAccepted',
  record<{ digest: Uint8Array }, UpdateAccepted__Output>({ digest }),
)
export const declineTaskRequest = message(
  'DeclineTaskRequest',
  record<{ runId: string; round: number; code: string }, DeclineTaskRequest__Output>({ runId, round, code: errorCode }),
)
export const declineTaskResponse = empty('DeclineTaskResponse')
