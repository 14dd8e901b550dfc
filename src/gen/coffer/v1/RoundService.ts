// Original file: proto/coffer/v1/aggregator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Chunk as _coffer_v1_Chunk, Chunk__Output as _coffer_v1_Chunk__Output } from '../../coffer/v1/Chunk.ts';
import type { DeclineTaskRequest as _coffer_v1_DeclineTaskRequest, DeclineTaskRequest__Output as _coffer_v1_DeclineTaskRequest__Output } from '../../coffer/v1/DeclineTaskRequest.ts';
import type { DeclineTaskResponse as _coffer_v1_DeclineTaskResponse, DeclineTaskResponse__Output as _coffer_v1_DeclineTaskResponse__Output } from '../../coffer/v1/DeclineTaskResponse.ts';
import type { FetchParametersRequest as _coffer_v1_FetchParametersRequest, FetchParametersRequest__Output as _coffer_v1_FetchParametersRequest__Output } from '../../coffer/v1/FetchParametersRequest.ts';
import type { FetchReceiptsRequest as _coffer_v1_FetchReceiptsRequest, FetchReceiptsRequest__Output as _coffer_v1_FetchReceiptsRequest__Output } from '../../coffer/v1/FetchReceiptsRequest.ts';
import type { JoinRequest as _coffer_v1_JoinRequest, JoinRequest__Output as _coffer_v1_JoinRequest__Output } from '../../coffer/v1/JoinRequest.ts';
import type { SealedReceipt as _coffer_v1_SealedReceipt, SealedReceipt__Output as _coffer_v1_SealedReceipt__Output } from '../../coffer/v1/SealedReceipt.ts';
import type { Task as _coffer_v1_Task, Task__Output as _coffer_v1_Task__Output } from '../../coffer/v1/Task.ts';
import type { UpdatePart as _coffer_v1_UpdatePart, UpdatePart__Output as _coffer_v1_UpdatePart__Output } from '../../coffer/v1/UpdatePart.ts';
import type { UploadStatus as _coffer_v1_UploadStatus, UploadStatus__Output as _coffer_v1_UploadStatus__Output } from '../../coffer/v1/UploadStatus.ts';

export interface RoundServiceClient extends grpc.Client {
  DeclineTask(argument: _coffer_v1_DeclineTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  DeclineTask(argument: _coffer_v1_DeclineTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  DeclineTask(argument: _coffer_v1_DeclineTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  DeclineTask(argument: _coffer_v1_DeclineTaskRequest, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  declineTask(argument: _coffer_v1_DeclineTaskRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  declineTask(argument: _coffer_v1_DeclineTaskRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  declineTask(argument: _coffer_v1_DeclineTaskRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  declineTask(argument: _coffer_v1_DeclineTaskRequest, callback: grpc.requestCallback<_coffer_v1_DeclineTaskResponse__Output>): grpc.ClientUnaryCall;
  
  FetchParameters(argument: _coffer_v1_FetchParametersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  FetchParameters(argument: _coffer_v1_FetchParametersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  fetchParameters(argument: _coffer_v1_FetchParametersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  fetchParameters(argument: _coffer_v1_FetchParametersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Chunk__Output>;
  
  FetchReceipts(argument: _coffer_v1_FetchReceiptsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_SealedReceipt__Output>;
  FetchReceipts(argument: _coffer_v1_FetchReceiptsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_SealedReceipt__Output>;
  fetchReceipts(argument: _coffer_v1_FetchReceiptsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_SealedReceipt__Output>;
  fetchReceipts(argument: _coffer_v1_FetchReceiptsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_SealedReceipt__Output>;
  
  Join(argument: _coffer_v1_JoinRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Task__Output>;
  Join(argument: _coffer_v1_JoinRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Task__Output>;
  join(argument: _coffer_v1_JoinRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Task__Output>;
  join(argument: _coffer_v1_JoinRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Task__Output>;
  
  SubmitUpdate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_coffer_v1_UpdatePart, _coffer_v1_UploadStatus__Output>;
  SubmitUpdate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_coffer_v1_UpdatePart, _coffer_v1_UploadStatus__Output>;
  submitUpdate(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_coffer_v1_UpdatePart, _coffer_v1_UploadStatus__Output>;
  submitUpdate(options?: grpc.CallOptions): grpc.ClientDuplexStream<_coffer_v1_UpdatePart, _coffer_v1_UploadStatus__Output>;
  
}

export interface RoundServiceHandlers extends grpc.UntypedServiceImplementation {
  DeclineTask: grpc.handleUnaryCall<_coffer_v1_DeclineTaskRequest__Output, _coffer_v1_DeclineTaskResponse>;
  
  FetchParameters: grpc.handleServerStreamingCall<_coffer_v1_FetchParametersRequest__Output, _coffer_v1_Chunk>;
  
  FetchReceipts: grpc.handleServerStreamingCall<_coffer_v1_FetchReceiptsRequest__Output, _coffer_v1_SealedReceipt>;
  
  Join: grpc.handleServerStreamingCall<_coffer_v1_JoinRequest__Output, _coffer_v1_Task>;
  
  SubmitUpdate: grpc.handleBidiStreamingCall<_coffer_v1_UpdatePart__Output, _coffer_v1_UploadStatus>;
  
}

export interface RoundServiceDefinition extends grpc.ServiceDefinition {
  DeclineTask: MethodDefinition<_coffer_v1_DeclineTaskRequest, _coffer_v1_DeclineTaskResponse, _coffer_v1_DeclineTaskRequest__Output, _coffer_v1_DeclineTaskResponse__Output>
  FetchParameters: MethodDefinition<_coffer_v1_FetchParametersRequest, _coffer_v1_Chunk, _coffer_v1_FetchParametersRequest__Output, _coffer_v1_Chunk__Output>
  FetchReceipts: MethodDefinition<_coffer_v1_FetchReceiptsRequest, _coffer_v1_SealedReceipt, _coffer_v1_FetchReceiptsRequest__Output, _coffer_v1_SealedReceipt__Output>
  Join: MethodDefinition<_coffer_v1_JoinRequest, _coffer_v1_Task, _coffer_v1_JoinRequest__Output, _coffer_v1_Task__Output>
  SubmitUpdate: MethodDefinition<_coffer_v1_UpdatePart, _coffer_v1_UploadStatus, _coffer_v1_UpdatePart__Output, _coffer_v1_UploadStatus__Output>
}
