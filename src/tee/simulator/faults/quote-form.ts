/** Quotes whose header, lengths or ends lie, and signatures that are not over what they should be over. */
import { type Blueprint, stranger } from '../blueprint.ts'
import { ascii, flipBit, join, littleEndian, overwrite } from '../bytes.ts'
import type { QuoteSections } from '../quote.ts'
import { inHeader, tdx, tdxV5, type Variation, variation } from './variation.ts'

const header = (field: string, value: Uint8Array) => (b: Blueprint) => {
  b.quote.header[field] = value
}

const edit = (change: (quote: Uint8Array, sections: QuoteSections) => Uint8Array) => (b: Blueprint) => {
  b.edits.quote = change
}

/** Writes a length at a place of the finished quote: lengths are not signed, so only a check can notice. */
const u32 = (quote: Uint8Array, offset: number, value: number) => overwrite(quote, offset, littleEndian(value, 4))
const u16 = (quote: Uint8Array, offset: number, value: number) => overwrite(quote, offset, littleEndian(value, 2))

const without = (quote: Uint8Array, offset: number, length: number): Uint8Array =>
  join(quote.subarray(0, offset), quote.subarray(offset + length))

export const quoteFormFaults = {
  'quote-signature': variation(
    ['quote.signature'],
    'One bit of the signature over the quote is wrong.',
    edit((quote, at) => flipBit(quote, 8 * at.signature + 77)),
  ),
  'quote-signature-zero': variation(
    ['quote.signature'],
    'The signature over the quote is all zero.',
    edit((quote, at) => overwrite(quote, at.signature, new Uint8Array(64))),
  ),
  'quote-signer': variation(['quote.signature'], 'Another key than the one in the quote signs it.', (b) => {
    b.quote.quoteSigner = stranger
  }),
  'body-altered': variation(
    ['quote.body'],
    'The report data were changed after the quote was signed.',
    edit((quote, at) => flipBit(quote, 8 * (at.authLength - 1))),
  ),
  'header-altered': variation(
    ['quote.header'],
    'The header was changed after the quote was signed.',
    edit((quote) => flipBit(quote, 8 * 47)),
  ),
  'attestation-key-altered': variation(
    ['quote.attestationKey'],
    'The attestation key was changed after the quoting enclave had vouched for it.',
    edit((quote, at) => flipBit(quote, 8 * (at.attestationKey + 63))),
  ),
  'attestation-key-not-on-curve': variation(
    ['quote.attestationKey', 'quote.qeReport', 'quote.qeSignature'],
    'The quoting enclave vouches for an attestation key that is no point of P-256.',
    (b) => {
      const { keyOf } = b
      const honest = keyOf('attestation')
      const offCurve = { point: flipBit(honest.point, 511), sign: honest.sign }
      b.keyOf = (label) => (label === 'attestation' ? offCurve : keyOf(label))
    },
  ),
  'header-version': variation(
    inHeader,
    'The quote has a version that nobody knows.',
    header('version', littleEndian(6, 2)),
  ),
  'header-key-type': variation(
    inHeader,
    'The attestation key is said to be P-384.',
    header('keyType', littleEndian(3, 2)),
  ),
  'header-tee-type': variation(
    inHeader,
    'The header names a TEE that nobody knows.',
    header('teeType', littleEndian(0x82, 4)),
  ),
  'header-tee-mismatch': variation(
    inHeader,
    'The header says SGX, and the body is of a TD.',
    header('teeType', littleEndian(0, 4)),
    tdx,
  ),
  'header-vendor': variation(
    inHeader,
    'The quoting enclave is not made by Intel.',
    header('vendor', new Uint8Array(16).fill(0x93)),
  ),
  'body-type-unknown': variation(
    ['quote.body', 'quote.signature'],
    'The body is of a type that nobody knows.',
    (b) => {
      b.quote.bodyType = 9
    },
    tdxV5,
  ),
  'body-type-mismatch': variation(
    ['quote.body', 'quote.signature'],
    'The body is said to be TD 1.0 and has the size of TD 1.5.',
    (b) => {
      b.quote.bodyType = 2
    },
    tdxV5,
  ),
  'body-size-mismatch': variation(
    ['quote.body', 'quote.signature'],
    'The body is said to be one byte longer than it is.',
    (b) => {
      b.quote.bodySize = 649
    },
    tdxV5,
  ),
  'body-truncated': variation(
    ['quote'],
    'The body lacks its last 16 bytes, and everything after it moves.',
    edit((quote, at) => without(quote, at.authLength - 16, 16)),
  ),
  'quote-truncated': variation(
    ['quote'],
    'The quote ends in the middle of its chain.',
    edit((quote) => quote.subarray(0, -100)),
  ),
  'quote-header-only': variation(
    ['quote'],
    'The quote ends after its header.',
    edit((quote) => quote.subarray(0, 48)),
  ),
  'quote-empty': variation(
    ['quote'],
    'The quote has no bytes.',
    edit(() => new Uint8Array(0)),
  ),
  'length-lies': variation(
    ['quote.authLength'],
    'The authentication data are said to be longer than the quote.',
    edit((quote, at) => u32(quote, at.authLength, quote.length)),
  ),
  'length-lies-short': variation(
    ['quote.authLength'],
    'The authentication data are said to end before their chain does.',
    edit((quote, at) => u32(quote, at.authLength, at.end - at.signature - 1)),
  ),
  'length-lies-huge': variation(
    ['quote.authLength'],
    'The authentication data are said to have 4 GiB.',
    edit((quote, at) => u32(quote, at.authLength, 0xffffffff)),
  ),
  'qe-auth-length-lies': variation(
    ['quote.qeAuth'],
    'The QE authentication data are said to reach past the end.',
    edit((quote, at) => u16(quote, at.qeAuth, 0xffff)),
  ),
  'chain-length-lies': variation(
    ['quote.chainHeader'],
    'The chain is said to be longer than the quote.',
    edit((quote, at) => u32(quote, at.chainHeader + 2, quote.length)),
  ),
  'chain-length-lies-short': variation(
    ['quote.chainHeader'],
    'The chain is said to end before it does.',
    edit((quote, at) => u32(quote, at.chainHeader + 2, at.end - at.chain - 2)),
  ),
  'wrapper-length-lies': variation(
    ['quote.wrapper'],
    'The wrapped certification data are said to be one byte longer.',
    edit((quote, at) => u32(quote, at.wrapper + 2, at.end - at.qeReport + 1)),
    tdx,
  ),
  'wrapper-type': variation(
    ['quote.wrapper'],
    'The wrapper has another type than 6.',
    edit((quote, at) => u16(quote, at.wrapper, 5)),
    tdx,
  ),
  'certification-type': variation(
    ['quote.chainHeader'],
    'The certification data are an encrypted PPID, not a chain.',
    (b) => {
      b.quote.certificationType = 3
    },
  ),
  'certification-nested': variation(
    ['quote.chainHeader'],
    'The certification data are said to be wrapped once more.',
    (b) => {
      b.quote.certificationType = 6
    },
  ),
  'trailing-bytes': variation(
    ['quote'],
    'The quote is followed by bytes that are not zero.',
    edit((quote) => join(quote, ascii('more'))),
  ),
  'trailing-byte-after-padding': variation(
    ['quote'],
    'The padding of the quote ends in a byte that is not zero.',
    edit((quote) => join(quote, new Uint8Array(70), Uint8Array.of(1))),
  ),
  'chain-not-pem': variation(['quote'], 'The chain is not PEM.', (b) => {
    b.edits.quoteChain = () => ascii('this is no certificate\0')
  }),
  'chain-text-between': variation(['quote'], 'Text that is no PEM stands between two certificates.', (b) => {
    b.edits.quoteChain = (pem) =>
      ascii(new TextDecoder().decode(pem).replace('E-----\n-----B', 'E-----\nhello\n-----B'))
  }),
  'chain-text-after': variation(['quote'], 'Text that is no PEM follows the last certificate.', (b) => {
    b.edits.quoteChain = (pem) => join(pem.subarray(0, -1), ascii('hello\0'))
  }),
  'chain-empty': variation(['quote'], 'The chain has no certificates.', (b) => {
    b.edits.quoteChain = () => new Uint8Array(0)
  }),
} as const satisfies Record<string, Variation>
