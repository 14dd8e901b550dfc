// Original file: proto/coffer/v1/attestation.proto


export interface AttestationAnswer {
  'quote'?: (Buffer | Uint8Array | string);
  'eventLog'?: (Buffer | Uint8Array | string);
  'statement'?: (Buffer | Uint8Array | string);
  'nonce'?: (Buffer | Uint8Array | string);
  'clientKey'?: (Buffer | Uint8Array | string);
  'exporterDigest'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface AttestationAnswer__Output {
  'quote': (Buffer);
  'eventLog': (Buffer);
  'statement': (Buffer);
  'nonce': (Buffer);
  'clientKey': (Buffer);
  'exporterDigest': (Buffer);
  'signature': (Buffer);
}
