// Original file: proto/coffer/v1/aggregator.proto

import type { UploadProgress as _coffer_v1_UploadProgress, UploadProgress__Output as _coffer_v1_UploadProgress__Output } from '../../coffer/v1/UploadProgress.ts';
import type { UpdateAccepted as _coffer_v1_UpdateAccepted, UpdateAccepted__Output as _coffer_v1_UpdateAccepted__Output } from '../../coffer/v1/UpdateAccepted.ts';

export interface UploadStatus {
  'admitted'?: (_coffer_v1_UploadProgress | null);
  'progress'?: (_coffer_v1_UploadProgress | null);
  'accepted'?: (_coffer_v1_UpdateAccepted | null);
  'status'?: "admitted"|"progress"|"accepted";
}

export interface UploadStatus__Output {
  'admitted'?: (_coffer_v1_UploadProgress__Output | null);
  'progress'?: (_coffer_v1_UploadProgress__Output | null);
  'accepted'?: (_coffer_v1_UpdateAccepted__Output | null);
  'status'?: "admitted"|"progress"|"accepted";
}
