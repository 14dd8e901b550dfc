/**
 * Bytes before HTTP/2: exact reads from a TLS socket that will be handed on afterwards. No listener stays, and what has
 * come beyond the bytes asked for waits in the socket (a server's first HTTP/2 frame follows its answer at once): the
 * HTTP/2 session takes it from there.
 */
import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { EXPORTER_BYTES, EXPORTER_LABEL, type Session } from '../../attestation/index.ts'

export const OPENING = new Uint8Array(Buffer.from('coffera1', 'latin1'))
/** A length of zero instead of an answer: the server has no evidence to give now. */
export const LENGTH_BYTES = 4

/** The other side ended the connection, or broke it, before what was asked for had come. */
export class Ended extends Error {}

/** Rejects with Ended, or with the signal's reason. */
export function readExactly(socket: TLSSocket, length: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off('readable', take)
      socket.off('end', ended)
      socket.off('close', ended)
      signal.removeEventListener('abort', aborted)
      outcome()
    }
    const ended = () => settle(() => reject(new Ended('the connection ended')))
    const aborted = () => settle(() => reject(signal.reason))
    const take = () => {
      const bytes: unknown = socket.read(length)
      // At the end of a stream a read gives what is left, however little.
      if (bytes instanceof Buffer) settle(() => (bytes.length === length ? resolve(bytes) : ended()))
    }
    if (signal.aborted) return aborted()
    if (socket.destroyed) return ended()
    socket.on('readable', take)
    socket.on('end', ended)
    socket.on('close', ended)
    signal.addEventListener('abort', aborted, { once: true })
    take()
  })
}

/** Resolves when the bytes have left: Node 20 aborts when a socket with a write under way is given to HTTP/2. */
export function write(socket: TLSSocket, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason)
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    socket.write(bytes, (error) => {
      signal.removeEventListener('abort', aborted)
      if (error) reject(new Ended('the connection broke', { cause: error }))
      else resolve()
    })
  })
}

export function sessionOf(
  socket: TLSSocket,
  nonce: Uint8Array,
  ends: { readonly server: X509Certificate; readonly client: X509Certificate },
): Session {
  const exporter = socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.from(nonce))
  return {
    nonce,
    exporter: new Uint8Array(exporter),
    serverKey: keyDigest(ends.server),
    clientKey: keyDigest(ends.client),
  }
}

/** Exporting a key takes 0.1 ms, and a server's own certificate is in every session. */
const digests = new WeakMap<X509Certificate, Uint8Array>()

/** SHA-256 of the certificate's SubjectPublicKeyInfo. */
export function keyDigest(certificate: X509Certificate): Uint8Array {
  const known = digests.get(certificate)
  if (known !== undefined) return known
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' })
  const digest = new Uint8Array(createHash('sha256').update(spki).digest())
  digests.set(certificate, digest)
  return digest
}
