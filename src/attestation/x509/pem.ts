/** Certificate chains as PEM (RFC 7468, strict form): no text around them, lines of base64, canonical padding. */
import { EvidenceError } from '../errors.ts'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'
/** Real SGX certificates have 600 to 1,300 bytes. */
const MAXIMUM_CERTIFICATE_BYTES = 8192

/** The DER of each certificate in `text`, at least one and at most `most`. */
export function parsePemChain(text: string, what: string, most: number): Uint8Array[] {
  if (text.length > most * MAXIMUM_CERTIFICATE_BYTES * 2) throw invalid(what, `${text.length} characters`)
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const chain: Uint8Array[] = []
  for (let at = 0; at < lines.length; ) {
    if (chain.length === most) throw invalid(what, `more than ${most} certificates`)
    if (lines[at] !== BEGIN) throw invalid(what, `line ${at + 1} that is not the beginning of a certificate`)
    const end = lines.indexOf(END, at)
    if (end < 0) throw invalid(what, 'a certificate without an end')
    chain.push(base64(lines.slice(at + 1, end), what))
    at = end + 1
  }
  return chain
}

function base64(lines: readonly string[], what: string): Uint8Array {
  const wide = lines[0]?.length ?? 0
  if (!lines.every((line, i) => (i < lines.length - 1 ? line.length === wide : line.length <= wide))) {
    throw invalid(what, 'lines of uneven length')
  }
  const text = lines.join('')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw invalid(what, 'bad base64')
  if (bytes.length === 0 || bytes.length > MAXIMUM_CERTIFICATE_BYTES) throw invalid(what, `${bytes.length} bytes`)
  return new Uint8Array(bytes)
}

function invalid(what: string, found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_PEM_INVALID', `${what}: found ${found}, expected a chain of PEM certificates`)
}
