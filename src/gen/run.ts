import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Attested as _coffer_v1_Attested, Attested__Output as _coffer_v1_Attested__Output } from './coffer/v1/Attested.ts';
import type { Chunk as _coffer_v1_Chunk, Chunk__Output as _coffer_v1_Chunk__Output } from './coffer/v1/Chunk.ts';
import type { Evidence as _coffer_v1_Evidence, Evidence__Output as _coffer_v1_Evidence__Output } from './coffer/v1/Evidence.ts';
import type { Metric as _coffer_v1_Metric, Metric__Output as _coffer_v1_Metric__Output } from './coffer/v1/Metric.ts';
import type { ModelVersion as _coffer_v1_ModelVersion, ModelVersion__Output as _coffer_v1_ModelVersion__Output } from './coffer/v1/ModelVersion.ts';
import type { PartyChanged as _coffer_v1_PartyChanged, PartyChanged__Output as _coffer_v1_PartyChanged__Output } from './coffer/v1/PartyChanged.ts';
import type { PartyState as _coffer_v1_PartyState, PartyState__Output as _coffer_v1_PartyState__Output } from './coffer/v1/PartyState.ts';
import type { RoundClosed as _coffer_v1_RoundClosed, RoundClosed__Output as _coffer_v1_RoundClosed__Output } from './coffer/v1/RoundClosed.ts';
import type { RoundOpened as _coffer_v1_RoundOpened, RoundOpened__Output as _coffer_v1_RoundOpened__Output } from './coffer/v1/RoundOpened.ts';
import type { Run as _coffer_v1_Run, Run__Output as _coffer_v1_Run__Output } from './coffer/v1/Run.ts';
import type { RunEvent as _coffer_v1_RunEvent, RunEvent__Output as _coffer_v1_RunEvent__Output } from './coffer/v1/RunEvent.ts';
import type { Standardisation as _coffer_v1_Standardisation, Standardisation__Output as _coffer_v1_Standardisation__Output } from './coffer/v1/Standardisation.ts';
import type { StateChanged as _coffer_v1_StateChanged, StateChanged__Output as _coffer_v1_StateChanged__Output } from './coffer/v1/StateChanged.ts';

export interface ProtoGrpcType {
  coffer: {
    v1: {
      Attested: MessageTypeDefinition<_coffer_v1_Attested, _coffer_v1_Attested__Output>
      Chunk: MessageTypeDefinition<_coffer_v1_Chunk, _coffer_v1_Chunk__Output>
      Evidence: MessageTypeDefinition<_coffer_v1_Evidence, _coffer_v1_Evidence__Output>
      Metric: MessageTypeDefinition<_coffer_v1_Metric, _coffer_v1_Metric__Output>
      ModelVersion: MessageTypeDefinition<_coffer_v1_ModelVersion, _coffer_v1_ModelVersion__Output>
      PartyActivity: EnumTypeDefinition
      PartyChanged: MessageTypeDefinition<_coffer_v1_PartyChanged, _coffer_v1_PartyChanged__Output>
      PartyState: MessageTypeDefinition<_coffer_v1_PartyState, _coffer_v1_PartyState__Output>
      RoundClosed: MessageTypeDefinition<_coffer_v1_RoundClosed, _coffer_v1_RoundClosed__Output>
      RoundOpened: MessageTypeDefinition<_coffer_v1_RoundOpened, _coffer_v1_RoundOpened__Output>
      Run: MessageTypeDefinition<_coffer_v1_Run, _coffer_v1_Run__Output>
      RunEvent: MessageTypeDefinition<_coffer_v1_RunEvent, _coffer_v1_RunEvent__Output>
      RunState: EnumTypeDefinition
      Standardisation: MessageTypeDefinition<_coffer_v1_Standardisation, _coffer_v1_Standardisation__Output>
      StateChanged: MessageTypeDefinition<_coffer_v1_StateChanged, _coffer_v1_StateChanged__Output>
      TaskKind: EnumTypeDefinition
    }
  }
}

