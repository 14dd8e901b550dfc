/**
 * SIGSTRUCT: what the signer of an enclave states about it (Intel SDM volume 3D, 38.13: 1808 bytes, little-endian).
 * `gramine-sgx-sign` writes it as a file. Its own signature is checked, which shows that the file is whole; whom
 * MRSIGNER belongs to, a reader has to know.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { toHex } from '../../crypto/index.ts'
import { CliError } from '../errors.ts'

export interface Sigstruct {
  /** Hexadecimal. */
  readonly mrEnclave: string
  readonly mrSigner: string
  readonly isvProdId: number
  readonly isvSvn: number
  /** The signer lets the host start this enclave in debug mode. Such evidence is refused anyway. */
  readonly debugAllowed: boolean
}

const SIGSTRUCT_BYTES = 1808
/** The first two fields of the header, the same in every SIGSTRUCT. */
const HEADER = '06000000e10000000000010000000000'

/** Throws CLI_ARGUMENT_INVALID. */
export function parseSigstruct(bytes: Uint8Array, file: string): Sigstruct {
  if (bytes.length !== SIGSTRUCT_BYTES || toHex(bytes.subarray(0, 16)) !== HEADER) {
    throw new CliError('CLI_ARGUMENT_INVALID', `${file} is no SIGSTRUCT of ${SIGSTRUCT_BYTES} bytes`)
  }
  const modulus = bytes.subarray(128, 512)
  if (!isSigned(bytes, modulus)) throw new CliError('CLI_ARGUMENT_INVALID', `${file}: its signature does not hold`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  // ATTRIBUTES at 928 and the mask of what must be so at 944; bit 1 is DEBUG.
  const [flags = 0, mask = 0] = [bytes[928], bytes[944]]
  return {
    mrEnclave: toHex(bytes.subarray(960, 992)),
    mrSigner: createHash('sha256').update(modulus).digest('hex'),
    isvProdId: view.getUint16(1024, true),
    isvSvn: view.getUint16(1026, true),
    debugAllowed: (flags & 2) !== 0 || (mask & 2) === 0,
  }
}

/** RSA-3072 with exponent 3, PKCS #1 v1.5 over SHA-256 of header and body; numbers are stored little-endian. */
function isSigned(bytes: Uint8Array, modulus: Uint8Array): boolean {
  const bigEndian = (part: Uint8Array): Buffer => Buffer.from(part).reverse()
  const jwk = { kty: 'RSA', n: bigEndian(modulus).toString('base64url'), e: 'Aw' }
  const signed = Buffer.concat([bytes.subarray(0, 128), bytes.subarray(900, 1028)])
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return verify('sha256', signed, key, bigEndian(bytes.subarray(516, 900)))
  } catch {
    // A modulus that is no RSA key: OpenSSL's words for that help nobody.
    return false
  }
}
