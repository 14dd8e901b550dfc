/**
 * ECDSA over P-256 with SHA-256: the only signature in DCAP evidence. A key is its point x || y; making a key object of
 * it, which includes the check that it is on the curve, costs about as much as a verification.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { toHex } from '../crypto/index.ts'
import { EvidenceError } from './errors.ts'
import type { Memory, SignatureForm, SignedBytes } from './memory.ts'

export interface Signatures {
  /** Whether the signature is right. Throws EVIDENCE_KEY_INVALID for a key that is no point of the curve. */
  verify(point: Uint8Array, data: Uint8Array, signature: Uint8Array, form: SignatureForm): boolean
  /** The same for what comes again with every quote: what was found right is not computed twice. */
  verifyOnce(point: Uint8Array, data: Uint8Array, signature: Uint8Array, form: SignatureForm): boolean
}

export function createSignatures(memory: Memory): Signatures {
  const compute = ({ point, data, signature, form }: SignedBytes): boolean => {
    const key = memory.key(point, keyOf)
    return verify('sha256', data, { key, dsaEncoding: form === 'der' ? 'der' : 'ieee-p1363' }, signature)
  }
  return {
    verify: (point, data, signature, form) => compute({ point, data, signature, form }),
    verifyOnce: (point, data, signature, form) => memory.signed({ point, data, signature, form }, compute),
  }
}

function keyOf(point: Uint8Array): KeyObject {
  const coordinate = (from: number) => Buffer.from(point.subarray(from, from + 32)).toString('base64url')
  try {
    const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(32) }
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (error) {
    throw new EvidenceError('EVIDENCE_KEY_INVALID', `key ${toHex(point.subarray(0, 8))}... is not a point of P-256`, {
      cause: error,
    })
  }
}
