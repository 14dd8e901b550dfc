/**
 * A quote that a device handed out, looked at before it is shown to anyone: is it whole, of this kind of TEE, and over
 * what was asked? Devices answer with nothing, with half, or with the quote of a request before, and call it success.
 */
import { EvidenceError, parseQuote, type Quote } from '../attestation/index.ts'
import { equalBytes, fromHex } from '../crypto/index.ts'
import { TeeError } from './errors.ts'

/** A header, the smallest body and the smallest signature data of a DCAP quote: 48 + 384 + 4 + 584 bytes. */
const SHORTEST_QUOTE_BYTES = 1020

/** Throws TeeError TEE_QUOTE_SHORT, TEE_QUOTE_UNUSABLE, TEE_QUOTE_STALE. */
export function readOwnQuote(what: string, bytes: Uint8Array, tee: 'sgx' | 'tdx', reportData: Uint8Array): Quote {
  requireWhole(what, bytes.length)
  const quote = parseOwnQuote(what, bytes)
  const found = quote.header.tee
  if (found !== tee) throw new TeeError('TEE_QUOTE_UNUSABLE', `${what}: found a quote of ${found}, expected ${tee}`)
  requireAsked(what, fromHex(quote.body.reportData), reportData)
  return quote
}

/** Throws TeeError TEE_QUOTE_SHORT. */
export function requireWhole(what: string, length: number): void {
  if (length >= SHORTEST_QUOTE_BYTES) return
  const text = `${what}: found a quote of ${length} bytes, expected at least ${SHORTEST_QUOTE_BYTES}`
  throw new TeeError('TEE_QUOTE_SHORT', text)
}

/** Throws TeeError TEE_QUOTE_STALE. */
export function requireAsked(what: string, found: Uint8Array, reportData: Uint8Array): void {
  if (equalBytes(found, reportData)) return
  throw new TeeError('TEE_QUOTE_STALE', `${what}: the quote is over other report data than was asked`)
}

function parseOwnQuote(what: string, bytes: Uint8Array): Quote {
  try {
    return parseQuote(bytes)
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new TeeError('TEE_QUOTE_UNUSABLE', `${what}: ${cause.message}`, { cause })
  }
}
