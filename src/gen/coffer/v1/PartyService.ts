// Original file: proto/coffer/v1/coordinator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Assignment as _coffer_v1_Assignment, Assignment__Output as _coffer_v1_Assignment__Output } from '../../coffer/v1/Assignment.ts';
import type { AttendRequest as _coffer_v1_AttendRequest, AttendRequest__Output as _coffer_v1_AttendRequest__Output } from '../../coffer/v1/AttendRequest.ts';
import type { DecideRequest as _coffer_v1_DecideRequest, DecideRequest__Output as _coffer_v1_DecideRequest__Output } from '../../coffer/v1/DecideRequest.ts';
import type { DecideResponse as _coffer_v1_DecideResponse, DecideResponse__Output as _coffer_v1_DecideResponse__Output } from '../../coffer/v1/DecideResponse.ts';
import type { GetCheckpointRequest as _coffer_v1_GetCheckpointRequest, GetCheckpointRequest__Output as _coffer_v1_GetCheckpointRequest__Output } from '../../coffer/v1/GetCheckpointRequest.ts';
import type { InclusionProof as _coffer_v1_InclusionProof, InclusionProof__Output as _coffer_v1_InclusionProof__Output } from '../../coffer/v1/InclusionProof.ts';
import type { LedgerCheckpoint as _coffer_v1_LedgerCheckpoint, LedgerCheckpoint__Output as _coffer_v1_LedgerCheckpoint__Output } from '../../coffer/v1/LedgerCheckpoint.ts';
import type { ProveInclusionRequest as _coffer_v1_ProveInclusionRequest, ProveInclusionRequest__Output as _coffer_v1_ProveInclusionRequest__Output } from '../../coffer/v1/ProveInclusionRequest.ts';

export interface PartyServiceClient extends grpc.Client {
  Attend(argument: _coffer_v1_AttendRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Assignment__Output>;
  Attend(argument: _coffer_v1_AttendRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Assignment__Output>;
  attend(argument: _coffer_v1_AttendRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Assignment__Output>;
  attend(argument: _coffer_v1_AttendRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_coffer_v1_Assignment__Output>;
  
  Decide(argument: _coffer_v1_DecideRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  Decide(argument: _coffer_v1_DecideRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  Decide(argument: _coffer_v1_DecideRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  Decide(argument: _coffer_v1_DecideRequest, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  decide(argument: _coffer_v1_DecideRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  decide(argument: _coffer_v1_DecideRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  decide(argument: _coffer_v1_DecideRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  decide(argument: _coffer_v1_DecideRequest, callback: grpc.requestCallback<_coffer_v1_DecideResponse__Output>): grpc.ClientUnaryCall;
  
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _coffer_v1_GetCheckpointRequest, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _coffer_v1_GetCheckpointRequest, callback: grpc.requestCallback<_coffer_v1_LedgerCheckpoint__Output>): grpc.ClientUnaryCall;
  
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  ProveInclusion(argument: _coffer_v1_ProveInclusionRequest, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  proveInclusion(argument: _coffer_v1_ProveInclusionRequest, callback: grpc.requestCallback<_coffer_v1_InclusionProof__Output>): grpc.ClientUnaryCall;
  
}

export interface PartyServiceHandlers extends grpc.UntypedServiceImplementation {
  Attend: grpc.handleServerStreamingCall<_coffer_v1_AttendRequest__Output, _coffer_v1_Assignment>;
  
  Decide: grpc.handleUnaryCall<_coffer_v1_DecideRequest__Output, _coffer_v1_DecideResponse>;
  
  GetCheckpoint: grpc.handleUnaryCall<_coffer_v1_GetCheckpointRequest__Output, _coffer_v1_LedgerCheckpoint>;
  
  ProveInclusion: grpc.handleUnaryCall<_coffer_v1_ProveInclusionRequest__Output, _coffer_v1_InclusionProof>;
  
}

export interface PartyServiceDefinition extends grpc.ServiceDefinition {
  Attend: MethodDefinition<_coffer_v1_AttendRequest, _coffer_v1_Assignment, _coffer_v1_AttendRequest__Output, _coffer_v1_Assignment__Output>
  Decide: MethodDefinition<_coffer_v1_DecideRequest, _coffer_v1_DecideResponse, _coffer_v1_DecideRequest__Output, _coffer_v1_DecideResponse__Output>
  GetCheckpoint: MethodDefinition<_coffer_v1_GetCheckpointRequest, _coffer_v1_LedgerCheckpoint, _coffer_v1_GetCheckpointRequest__Output, _coffer_v1_LedgerCheckpoint__Output>
  ProveInclusion: MethodDefinition<_coffer_v1_ProveInclusionRequest, _coffer_v1_InclusionProof, _coffer_v1_ProveInclusionRequest__Output, _coffer_v1_InclusionProof__Output>
}
