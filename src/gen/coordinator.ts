import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Assignment as _coffer_v1_Assignment, Assignment__Output as _coffer_v1_Assignment__Output } from './coffer/v1/Assignment.ts';
import type { AttendRequest as _coffer_v1_AttendRequest, AttendRequest__Output as _coffer_v1_AttendRequest__Output } from './coffer/v1/AttendRequest.ts';
import type { Attested as _coffer_v1_Attested, Attested__Output as _coffer_v1_Attested__Output } from './coffer/v1/Attested.ts';
import type { Chunk as _coffer_v1_Chunk, Chunk__Output as _coffer_v1_Chunk__Output } from './coffer/v1/Chunk.ts';
import type { CoordinatorStatus as _coffer_v1_CoordinatorStatus, CoordinatorStatus__Output as _coffer_v1_CoordinatorStatus__Output } from './coffer/v1/CoordinatorStatus.ts';
import type { DecideRequest as _coffer_v1_DecideRequest, DecideRequest__Output as _coffer_v1_DecideRequest__Output } from './coffer/v1/DecideRequest.ts';
import type { DecideResponse as _coffer_v1_DecideResponse, DecideResponse__Output as _coffer_v1_DecideResponse__Output } from './coffer/v1/DecideResponse.ts';
import type { Evidence as _coffer_v1_Evidence, Evidence__Output as _coffer_v1_Evidence__Output } from './coffer/v1/Evidence.ts';
import type { GetCheckpointRequest as _coffer_v1_GetCheckpointRequest, GetCheckpointRequest__Output as _coffer_v1_GetCheckpointRequest__Output } from './coffer/v1/GetCheckpointRequest.ts';
import type { GetModelRequest as _coffer_v1_GetModelRequest, GetModelRequest__Output as _coffer_v1_GetModelRequest__Output } from './coffer/v1/GetModelRequest.ts';
import type { GetRunRequest as _coffer_v1_GetRunRequest, GetRunRequest__Output as _coffer_v1_GetRunRequest__Output } from './coffer/v1/GetRunRequest.ts';
import type { GetStatusRequest as _coffer_v1_GetStatusRequest, GetStatusRequest__Output as _coffer_v1_GetStatusRequest__Output } from './coffer/v1/GetStatusRequest.ts';
import type { InclusionProof as _coffer_v1_InclusionProof, InclusionProof__Output as _coffer_v1_InclusionProof__Output } from './coffer/v1/InclusionProof.ts';
import type { LedgerCheckpoint as _coffer_v1_LedgerCheckpoint, LedgerCheckpoint__Output as _coffer_v1_LedgerCheckpoint__Output } from './coffer/v1/LedgerCheckpoint.ts';
import type { LedgerLeaf as _coffer_v1_LedgerLeaf, LedgerLeaf__Output as _coffer_v1_LedgerLeaf__Output } from './coffer/v1/LedgerLeaf.ts';
import type { ListModelsRequest as _coffer_v1_ListModelsRequest, ListModelsRequest__Output as _coffer_v1_ListModelsRequest__Output } from './coffer/v1/ListModelsRequest.ts';
import type { ListModelsResponse as _coffer_v1_ListModelsResponse, ListModelsResponse__Output as _coffer_v1_ListModelsResponse__Output } from './coffer/v1/ListModelsResponse.ts';
import type { ListRunsRequest as _coffer_v1_ListRunsRequest, ListRunsRequest__Output as _coffer_v1_ListRunsRequest__Output } from './coffer/v1/ListRunsRequest.ts';
import type { ListRunsResponse as _coffer_v1_ListRunsResponse, ListRunsResponse__Output as _coffer_v1_ListRunsResponse__Output } from './coffer/v1/ListRunsResponse.ts';
import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from './coffer/v1/Metric.ts';
import type { ModelVersion as _coffer_v1_ModelVersion, ModelVersion__Output as _coffer_v1_ModelVersion__Output } from './coffer/v1/ModelVersion.ts';
import type { PartyChanged as _coffer_v1_PartyChanged, PartyChanged__Output as _coffer_v1_PartyChanged__Output } from './coffer/v1/PartyChanged.ts';
import type { PartyServiceClient as _coffer_v1_PartyServiceClient, PartyServiceDefinition as _coffer_v1_PartyServiceDefinition } from './coffer/v1/PartyService.ts';
import type { PartyState as _coffer_v1_PartyState, PartyState__Output as _coffer_v1_PartyState__Output } from './coffer/v1/PartyState.ts';
import type { ProveInclusionRequest as _coffer_v1_ProveInclusionRequest, ProveInclusionRequest__Output as _coffer_v1_ProveInclusionRequest__Output } from './coffer/v1/ProveInclusionRequest.ts';
import type { ReadLeavesRequest as _coffer_v1_ReadLeavesRequest, ReadLeavesRequest__Output as _coffer_v1_ReadLeavesRequest__Output } from './coffer/v1/ReadLeavesRequest.ts';
import type { RoundClosed as _coffer_v1_RoundClosed, RoundClosed__Output as _coffer_v1_RoundClosed__Output } from './coffer/v1/RoundClosed.ts';
import type { RoundOpened as _coffer_v1_RoundOpened, RoundOpened__Output as _coffer_v1_RoundOpened__Output } from './coffer/v1/RoundOpened.ts';
import type { Run as _coffer_v1_Run, Run__Output as _coffer_v1_Run__Output } from './coffer/v1/Run.ts';
import type { RunEvent as _coffer_v1_RunEvent, RunEvent__Output as _coffer_v1_RunEvent__Output } from './coffer/v1/RunEvent.ts';
import type { RunServiceClient as _coffer_v1_RunServiceClient, RunServiceDefinition as _coffer_v1_RunServiceDefinition } from './coffer/v1/RunService.ts';
import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from './coffer/v1/Standardisation.ts';
import type { StateChanged as _coffer_v1_StateChanged, StateChanged__Output as _coffer_v1_StateChanged__Output } from './coffer/v1/StateChanged.ts';
import type { StopRunRequest as _coffer_v1_StopRunRequest, StopRunRequest__Output as _coffer_v1_StopRunRequest__Output } from './coffer/v1/StopRunRequest.ts';
import type { SubmitRunRequest as _coffer_v1_SubmitRunRequest, SubmitRunRequest__Output as _coffer_v1_SubmitRunRequest__Output } from './coffer/v1/SubmitRunRequest.ts';
import type { WatchRunRequest as _coffer_v1_WatchRunRequest, WatchRunRequest__Output as _coffer_v1_WatchRunRequest__Output } from './coffer/v1/WatchRunRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  coffer: {
    v1: {
      Assignment: MessageTypeDefinition<_coffer_v1_Assignment, _coffer_v1_Assignment__Output>
      AttendRequest: MessageTypeDefinition<_coffer_v1_AttendRequest, _coffer_v1_AttendRequest__Output>
      Attested: MessageTypeDefinition<_coffer_v1_Attested, _coffer_v1_Attested__Output>
      Chunk: MessageTypeDefinition<_coffer_v1_Chunk, _coffer_v1_Chunk__Output>
      CoordinatorStatus: MessageTypeDefinition<_coffer_v1_CoordinatorStatus, _coffer_v1_CoordinatorStatus__Output>
      DecideRequest: MessageTypeDefinition<_coffer_v1_DecideRequest, _coffer_v1_DecideRequest__Output>
      DecideResponse: MessageTypeDefinition<_coffer_v1_DecideResponse, _coffer_v1_DecideResponse__Output>
      Evidence: MessageTypeDefinition<_coffer_v1_Evidence, _coffer_v1_Evidence__Output>
      GetCheckpointRequest: MessageTypeDefinition<_coffer_v1_GetCheckpointRequest, _coffer_v1_GetCheckpointRequest__Output>
      GetModelRequest: MessageTypeDefinition<_coffer_v1_GetModelRequest, _coffer_v1_GetModelRequest__Output>
      GetRunRequest: MessageTypeDefinition<_coffer_v1_GetRunRequest, _coffer_v1_GetRunRequest__Output>
      GetStatusRequest: MessageTypeDefinition<_coffer_v1_GetStatusRequest, _coffer_v1_GetStatusRequest__Output>
      InclusionProof: MessageTypeDefinition<_coffer_v1_InclusionProof, _coffer_v1_InclusionProof__Output>
      LedgerCheckpoint: MessageTypeDefinition<_coffer_v1_LedgerCheckpoint, _coffer_v1_LedgerCheckpoint__Output>
      LedgerLeaf: MessageTypeDefinition<_coffer_v1_LedgerLeaf, _coffer_v1_LedgerLeaf__Output>
      ListModelsRequest: MessageTypeDefinition<_coffer_v1_ListModelsRequest, _coffer_v1_ListModelsRequest__Output>
      ListModelsResponse: MessageTypeDefinition<_coffer_v1_ListModelsResponse, _coffer_v1_ListModelsResponse__Output>
      ListRunsRequest: MessageTypeDefinition<_coffer_v1_ListRunsRequest, _coffer_v1_ListRunsRequest__Output>
      ListRunsResponse: MessageTypeDefinition<_coffer_v1_ListRunsResponse, _coffer_v1_ListRunsResponse__Output>
      Metric: MessageTypeDefinition<_coffer_v1_Metric, _coffer_v1_Metric__Output>
      ModelVersion: MessageTypeDefinition<_coffer_v1_ModelVersion, _coffer_v1_ModelVersion__Output>
      PartyActivity: EnumTypeDefinition
      PartyChanged: MessageTypeDefinition<_coffer_v1_PartyChanged, _coffer_v1_PartyChanged__Output>
      PartyService: SubtypeConstructor<typeof grpc.Client, _coffer_v1_PartyServiceClient> & { service: _coffer_v1_PartyServiceDefinition }
      PartyState: MessageTypeDefinition<_coffer_v1_PartyState, _coffer_v1_PartyState__Output>
      ProveInclusionRequest: MessageTypeDefinition<_coffer_v1_ProveInclusionRequest, _coffer_v1_ProveInclusionRequest__Output>
      ReadLeavesRequest: MessageTypeDefinition<_coffer_v1_ReadLeavesRequest, _coffer_v1_ReadLeavesRequest__Output>
      RoundClosed: MessageTypeDefinition<_coffer_v1_RoundClosed, _coffer_v1_RoundClosed__Output>
      RoundOpened: MessageTypeDefinition<_coffer_v1_RoundOpened, _coffer_v1_RoundOpened__Output>
      Run: MessageTypeDefinition<_coffer_v1_Run, _coffer_v1_Run__Output>
      RunEvent: MessageTypeDefinition<_coffer_v1_RunEvent, _coffer_v1_RunEvent__Output>
      RunService: SubtypeConstructor<typeof grpc.Client, _coffer_v1_RunServiceClient> & { service: _coffer_v1_RunServiceDefinition }
      RunState: EnumTypeDefinition
      Standardisation: MessageTypeDefinition<_coffer_v1_Standardisation, _coffer_v1_Standardisation__Output>
      StateChanged: MessageTypeDefinition<_coffer_v1_StateChanged, _coffer_v1_StateChanged__Output>
      StopRunRequest: MessageTypeDefinition<_coffer_v1_StopRunRequest, _coffer_v1_StopRunRequest__Output>
      SubmitRunRequest: MessageTypeDefinition<_coffer_v1_SubmitRunRequest, _coffer_v1_SubmitRunRequest__Output>
      TaskKind: EnumTypeDefinition
      WatchRunRequest: MessageTypeDefinition<_coffer_v1_WatchRunRequest, _coffer_v1_WatchRunRequest__Output>
    }
  }
}

