import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AggregationServiceClient as _coffer_v1_AggregationServiceClient, AggregationServiceDefinition as _coffer_v1_AggregationServiceDefinition } from './coffer/v1/AggregationService.ts';
import type { AggregationStatus as _coffer_v1_AggregationStatus, AggregationStatus__Output as _coffer_v1_AggregationStatus__Output } from './coffer/v1/AggregationStatus.ts';
import type { Attested as _coffer_v1_Attested, Attested__Output as _coffer_v1_Attested__Output } from './coffer/v1/Attested.ts';
import type { Chunk as _coffer_v1_Chunk, Chunk__Output as _coffer_v1_Chunk__Output } from './coffer/v1/Chunk.ts';
import type { CollectModelRequest as _coffer_v1_CollectModelRequest, CollectModelRequest__Output as _coffer_v1_CollectModelRequest__Output } from './coffer/v1/CollectModelRequest.ts';
import type { CollectedModel as _coffer_v1_CollectedModel, CollectedModel__Output as _coffer_v1_CollectedModel__Output } from './coffer/v1/CollectedModel.ts';
import type { CollectedModelHeader as _coffer_v1_CollectedModelHeader, CollectedModelHeader__Output as _coffer_v1_CollectedModelHeader__Output } from './coffer/v1/CollectedModelHeader.ts';
import type { DeclineTaskRequest as _coffer_v1_DeclineTaskRequest, DeclineTaskRequest__Output as _coffer_v1_DeclineTaskRequest__Output } from './coffer/v1/DeclineTaskRequest.ts';
import type { DeclineTaskResponse as _coffer_v1_DeclineTaskResponse, DeclineTaskResponse__Output as _coffer_v1_DeclineTaskResponse__Output } from './coffer/v1/DeclineTaskResponse.ts';
import type { EvaluateTask as _coffer_v1_EvaluateTask, EvaluateTask__Output as _coffer_v1_EvaluateTask__Output } from './coffer/v1/EvaluateTask.ts';
import type { Evidence as _coffer_v1_Evidence, Evidence__Output as _coffer_v1_Evidence__Output } from './coffer/v1/Evidence.ts';
import type { FetchParametersRequest as _coffer_v1_FetchParametersRequest, FetchParametersRequest__Output as _coffer_v1_FetchParametersRequest__Output } from './coffer/v1/FetchParametersRequest.ts';
import type { FetchReceiptsRequest as _coffer_v1_FetchReceiptsRequest, FetchReceiptsRequest__Output as _coffer_v1_FetchReceiptsRequest__Output } from './coffer/v1/FetchReceiptsRequest.ts';
import type { GetAggregationStatusRequest as _coffer_v1_GetAggregationStatusRequest, GetAggregationStatusRequest__Output as _coffer_v1_GetAggregationStatusRequest__Output } from './coffer/v1/GetAggregationStatusRequest.ts';
import type { JoinRequest as _coffer_v1_JoinRequest, JoinRequest__Output as _coffer_v1_JoinRequest__Output } from './coffer/v1/JoinRequest.ts';
import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from './coffer/v1/Metric.ts';
import type { ModelVersion as _coffer_v1_ModelVersion, ModelVersion__Output as _coffer_v1_ModelVersion__Output } from './coffer/v1/ModelVersion.ts';
import type { PartyChanged as _coffer_v1_PartyChanged, PartyChanged__Output as _coffer_v1_PartyChanged__Output } from './coffer/v1/PartyChanged.ts';
import type { PartyState as _coffer_v1_PartyState, PartyState__Output as _coffer_v1_PartyState__Output } from './coffer/v1/PartyState.ts';
import type { RoundClosed as _coffer_v1_RoundClosed, RoundClosed__Output as _coffer_v1_RoundClosed__Output } from './coffer/v1/RoundClosed.ts';
import type { RoundOpened as _coffer_v1_RoundOpened, RoundOpened__Output as _coffer_v1_RoundOpened__Output } from './coffer/v1/RoundOpened.ts';
import type { RoundServiceClient as _coffer_v1_RoundServiceClient, RoundServiceDefinition as _coffer_v1_RoundServiceDefinition } from './coffer/v1/RoundService.ts';
import type { Run as _coffer_v1_Run, Run__Output as _coffer_v1_Run__Output } from './coffer/v1/Run.ts';
import type { RunEnded as _coffer_v1_RunEnded, RunEnded__Output as _coffer_v1_RunEnded__Output } from './coffer/v1/RunEnded.ts';
import type { RunEvent as _coffer_v1_RunEvent, RunEvent__Output as _coffer_v1_RunEvent__Output } from './coffer/v1/RunEvent.ts';
import type { SealedReceipt as _coffer_v1_SealedReceipt, SealedReceipt__Output as _coffer_v1_SealedReceipt__Output } from './coffer/v1/SealedReceipt.ts';
import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from './coffer/v1/Standardisation.ts';
import type { StartRunRequest as _coffer_v1_StartRunRequest, StartRunRequest__Output as _coffer_v1_StartRunRequest__Output } from './coffer/v1/StartRunRequest.ts';
import type { StartRunResponse as _coffer_v1_StartRunResponse, StartRunResponse__Output as _coffer_v1_StartRunResponse__Output } from './coffer/v1/StartRunResponse.ts';
import type { StateChanged as _coffer_v1_StateChanged, StateChanged__Output as _coffer_v1_StateChanged__Output } from './coffer/v1/StateChanged.ts';
import type { StatisticsTask as _coffer_v1_StatisticsTask, StatisticsTask__Output as _coffer_v1_StatisticsTask__Output } from './coffer/v1/StatisticsTask.ts';
import type { StopAggregationRequest as _coffer_v1_StopAggregationRequest, StopAggregationRequest__Output as _coffer_v1_StopAggregationRequest__Output } from './coffer/v1/StopAggregationRequest.ts';
import type { StopAggregationResponse as _coffer_v1_StopAggregationResponse, StopAggregationResponse__Output as _coffer_v1_StopAggregationResponse__Output } from './coffer/v1/StopAggregationResponse.ts';
import type { Task as _coffer_v1_Task, Task__Output as _coffer_v1_Task__Output } from './coffer/v1/Task.ts';
import type { TrainTask as _coffer_v1_TrainTask, TrainTask__Output as _coffer_v1_TrainTask__Output } from './coffer/v1/TrainTask.ts';
import type { UpdateAccepted as _coffer_v1_UpdateAccepted, UpdateAccepted__Output as _coffer_v1_UpdateAccepted__Output } from './coffer/v1/UpdateAccepted.ts';
import type { UpdateChunk as _coffer_v1_UpdateChunk, UpdateChunk__Output as _coffer_v1_UpdateChunk__Output } from './coffer/v1/UpdateChunk.ts';
import type { UpdateHeader as _coffer_v1_UpdateHeader, UpdateHeader__Output as _coffer_v1_UpdateHeader__Output } from './coffer/v1/UpdateHeader.ts';
import type { UpdatePart as _coffer_v1_UpdatePart, UpdatePart__Output as _coffer_v1_UpdatePart__Output } from './coffer/v1/UpdatePart.ts';
import type { UploadProgress as _coffer_v1_UploadProgress, UploadProgress__Output as _coffer_v1_UploadProgress__Output } from './coffer/v1/UploadProgress.ts';
import type { UploadStatus as _coffer_v1_UploadStatus, UploadStatus__Output as _coffer_v1_UploadStatus__Output } from './coffer/v1/UploadStatus.ts';
import type { WatchAggregationRequest as _coffer_v1_WatchAggregationRequest, WatchAggregationRequest__Output as _coffer_v1_WatchAggregationRequest__Output } from './coffer/v1/WatchAggregationRequest.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  coffer: {
    v1: {
      AggregationService: SubtypeConstructor<typeof grpc.Client, _coffer_v1_AggregationServiceClient> & { service: _coffer_v1_AggregationServiceDefinition }
      AggregationStatus: MessageTypeDefinition<_coffer_v1_AggregationStatus, _coffer_v1_AggregationStatus__Output>
      Attested: MessageTypeDefinition<_coffer_v1_Attested, _coffer_v1_Attested__Output>
      Chunk: MessageTypeDefinition<_coffer_v1_Chunk, _coffer_v1_Chunk__Output>
      CollectModelRequest: MessageTypeDefinition<_coffer_v1_CollectModelRequest, _coffer_v1_CollectModelRequest__Output>
      CollectedModel: MessageTypeDefinition<_coffer_v1_CollectedModel, _coffer_v1_CollectedModel__Output>
      CollectedModelHeader: MessageTypeDefinition<_coffer_v1_CollectedModelHeader, _coffer_v1_CollectedModelHeader__Output>
      DeclineTaskRequest: MessageTypeDefinition<_coffer_v1_DeclineTaskRequest, _coffer_v1_DeclineTaskRequest__Output>
      DeclineTaskResponse: MessageTypeDefinition<_coffer_v1_DeclineTaskResponse, _coffer_v1_DeclineTaskResponse__Output>
      EvaluateTask: MessageTypeDefinition<_coffer_v1_EvaluateTask, _coffer_v1_EvaluateTask__Output>
      Evidence: MessageTypeDefinition<_coffer_v1_Evidence, _coffer_v1_Evidence__Output>
      FetchParametersRequest: MessageTypeDefinition<_coffer_v1_FetchParametersRequest, _coffer_v1_FetchParametersRequest__Output>
      FetchReceiptsRequest: MessageTypeDefinition<_coffer_v1_FetchReceiptsRequest, _coffer_v1_FetchReceiptsRequest__Output>
      GetAggregationStatusRequest: MessageTypeDefinition<_coffer_v1_GetAggregationStatusRequest, _coffer_v1_GetAggregationStatusRequest__Output>
      JoinRequest: MessageTypeDefinition<_coffer_v1_JoinRequest, _coffer_v1_JoinRequest__Output>
      Metric: MessageTypeDefinition<_coffer_v1_Metric, _coffer_v1_Metric__Output>
      ModelVersion: MessageTypeDefinition<_coffer_v1_ModelVersion, _coffer_v1_ModelVersion__Output>
      PartyActivity: EnumTypeDefinition
      PartyChanged: MessageTypeDefinition<_coffer_v1_PartyChanged, _coffer_v1_PartyChanged__Output>
      PartyState: MessageTypeDefinition<_coffer_v1_PartyState, _coffer_v1_PartyState__Output>
      RoundClosed: MessageTypeDefinition<_coffer_v1_RoundClosed, _coffer_v1_RoundClosed__Output>
      RoundOpened: MessageTypeDefinition<_coffer_v1_RoundOpened, _coffer_v1_RoundOpened__Output>
      RoundService: SubtypeConstructor<typeof grpc.Client, _coffer_v1_RoundServiceClient> & { service: _coffer_v1_RoundServiceDefinition }
      Run: MessageTypeDefinition<_coffer_v1_Run, _coffer_v1_Run__Output>
      RunEnded: MessageTypeDefinition<_coffer_v1_RunEnded, _coffer_v1_RunEnded__Output>
      RunEvent: MessageTypeDefinition<_coffer_v1_RunEvent, _coffer_v1_RunEvent__Output>
      RunState: EnumTypeDefinition
      SealedReceipt: MessageTypeDefinition<_coffer_v1_SealedReceipt, _coffer_v1_SealedReceipt__Output>
      Standardisation: MessageTypeDefinition<_coffer_v1_Standardisation, _coffer_v1_Standardisation__Output>
      StartRunRequest: MessageTypeDefinition<_coffer_v1_StartRunRequest, _coffer_v1_StartRunRequest__Output>
      StartRunResponse: MessageTypeDefinition<_coffer_v1_StartRunResponse, _coffer_v1_StartRunResponse__Output>
      StateChanged: MessageTypeDefinition<_coffer_v1_StateChanged, _coffer_v1_StateChanged__Output>
      StatisticsTask: MessageTypeDefinition<_coffer_v1_StatisticsTask, _coffer_v1_StatisticsTask__Output>
      StopAggregationRequest: MessageTypeDefinition<_coffer_v1_StopAggregationRequest, _coffer_v1_StopAggregationRequest__Output>
      StopAggregationResponse: MessageTypeDefinition<_coffer_v1_StopAggregationResponse, _coffer_v1_StopAggregationResponse__Output>
      Task: MessageTypeDefinition<_coffer_v1_Task, _coffer_v1_Task__Output>
      TaskKind: EnumTypeDefinition
      TrainTask: MessageTypeDefinition<_coffer_v1_TrainTask, _coffer_v1_TrainTask__Output>
      UpdateAccepted: MessageTypeDefinition<_coffer_v1_UpdateAccepted, _coffer_v1_UpdateAccepted__Output>
      UpdateChunk: MessageTypeDefinition<_coffer_v1_UpdateChunk, _coffer_v1_UpdateChunk__Output>
      UpdateHeader: MessageTypeDefinition<_coffer_v1_UpdateHeader, _coffer_v1_UpdateHeader__Output>
      UpdatePart: MessageTypeDefinition<_coffer_v1_UpdatePart, _coffer_v1_UpdatePart__Output>
      UploadProgress: MessageTypeDefinition<_coffer_v1_UploadProgress, _coffer_v1_UploadProgress__Output>
      UploadStatus: MessageTypeDefinition<_coffer_v1_UploadStatus, _coffer_v1_UploadStatus__Output>
      WatchAggregationRequest: MessageTypeDefinition<_coffer_v1_WatchAggregationRequest, _coffer_v1_WatchAggregationRequest__Output>
    }
  }
}

