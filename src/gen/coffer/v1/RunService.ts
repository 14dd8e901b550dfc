// Original file: proto/coffer/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Chunk as _coffer_v1_Chunk, Chunk__Output as _coffer_v1_Chunk__Output } from '../../coffer/v1/Chunk.ts';
import type { CoordinatorStatus as _coffer_v1_CoordinatorStatus, CoordinatorStatus__Output as _coffer_v1_CoordinatorStatus__Output } from '../../coffer/v1/CoordinatorStatus.ts';
import type { GetCheckpointRequest as _coffer_v1_GetCheckpointRequest, GetCheckpointRequest__Output as _coffer_v1_GetCheckpointRequest__Output } from '../../coffer/v1/GetCheckpointRequest.ts';
import type { GetModelRequest as _coffer_v1_GetModelRequest, GetModelRequest__Output as _coffer_v1_GetModelRequest__Output } from '../../coffer/v1/GetModelRequest.ts';
import type { GetRunRequest as _coffer_v1_GetRunRequest, GetRunRequest__Output as _coffer_v1_GetRunRequest__Output } from '../../coffer/v1/GetRunRequest.ts';
import type { GetStatusRequest as _coffer_v1_GetStatusRequest, GetStatusRequest__Output as _coffer_v1_GetStatusRequest__Output } from '../../coffer/v1/GetStatusRequest.ts';
import type { InclusionProof as _coffer_v1_InclusionProof, InclusionProof__Output as _coffer_v1_InclusionProof__Output } from '../../coffer/v1/InclusionProof.ts';
import type { LedgerCheckpoint as _coffer_v1_LedgerCheckpoint, LedgerCheckpoint__Output as _coffer_v1_LedgerCheckpoint__Output } from '../../coffer/v1/LedgerCheckpoint.ts';
import type { LedgerLeaf as _coffer_v1_LedgerLeaf, LedgerLeaf__Output as _coffer_v1_LedgerLeaf__Output } from '../../coffer/v1/LedgerLeaf.ts';
import type { ListModelsRequest as _coffer_v1_ListModelsRequest, ListModelsRequest__Output as _coffer_v1_ListModelsRequest__Output } from '../../coffer/v1/ListModelsRequest.ts';
import type { ListModelsResponse as _coffer_v1_ListModelsResponse, ListModelsResponse__Output as _coffer_v1_ListModelsResponse__Output } from '../../coffer/v1/ListModelsResponse.ts';
import type { ListRunsRequest as _coffer_v1_ListRunsRequest, ListRunsRequest__Output as _coffer_v1_ListRunsRequest__Output } from '../../coffer/v1/ListRunsRequest.ts';
import type { ListRunsResponse as _coffer_v1_ListRunsResponse, ListRunsResponse__Output as _coffer_v1_ListRunsResponse__Output } from '../../coffer/v1/ListRunsResponse.ts';
import type { ModelVersion as _coffer_v1_ModelVersion, ModelVersion__Output as _coffer_v1_ModelVersion__Output } from '../../coffer/v1/ModelVersion.ts';
import type { ProveInclusionRequest as _coffer_v1_ProveInclusionRequest, ProveInclusionRequest__Output as _coffer_v1_ProveInclusionRequest__Output } from '../../coffer/v1/ProveInclusionRequest.ts';
import type { ReadLeavesRequest as _coffer_v1_ReadLeavesRequest, ReadLeavesRequest__Output as _coffer_v1_ReadLeavesRequest__Output } from '../../coffer/v1/ReadLeavesRequest.ts';
import type { Run as _coffer_v1_Run, Run__Output as _coffer_v1_Run__Output } from '../../coffer/v1/Run.ts';
import type { RunEvent as _coffer_v1_RunEvent, RunEvent__Output as _coffer_v1_RunEvent__Output } from '../../coffer/v1/RunEvent.ts';
import type { StopRunRequest as _coffer_v1_StopRunRequest, StopRunRequest__Output as _coffer_v1_StopRunRequest__Output } from '../../coffer/v1/StopRunRequest.ts';
import type { SubmitRunRequest as _coffer_v1_SubmitRunRequest, SubmitRunRequest__Output as _coffer_v1_SubmitRunRequest__Output } from '../../coffer/v1/SubmitRunRequest.ts';
import type { WatchRunRequest as _coffer_v1_WatchRunRequest, WatchRunRequest__Output as _coffer_v1_WatchRunRequest__Output } from '../../coffer/v1/WatchRunRequest.ts';

