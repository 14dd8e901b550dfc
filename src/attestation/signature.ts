/**
 * ECDSA over P-256 with SHA-256: the only signature in DCAP evidence. A key is its point x || y (64 bytes); making a
 * key object of it costs about as much as a verification, so each verification run keeps the ones it made.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { toHex } from '../crypto/index.ts'
import { EvidenceError } from './errors.ts'

export interface Signatures {
  /** `form`: 'der' in certificates and CRLs, 'raw' (r || s, 64 bytes) in quotes and collateral. */
  verify(point: Uint8Array, data: Uint8Array, signature: Uint8Array, form: 'der' | 'raw'): boolean
}

/** Keys made for the certificates of one collateral, for as long as that is kept; never those of a quote. */
const kept = new WeakMap<object, Map<string, KeyObject>>()

/** `owner` keeps the keys at `points`, so that the next verification with it need not make them again. */
export function createSignatures(owner: object, points: readonly Uint8Array[]): Signatures {
  const lasting = kept.get(owner) ?? new Map<string, KeyObject>()
  kept.set(owner, lasting)
  const own = new Set(points.map(toHex))
  const keys = new Map<string, KeyObject>()
  return {
    verify(point, data, signature, form) {
      const id = toHex(point)
      const key = lasting.get(id) ?? keys.get(id) ?? keyOf(point)
      const ring = own.has(id) ? lasting : keys
      ring.set(id, key)
      return verify('sha256', data, { key, dsaEncoding: form === 'der' ? 'der' : 'ieee-p1363' }, signature)
    },
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
