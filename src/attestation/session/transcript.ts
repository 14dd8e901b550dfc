/**
 * What ties evidence to one TLS session (docs/trust.md, the attested channel):
 *
 *   SHA-512( "coffer-attest-v1" || 0 || LP(role) || LP(server key) || LP(client key) || LP(nonce) || LP(exporter)
 *            || LP(context hash) )          LP = u32 length, then the bytes
 *
 * The exporter (RFC 8446 section 7.5, RFC 5705) is known to the two ends of a session only: whoever relays has two
 * sessions and therefore two exporters. Both keys are there too, so that neither end can be played by somebody else.
 */
import { createHash } from 'node:crypto'
import { lengthPrefixed, text } from './bytes.ts'

/** The two ends of a TLS session, as either of them sees it. 32 bytes each. */
export interface Session {
  /** Made by the party for this connection. */
  readonly nonce: Uint8Array
  /** TLS exporter, label EXPORTER_LABEL, context the nonce. */
  readonly exporter: Uint8Array
  /** SHA-256 of the SubjectPublicKeyInfo of each side's certificate. */
  readonly serverKey: Uint8Array
  readonly clientKey: Uint8Array
}

export const EXPORTER_LABEL = 'EXPORTER-coffer-attestation'
export const EXPORTER_BYTES = 32
export const NONCE_BYTES = 32

/** 64 bytes: what the attestation key signs. */
export function sessionTranscript(role: string, session: Session, contextHash: Uint8Array): Uint8Array {
  const { serverKey, clientKey, nonce, exporter } = session
  const hash = createHash('sha512').update(text('coffer-attest-v1')).update(new Uint8Array(1))
  for (const part of [text(role), serverKey, clientKey, nonce, exporter, contextHash]) {
    hash.update(lengthPrefixed(part))
  }
  return new Uint8Array(hash.digest())
}
