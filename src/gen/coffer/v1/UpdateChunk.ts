// Original file: proto/coffer/v1/aggregator.proto

import type { Long } from '@grpc/proto-loader';

export interface UpdateChunk {
  'offset'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'crc32'?: (number);
}

export interface UpdateChunk__Output {
  'offset': (number);
  'data': (Buffer);
  'crc32': (number);
}
