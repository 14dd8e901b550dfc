/**
 * Which certificates count as members of the federation, as one value. The roots that an aggregator was started with are
 * in a file that its host can write: with a root of its own the host could join parties of its own and subtract their
 * updates from the sum. So they are in the evidence, and a party compares them with its own.
 */
import { X509Certificate } from 'node:crypto'
import { sha256, toHex } from '../../crypto/index.ts'

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** SHA-256 over the sorted SHA-256 fingerprints of the certificates in the PEM text, hexadecimal. */
export function rootsDigest(rootsPem: string): string {
  const fingerprints = (rootsPem.match(block) ?? []).map((pem) => toHex(sha256(new X509Certificate(pem).raw)))
  return toHex(sha256(...[...new Set(fingerprints)].sort().map((each) => new Uint8Array(Buffer.from(each, 'hex')))))
}
