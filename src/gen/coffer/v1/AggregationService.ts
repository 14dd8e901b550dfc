// Original file: proto/coffer/v1/aggregator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AggregationStatus as _coffer_v1_AggregationStatus, AggregationStatus__Output as _coffer_v1_AggregationStatus__Output } from '../../coffer/v1/AggregationStatus.ts';
import type { CollectModelRequest as _coffer_v1_CollectModelRequest, CollectModelRequest__Output as _coffer_v1_CollectModelRequest__Output } from '../../coffer/v1/CollectModelRequest.ts';
import type { CollectedModel as _coffer_v1_CollectedModel, CollectedModel__Output as _coffer_v1_CollectedModel__Output } from '../../coffer/v1/CollectedModel.ts';
import type { GetAggregationStatusRequest as _coffer_v1_GetAggregationStatusRequest, GetAggregationStatusRequest__Output as _coffer_v1_GetAggregationStatusRequest__Output } from '../../coffer/v1/GetAggregationStatusRequest.ts';
import type { RunEvent as _coffer_v1_RunEvent, RunEvent__Output as _coffer_v1_RunEvent__Output } from '../../coffer/v1/RunEvent.ts';
import type { StartRunRequest as _coffer_v1_StartRunRequest, StartRunRequest__Output as _coffer_v1_StartRunRequest__Output } from '../../coffer/v1/StartRunRequest.ts';
import type { StartRunResponse as _coffer_v1_StartRunResponse, StartRunResponse__Output as _coffer_v1_StartRunResponse__Output } from '../../coffer/v1/StartRunResponse.ts';
import type { StopAggregationRequest as _coffer_v1_StopAggregationRequest, StopAggregationRequest__Output as _coffer_v1_StopAggregationRequest__Output } from '../../coffer/v1/StopAggregationRequest.ts';
import type { StopAggregationResponse as _coffer_v1_StopAggregationResponse, StopAggregationResponse__Output as _coffer_v1_StopAggregationResponse__Output } from '../../coffer/v1/StopAggregationResponse.ts';
import type { WatchAggregationRequest as _coffer_v1_WatchAggregationRequest, WatchAggregationRequest__Output as _coffer_v1_WatchAggregationRequest__Output } from '../../coffer/v1/WatchAggregationRequest.ts';

export interface AggregationServiceClient extends grpc.Client {
  CollectModel(argument: _coffer_v1_CollectModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_CollectedModel__Output>;
  CollectModel(argument: _coffer_v1_CollectModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_CollectedModel__Output>;
  collectModel(argument: _coffer_v1_CollectModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_CollectedModel__Output>;
  collectModel(argument: _coffer_v1_CollectModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_CollectedModel__Output>;
  
  GetAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  GetAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  GetAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  GetAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  getAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  getAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  getAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  getAggregationStatus(argument: _coffer_v1_GetAggregationStatusRequest, callback: grpc.requestCallback<_coffer_v1_AggregationStatus__Output>): grpc.ClientUnaryCall;
  
  StartRun(argument: _coffer_v1_StartRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  StartRun(argument: _coffer_v1_StartRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  StartRun(argument: _coffer_v1_StartRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  StartRun(argument: _coffer_v1_StartRunRequest, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  startRun(argument: _coffer_v1_StartRunRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  startRun(argument: _coffer_v1_StartRunRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  startRun(argument: _coffer_v1_StartRunRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  startRun(argument: _coffer_v1_StartRunRequest, callback: grpc.requestCallback<_coffer_v1_StartRunResponse__Output>): grpc.ClientUnaryCall;
  
  StopAggregation(argument: _coffer_v1_StopAggregationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  StopAggregation(argument: _coffer_v1_StopAggregationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  StopAggregation(argument: _coffer_v1_StopAggregationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  StopAggregation(argument: _coffer_v1_StopAggregationRequest, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  stopAggregation(argument: _coffer_v1_StopAggregationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  stopAggregation(argument: _coffer_v1_StopAggregationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  stopAggregation(argument: _coffer_v1_StopAggregationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  stopAggregation(argument: _coffer_v1_StopAggregationRequest, callback: grpc.requestCallback<_coffer_v1_StopAggregationResponse__Output>): grpc.ClientUnaryCall;
  
  WatchAggregation(argument: _coffer_v1_WatchAggregationRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  WatchAggregation(argument: _coffer_v1_WatchAggregationRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  watchAggregation(argument: _coffer_v1_WatchAggregationRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  watchAggregation(argument: _coffer_v1_WatchAggregationRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_RunEvent__Output>;
  
}

export interface AggregationServiceHandlers extends grpc.UntypedServiceImplementation {
  CollectModel: grpc.handleServerStreamingCall<_coffer_v1_CollectModelRequest__Output, _coffer_v1_CollectedModel>;
  
  GetAggregationStatus: grpc.handleUnaryCall<_coffer_v1_GetAggregationStatusRequest__Output, _coffer_v1_AggregationStatus>;
  
  StartRun: grpc.handleUnaryCall<_coffer_v1_StartRunRequest__Output, _coffer_v1_StartRunResponse>;
  
  StopAggregation: grpc.handleUnaryCall<_coffer_v1_StopAggregationRequest__Output, _coffer_v1_StopAggregationResponse>;
  
  WatchAggregation: grpc.handleServerStreamingCall<_coffer_v1_WatchAggregationRequest__Output, _coffer_v1_RunEvent>;
  
}

export interface AggregationServiceDefinition extends grpc.ServiceDefinition {
  CollectModel: MethodDefinition<_coffer_v1_CollectModelRequest, _coffer_v1_CollectedModel, _coffer_v1_CollectModelRequest__Output, _coffer_v1_CollectedModel__Output>
  GetAggregationStatus: MethodDefinition<_coffer_v1_GetAggregationStatusRequest, _coffer_v1_AggregationStatus, _coffer_v1_GetAggregationStatusRequest__Output, _coffer_v1_AggregationStatus__Output>
  StartRun: MethodDefinition<_coffer_v1_StartRunRequest, _coffer_v1_StartRunResponse, _coffer_v1_StartRunRequest__Output, _coffer_v1_StartRunResponse__Output>
  StopAggregation: MethodDefinition<_coffer_v1_StopAggregationRequest, _coffer_v1_StopAggregationResponse, _coffer_v1_StopAggregationRequest__Output, _coffer_v1_StopAggregationResponse__Output>
  WatchAggregation: MethodDefinition<_coffer_v1_WatchAggregationRequest, _coffer_v1_RunEvent, _coffer_v1_WatchAggregationRequest__Output, _coffer_v1_RunEvent__Output>
}
