import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AttestationAnswer as _coffer_v1_AttestationAnswer, AttestationAnswer__Output as _coffer_v1_AttestationAnswer__Output } from './coffer/v1/AttestationAnswer.ts';

export interface ProtoGrpcType {
  coffer: {
    v1: {
      AttestationAnswer: MessageTypeDefinition<_coffer_v1_AttestationAnswer, _coffer_v1_AttestationAnswer__Output>
    }
  }
}

