/** Messages of proto/coffer/v1/aggregator.proto: runs handed over, tasks, parameters and updates. */
import type { AggregationStatus__Output } from '../../gen/coffer/v1/AggregationStatus.ts'
import type { CollectModelRequest__Output } from '../../gen/coffer/v1/CollectModelRequest.ts'
import type { CollectedModelHeader__Output } from '../../gen/coffer/v1/CollectedModelHeader.ts'
import type { CollectedModel__Output } from '../../gen/coffer/v1/CollectedModel.ts'
import type { DeclineTaskRequest__Output } from '../../gen/coffer/v1/DeclineTaskRequest.ts'
import type { FetchParametersRequest__Output } from '../../gen/coffer/v1/FetchParametersRequest.ts'
import type { EvaluateTask__Output } from '../../gen/coffer/v1/EvaluateTask.ts'
import type { FetchReceiptsRequest__Output } from '../../gen/coffer/v1/FetchReceiptsRequest.ts'
import type { JoinRequest__Output } from '../../gen/coffer/v1/JoinRequest.ts'
import type { SealedReceipt__Output } from '../../gen/coffer/v1/SealedReceipt.ts'
import type { UpdateChunk__Output } from '../../gen/coffer/v1/UpdateChunk.ts'
import type { UploadProgress__Output } from '../../gen/coffer/v1/UploadProgress.ts'
import type { UploadStatus__Output } from '../../gen/coffer/v1/UploadStatus.ts'
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
import type { CollectedModel, JoinRequest, Task, UpdatePart, UploadStatus } from '../api.ts'
import * as limit from '../limits.ts'
import { both, mapped, oneOf, record, tagged } from './field.ts'
import { empty, message } from './message.ts'
import { chunkData, round, runState, specJson, standardisation } from './run.ts'
import {
  bytes,
  bytesOrNone,
  digest,
  distinct,
  errorCode,
  integer,
  list,
  milliseconds,
  name,
  prose,
  runId,
} from './values.ts'

const rows = integer(1, limit.MAXIMUM_ROWS)
const runKey = bytesOrNone(limit.RUN_KEY_BYTES)
const digestOrNone = bytesOrNone(32)
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
  record<JoinRequest, JoinRequest__Output>({
    runId,
    jobDigest: digest,
    rows,
    runKey,
    checkpoint: bytes(0, limit.MAXIMUM_CHECKPOINT_BYTES),
  }),
)

const model = { modelDigest: digest, standardisation }
const evaluated = record<{ modelDigest: Uint8Array; standardisation: Standardisation }, EvaluateTask__Output>(model)
const trained = record<Body<'train'>, TrainTask__Output>({ ...model, controlDigest: digestOrNone })
type WireCommon = Pick<
  Task__Output,
  'runId' | 'round' | 'weightUnit' | 'remainingMs' | 'receipts' | 'runKey' | 'checkpoints'
>
type TaskCommon = Pick<Task, keyof WireCommon>
type Distribute<T> = T extends unknown ? Omit<T, keyof TaskCommon> : never
type Body<Kind extends Task['kind']> = Omit<Extract<Distribute<Task>, { kind: Kind }>, 'kind'>
export const task = message(
  'Task',
  both(
    record<TaskCommon, WireCommon>({
      runId,
      round,
      weightUnit: integer(0),
      remainingMs: milliseconds,
      receipts: integer(0, limit.MAXIMUM_ROUND + 1),
      runKey,
      checkpoints: list(bytes(1, limit.MAXIMUM_CHECKPOINT_BYTES), limit.MAXIMUM_CHECKPOINTS),
    }),
    oneOf<Distribute<Task>, NonNullable<Task__Output['what']>>(
      'what',
      {
        statistics: tagged('statistics', record<object, object>({})),
        train: tagged('train', trained),
        evaluate: tagged('evaluate', evaluated),
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
  record<{ runId: string; modelDigest: Uint8Array; offset: number }, FetchParametersRequest__Output>({
    runId,
    modelDigest: digest,
    offset: integer(0, limit.MAXIMUM_UPDATE_BYTES),
  }),
)

type UpdateHeader = Omit<Extract<UpdatePart, { kind: 'header' }>, 'kind'>
const updateHeader = record<UpdateHeader, UpdateHeader__Output>({
  runId,
  round,
  digest,
  length: integer(1, limit.MAXIMUM_UPDATE_BYTES),
  weight: rows,
})
const offset = integer(0, limit.MAXIMUM_UPDATE_BYTES)
const updateChunk = record<Omit<Extract<UpdatePart, { kind: 'chunk' }>, 'kind'>, UpdateChunk__Output>({
  offset,
  data: chunkData,
  crc32: integer(0, 2 ** 32 - 1),
})
type Accepted = Omit<Extract<UploadStatus, { kind: 'accepted' }>, 'kind'>
export const updatePart = message(
  'UpdatePart',
  oneOf<UpdatePart, NonNullable<UpdatePart__Output['part']>>(
    'part',
    { header: tagged('header', updateHeader), chunk: tagged('chunk', updateChunk) },
    (part) => part.kind,
  ),
)

const progress = record<{ offset: number }, UploadProgress__Output>({ offset })
export const uploadStatus = message(
  'UploadStatus',
  oneOf<UploadStatus, NonNullable<UploadStatus__Output['status']>>(
    'status',
    {
      admitted: tagged('admitted', progress),
      progress: tagged('progress', progress),
      accepted: tagged('accepted', record<Accepted, UpdateAccepted__Output>({ digest, round })),
    },
    (status) => status.kind,
  ),
)
export const fetchReceiptsRequest = message(
  'FetchReceiptsRequest',
  record<{ runId: string; after: number }, FetchReceiptsRequest__Output>({
    runId,
    after: integer(0, limit.MAXIMUM_ROUND + 1),
  }),
)
export const sealedReceipt = message(
  'SealedReceipt',
  mapped(
    record<{ sealed: Uint8Array }, SealedReceipt__Output>({ sealed: bytes(1, limit.MAXIMUM_RECEIPT_BYTES) }),
    ({ sealed }) => sealed,
    (sealed: Uint8Array) => ({ sealed }),
  ),
)
export const declineTaskRequest = message(
  'DeclineTaskRequest',
  record<{ runId: string; round: number; code: string }, DeclineTaskRequest__Output>({ runId, round, code: errorCode }),
)
export const declineTaskResponse = empty('DeclineTaskResponse')
