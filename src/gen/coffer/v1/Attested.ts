// Original file: proto/coffer/v1/run.proto

import type { Evidence as _coffer_v1_Evidence, Evidence__Output as _coffer_v1_Evidence__Output } from '../../coffer/v1/Evidence.ts';

export interface Attested {
  'tee'?: (string);
  'epoch'?: (string);
  'receiptKey'?: (string);
  'evidence'?: (_coffer_v1_Evidence | null);
}

export interface Attested__Output {
  'tee': (string);
  'epoch': (string);
  'receiptKey': (string);
  'evidence': (_coffer_v1_Evidence__Output | null);
}
