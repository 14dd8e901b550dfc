/** Messages of proto/coffer/v1/coordinator.proto: what people and parties say to the coordinator. */
import type { Assignment__Output } from '../../gen/coffer/v1/Assignment.ts'
import type { AttendRequest__Output } from '../../gen/coffer/v1/AttendRequest.ts'
import type { CoordinatorStatus__Output } from '../../gen/coffer/v1/CoordinatorStatus.ts'
import type { DecideRequest__Output } from '../../gen/coffer/v1/DecideRequest.ts'
import type { GetModelRequest__Output } from '../../gen/coffer/v1/GetModelRequest.ts'
import type { GetRunRequest__Output } from '../../gen/coffer/v1/GetRunRequest.ts'
import type { ListModelsRequest__Output } from '../../gen/coffer/v1/ListModelsRequest.ts'
import type { ListModelsResponse__Output } from '../../gen/coffer/v1/ListModelsResponse.ts'
import type { ListRunsRequest__Output } from '../../gen/coffer/v1/ListRunsRequest.ts'
import type { ListRunsResponse__Output } from '../../gen/coffer/v1/ListRunsResponse.ts'
import type { StopRunRequest__Output } from '../../gen/coffer/v1/StopRunRequest.ts'
import type { SubmitRunRequest__Output } from '../../gen/coffer/v1/SubmitRunRequest.ts'
import type { WatchRunRequest__Output } from '../../gen/coffer/v1/WatchRunRequest.ts'
import type { ModelVersion, Run } from '../../round/index.ts'
import type { Assignment, CoordinatorStatus } from '../api.ts'
import * as limit from '../limits.ts'
import { record } from './field.ts'
import { empty, message } from './message.ts'
import { chunk, listedModel, listedRun, modelVersion, run, runEvent, specJson } from './run.ts'
import {
  choice,
  digest,
  distinct,
  flag,
  integer,
  list,
  milliseconds,
  modelId,
  name,
  prose,
  runId,
  runIdBeginning,
} from './values.ts'

const listLimit = integer(0, limit.MAXIMUM_LISTED)
const version = prose(64)

export const chunkMessage = message('Chunk', chunk)
export const runMessage = message('Run', run)
export const runEventMessage = message('RunEvent', runEvent)
export const modelVersionMessage = message('ModelVersion', modelVersion)

export const submitRunRequest = message(
  'SubmitRunRequest',
  record<{ specJson: Uint8Array }, SubmitRunRequest__Output>({ specJson }),
)
export const listRunsRequest = message(
  'ListRunsRequest',
  record<{ limit: number }, ListRunsRequest__Output>({ limit: listLimit }),
)
export const listRunsResponse = message(
  'ListRunsResponse',
  record<{ runs: readonly Run[] }, ListRunsResponse__Output>({ runs: list(listedRun, limit.MAXIMUM_LISTED) }),
)
export const getRunRequest = message(
  'GetRunRequest',
  record<{ runId: string }, GetRunRequest__Output>({ runId: runIdBeginning }),
)
export const watchRunRequest = message(
  'WatchRunRequest',
  record<{ runId: string; afterSequence: number }, WatchRunRequest__Output>({
    runId: runIdBeginning,
    afterSequence: integer(0),
  }),
)
export const stopRunRequest = message(
  'StopRunRequest',
  record<{ runId: string; reason: string }, StopRunRequest__Output>({
    runId: runIdBeginning,
    reason: prose(limit.MAXIMUM_REASON),
  }),
)
export const listModelsRequest = message(
  'ListModelsRequest',
  record<{ limit: number }, ListModelsRequest__Output>({ limit: listLimit }),
)
export const listModelsResponse = message(
  'ListModelsResponse',
  record<{ models: readonly ModelVersion[] }, ListModelsResponse__Output>({
    models: list(listedModel, limit.MAXIMUM_LISTED),
  }),
)
export const getModelRequest = message(
  'GetModelRequest',
  record<{ modelId: string }, GetModelRequest__Output>({ modelId }),
)
export const getStatusRequest = empty('GetStatusRequest')
export const coordinatorStatus = message(
  'CoordinatorStatus',
  record<CoordinatorStatus, CoordinatorStatus__Output>({
    version,
    federation: name,
    connectedParties: distinct(name, limit.MAXIMUM_PARTIES),
    aggregatorReachable: flag,
    aggregatorDetail: prose(limit.MAXIMUM_DETAIL),
    store: prose(limit.MAXIMUM_REASON),
    timeMs: milliseconds,
  }),
)

export const attendRequest = message(
  'AttendRequest',
  record<{ agentVersion: string }, AttendRequest__Output>({ agentVersion: version }),
)
export const assignment = message(
  'Assignment',
  record<Assignment, Assignment__Output>({
    runId,
    phase: choice({ decide: 'DECIDE', join: 'JOIN', ended: 'ENDED' } as const),
    specJson,
    detail: prose(limit.MAXIMUM_DETAIL),
  }),
)

interface Decision {
  readonly runId: string
  readonly jobDigest: Uint8Array
  readonly accepted: boolean
  readonly reasons: readonly string[]
}
export const decideRequest = message(
  'DecideRequest',
  record<Decision, DecideRequest__Output>({
    runId,
    jobDigest: digest,
    accepted: flag,
    reasons: list(prose(limit.MAXIMUM_REASON), limit.MAXIMUM_REASONS),
  }),
)
export const decideResponse = empty('DecideResponse')
