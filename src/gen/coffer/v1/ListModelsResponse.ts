// Original file: proto/coffer/v1/coordinator.proto

import type { ModelVersion as _coffer_v1_ModelVersion, ModelVersion__Output as _coffer_v1_ModelVersion__Output } from '../../coffer/v1/ModelVersion.ts';

export interface ListModelsResponse {
  'models'?: (_coffer_v1_ModelVersion)[];
}

export interface ListModelsResponse__Output {
  'models': (_coffer_v1_ModelVersion__Output)[];
}
