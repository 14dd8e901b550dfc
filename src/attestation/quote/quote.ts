/**
 * SGX and TDX quotes as bytes (Intel SGX and TDX DCAP quote formats, versions 3, 4 and 5). Parsing bounds everything
 * and accepts one reading only: each length field must fit its structure exactly, and after the quote there may be
 * nothing but zeros (kernels and clouds pad). Nothing here is believed yet.
 */
import { toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import type { Memory, PckChain } from '../memory.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { parsePemChain } from '../x509/pem.ts'
import { type Body, readSgxBody, readTdBody, SGX_BODY_BYTES, type SgxBody, TD_BODY_BYTES } from './body.ts'
import { createReader, type Reader } from './reader.ts'

export interface QuoteHeader {
  readonly version: 3 | 4 | 5
  readonly tee: 'sgx' | 'tdx'
  readonly qeVendor: string
  readonly userData: string
}

export interface Quote {
  readonly header: QuoteHeader
  readonly body: Body
  /** Header and body as they are signed by the attestation key (r || s). */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** x || y, 64 bytes. */
  readonly attestationKey: Uint8Array
  readonly quotingEnclave: {
    readonly report: SgxBody
    /** The report as it is signed by the PCK, and that signature. */
    readonly signed: Uint8Array
    readonly signature: Uint8Array
    readonly authenticationData: Uint8Array
  }
  readonly chain: PckChain
  /** Length without the padding. */
  readonly length: number
}

/** Real ones have 4,600 to 5,100 bytes; clouds pad to 8,000. */
export const MAXIMUM_QUOTE_BYTES = 65_536
const ECDSA_P256 = 2
const PCK_CHAIN = 5
const QE_REPORT_CERTIFICATION = 6

/** Throws EvidenceError EVIDENCE_QUOTE_..., EVIDENCE_PEM_INVALID, EVIDENCE_DER_INVALID, EVIDENCE_CERTIFICATE_INVALID. */
export function parseQuote(bytes: Uint8Array): Quote {
  return readQuote(bytes, { chain: (text, parse) => parse(text) })
}

/** The same, with a memory of certificates that came before. */
export function readQuote(bytes: Uint8Array, memory: Pick<Memory, 'chain'>): Quote {
  if (bytes.length > MAXIMUM_QUOTE_BYTES) {
    const text = `the quote has ${bytes.length} bytes, at most ${MAXIMUM_QUOTE_BYTES}`
    throw new EvidenceError('EVIDENCE_QUOTE_SIZE', text)
  }
  const reader = createReader(bytes)
  const header = readHeader(reader)
  const body = readBody(reader, header.version)
  const signed = bytes.subarray(0, reader.at)
  const length = reader.u32('signature data length')
  const data = createReader(reader.bytes(length, 'signature data'))
  const signature = data.bytes(64, 'quote signature')
  const attestationKey = data.bytes(64, 'attestation key')
  const certification = header.version === 3 ? data : unwrap(data)
  const { quotingEnclave, chain } = readCertification(certification, memory)
  for (let at = reader.at; at < bytes.length; at += 1) {
    if (bytes[at] !== 0) throw new EvidenceError('EVIDENCE_QUOTE_TRAILING', `byte ${at}: found other than zero padding`)
  }
  return { header, body, signed, signature, attestationKey, quotingEnclave, chain, length: reader.at }
}

/** 48 bytes; the SVNs at 8 and 10 repeat what the QE report and the PCK certificate say, and are not used. */
function readHeader(reader: Reader): QuoteHeader {
  const version = reader.u16('version')
  const keyType = reader.u16('attestation key type')
  const tee = reader.u32('TEE type')
  reader.bytes(4, 'header')
  const qeVendor = toHex(reader.bytes(16, 'QE vendor'))
  const userData = toHex(reader.bytes(20, 'user data'))
  if (version !== 3 && version !== 4 && version !== 5) throw unsupported(`version ${version}, expected 3, 4 or 5`)
  if (keyType !== ECDSA_P256) throw unsupported(`attestation key type ${keyType}, expected ${ECDSA_P256}`)
  const expected = version === 3 ? 0 : 0x81
  if (tee !== expected) throw unsupported(`TEE type ${tee} in version ${version}, expected ${expected}`)
  return { version, tee: version === 3 ? 'sgx' : 'tdx', qeVendor, userData }
}

function readBody(reader: Reader, version: 3 | 4 | 5): Body {
  if (version === 3) return readSgxBody(reader)
  if (version === 4) return readTdBody(reader, 'td10')
  const type = reader.u16('body type')
  const size = reader.u32('body size')
  const kind = ({ 2: 'td10', 3: 'td15' } as const)[type]
  if (kind === undefined) throw unsupported(`body type ${type}, expected 2 (TD 1.0) or 3 (TD 1.5)`)
  if (size !== TD_BODY_BYTES[kind]) throw lying(`body size ${size} of a body of ${TD_BODY_BYTES[kind]} bytes`)
  return readTdBody(reader, kind)
}

/** From version 4 on, what certifies the attestation key is wrapped in certification data of its own type. */
function unwrap(data: Reader): Reader {
  const type = data.u16('certification data type')
  if (type !== QE_REPORT_CERTIFICATION) {
    throw unsupported(`certification data type ${type}, expected ${QE_REPORT_CERTIFICATION}`)
  }
  const size = data.u32('certification data size')
  if (size !== data.left) throw lying(`certification data size ${size}, with ${data.left} bytes to the end`)
  return createReader(data.bytes(size, 'certification data'))
}

function readCertification(data: Reader, memory: Pick<Memory, 'chain'>): Pick<Quote, 'quotingEnclave' | 'chain'> {
  const signed = data.bytes(SGX_BODY_BYTES, 'QE report')
  const report = readSgxBody(createReader(signed))
  const signature = data.bytes(64, 'QE report signature')
  const authenticationData = data.bytes(data.u16('QE authentication data length'), 'QE authentication data')
  const type = data.u16('certification data type')
  if (type !== PCK_CHAIN) throw unsupported(`certification data type ${type}, expected ${PCK_CHAIN}: a PCK chain`)
  const size = data.u32('certification data size')
  if (size !== data.left) throw lying(`certification data size ${size}, with ${data.left} bytes to the end`)
  const chain = memory.chain(data.bytes(size, 'PCK certificate chain'), parseChain)
  return { quotingEnclave: { report, signed, signature, authenticationData }, chain }
}

/** PEM, often with a final NUL. */
function parseChain(bytes: Uint8Array): PckChain {
  const text = withoutFinalZeros(Buffer.from(bytes).toString('latin1'))
  const what = ['the PCK certificate', 'the PCK authority', 'the root of the quote'] as const
  const chain = parsePemChain(text, 'the certificate chain of the quote', what.length)
  const [pck, authority, root] = chain
  if (pck === undefined || authority === undefined || root === undefined) {
    throw new EvidenceError('EVIDENCE_PEM_INVALID', `the quote has ${chain.length} certificates, expected 3`)
  }
  return [parseCertificate(pck, what[0]), parseCertificate(authority, what[1]), parseCertificate(root, what[2])]
}

/** Not by a regular expression, which would look at each of many zeros from each of them. */
function withoutFinalZeros(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1
  return text.slice(0, end)
}

function unsupported(found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_QUOTE_UNSUPPORTED', `the quote: found ${found}`)
}

function lying(found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_QUOTE_LENGTH', `the quote: found ${found}`)
}