export interface RunServiceClient extends grpc.Client {
  DownloadModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  DownloadModel(argument: _coffer_v1_GetModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  downloadModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  downloadModel(argument: _coffer_v1_GetModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  
  GetModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  GetModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  GetModel(argument: _coffer_v1_GetModelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  GetModel(argument: _coffer_v1_GetModelRequest, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  getModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  getModel(argument: _coffer_v1_GetModelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  getModel(argument: _coffer_v1_GetModelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  getModel(argument: _coffer_v1_GetModelRequest, callback: grpc.requestCallback<_coffer_v1_ModelVersion__Output>): grpc.ClientUnaryCall;
  
  GetRun(argument: _coffer_v1_GetRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _coffer_v1_GetRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _coffer_v1_GetRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  GetRun(argument: _coffer_v1_GetRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  getRun(argument: _coffer_v1_GetRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  getRun(argument: _coffer_v1_GetRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  getRun(argument: _coffer_v1_GetRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  getRun(argument: _coffer_v1_GetRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  
  GetStatus(argument: _coffer_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _coffer_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _coffer_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _coffer_v1_GetStatusRequest, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _coffer_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _coffer_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _coffer_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _coffer_v1_GetStatusRequest, callback: grpc.requestCallback<_coffer_v1_CoordinatorStatus__Output>): grpc.ClientUnaryCall;
  
  ListModels(argument: _coffer_v1_ListModelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _coffer_v1_ListModelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _coffer_v1_ListModelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  ListModels(argument: _coffer_v1_ListModelsRequest, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _coffer_v1_ListModelsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _coffer_v1_ListModelsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _coffer_v1_ListModelsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  listModels(argument: _coffer_v1_ListModelsRequest, callback: grpc.requestCallback<_coffer_v1_ListModelsResponse__Output>): grpc.ClientUnaryCall;
  
  ListRuns(argument: _coffer_v1_ListRunsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  ListRuns(argument: _coffer_v1_ListRunsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  ListRuns(argument: _coffer_v1_ListRunsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  ListRuns(argument: _coffer_v1_ListRunsRequest, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  listRuns(argument: _coffer_v1_ListRunsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  listRuns(argument: _coffer_v1_ListRunsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  listRuns(argument: _coffer_v1_ListRunsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  listRuns(argument: _coffer_v1_ListRunsRequest, callback: grpc.requestCallback<_coffer_v1_ListRunsResponse__Output>): grpc.ClientUnaryCall;
  
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  
  ReadLeaves(argument: _coffer_v1_ReadLeavesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_LedgerLeaf__Output>;
  ReadLeaves(argument: _coffer_v1_ReadLeavesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_LedgerLeaf__Output>;
  readLeaves(argument: _coffer_v1_ReadLeavesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_LedgerLeaf__Output>;
  readLeaves(argument: _coffer_v1_ReadLeavesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_LedgerLeaf__Output>;
  
  StopRun(argument: _coffer_v1_StopRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _coffer_v1_StopRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _coffer_v1_StopRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  StopRun(argument: _coffer_v1_StopRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _coffer_v1_StopRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _coffer_v1_StopRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _coffer_v1_StopRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  stopRun(argument: _coffer_v1_StopRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  
  SubmitRun(argument: _coffer_v1_SubmitRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  SubmitRun(argument: _coffer_v1_SubmitRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  SubmitRun(argument: _coffer_v1_SubmitRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  SubmitRun(argument: _coffer_v1_SubmitRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  submitRun(argument: _coffer_v1_SubmitRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  submitRun(argument: _coffer_v1_SubmitRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  submitRun(argument: _coffer_v1_SubmitRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  submitRun(argument: _coffer_v1_SubmitRunRequest, callback: grpc.requestCallback<_coffer_v1_Run__Output>): grpc.ClientUnaryCall;
  
  WatchRun(argument: _coffer_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  WatchRun(argument: _coffer_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  watchRun(argument: _coffer_v1_WatchRunRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  watchRun(argument: _coffer_v1_WatchRunRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  
}

export interface RunServiceHandlers extends grpc.UntypedServiceImplementation {
  DownloadModel: grpc.handleServerStreamingCall<_coffer_v1_GetModelRequest__Output, _coffer_v1_Chunk>;
  
  GetCheckpoint: grpc.handleUnaryCall<_coffer_v1_GetCheckpointRequest__Output, _coffer_v1_LedgerCheckpoint>;
  
  GetModel: grpc.handleUnaryCall<_coffer_v1_GetModelRequest__Output, _coffer_v1_ModelVersion>;
  
  GetRun: grpc.handleUnaryCall<_coffer_v1_GetRunRequest__Output, _coffer_v1_Run>;
  
  GetStatus: grpc.handleUnaryCall<_coffer_v1_GetStatusRequest__Output, _coffer_v1_CoordinatorStatus>;
  
  ListModels: grpc.handleUnaryCall<_coffer_v1_ListModelsRequest__Output, _coffer_v1_ListModelsResponse>;
  
  ListRuns: grpc.handleUnaryCall<_coffer_v1_ListRunsRequest__Output, _coffer_v1_ListRunsResponse>;
  
  ProveInclusion: grpc.handleUnaryCall<_coffer_v1_ProveInclusionRequest__Output, _coffer_v1_InclusionProof>;
  
  ReadLeaves: grpc.handleServerStreamingCall<_coffer_v1_ReadLeavesRequest__Output, _coffer_v1_LedgerLeaf>;
  
  StopRun: grpc.handleUnaryCall<_coffer_v1_StopRunRequest__Output, _coffer_v1_Run>;
  
  SubmitRun: grpc.handleUnaryCall<_coffer_v1_SubmitRunRequest__Output, _coffer_v1_Run>;
  
  WatchRun: grpc.handleServerStreamingCall<_coffer_v1_WatchRunRequest__Output, _coffer_v1_RunEvent>;
  
}

export interface RunServiceDefinition extends grpc.ServiceDefinition {
  DownloadModel: MethodDefinition<_coffer_v1_GetModelRequest, _coffer_v1_Chunk, _coffer_v1_GetModelRequest__Output, _coffer_v1_Chunk__Output>
  GetCheckpoint: MethodDefinition<_coffer_v1_GetCheckpointRequest, _coffer_v1_LedgerCheckpoint, _coffer_v1_GetCheckpointRequest__Output, _coffer_v1_LedgerCheckpoint__Output>
  GetModel: MethodDefinition<_coffer_v1_GetModelRequest, _coffer_v1_ModelVersion, _coffer_v1_GetModelRequest__Output, _coffer_v1_ModelVersion__Output>
  GetRun: MethodDefinition<_coffer_v1_GetRunRequest, _coffer_v1_Run, _coffer_v1_GetRunRequest__Output, _coffer_v1_Run__Output>
  GetStatus: MethodDefinition<_coffer_v1_GetStatusRequest, _coffer_v1_CoordinatorStatus, _coffer_v1_GetStatusRequest__Output, _coffer_v1_CoordinatorStatus__Output>
  ListModels: MethodDefinition<_coffer_v1_ListModelsRequest, _coffer_v1_ListModelsResponse, _coffer_v1_ListModelsRequest__Output, _coffer_v1_ListModelsResponse__Output>
  ListRuns: MethodDefinition<_coffer_v1_ListRunsRequest, _coffer_v1_ListRunsResponse, _coffer_v1_ListRunsRequest__Output, _coffer_v1_ListRunsResponse__Output>
  ProveInclusion: MethodDefinition<_coffer_v1_ProveInclusionRequest, _coffer_v1_InclusionProof, _coffer_v1_ProveInclusionRequest__Output, _coffer_v1_InclusionProof__Output>
  ReadLeaves: MethodDefinition<_coffer_v1_ReadLeavesRequest, _coffer_v1_LedgerLeaf, _coffer_v1_ReadLeavesRequest__Output, _coffer_v1_LedgerLeaf__Output>
  StopRun: MethodDefinition<_coffer_v1_StopRunRequest, _coffer_v1_Run, _coffer_v1_StopRunRequest__Output, _coffer_v1_Run__Output>
  SubmitRun: MethodDefinition<_coffer_v1_SubmitRunRequest, _coffer_v1_Run, _coffer_v1_SubmitRunRequest__Output, _coffer_v1_Run__Output>
  WatchRun: MethodDefinition<_coffer_v1_WatchRunRequest, _coffer_v1_RunEvent, _coffer_v1_WatchRunRequest__Output, _coffer_v1_RunEvent__Output>
}
