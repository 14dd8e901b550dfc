/**
 * Deterministic ECDSA over P-256 with SHA-256: the same seed gives the same keys, and the same key and message the same
 * signature, so that simulated evidence can be compared byte by byte. These keys protect nothing: whoever knows the seed
 * has them, and arithmetic on BigInt takes a time that depends on the numbers. For the simulator only.
 */
import { createECDH, createHash, createHmac, hkdfSync } from 'node:crypto'
import { ascii, join } from './bytes.ts'

/** Order of P-256's base point (SP 800-186, section 3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * Every key of the simulator is derived under this salt, so a bundle without these bytes cannot contain the simulator.
 * The test of the production bundle looks for them; they must stay one literal and occur nowhere else in src.
 */
export const SIMULATOR_MARK = 'coffer-simulated-tee-keys-v1'

export interface SigningKey {
  /** x then y, 32 bytes each. */
  readonly point: Uint8Array
  /** r then s, 32 bytes each, big-endian: the form of quotes and of Intel's signed JSON. */
  sign(message: Uint8Array): Uint8Array
}

/** The key that `label` names under `seed`: 384 bits of HKDF reduced to 1..n-1 (FIPS 186-5, A.2.1: bias below 2^-64). */
export function deriveSigningKey(seed: string, label: string): SigningKey {
  const wide = hkdfSync('sha512', ascii(seed), ascii(SIMULATOR_MARK), ascii(label), 48)
  return createSigningKey((toNumber(new Uint8Array(wide)) % (order - 1n)) + 1n)
}

/** `scalar`: 1 to n - 1. */
export function createSigningKey(scalar: bigint): SigningKey {
  const secret = toBytes(scalar)
  return {
    point: multiplyBase(secret),
    sign(message) {
      const digest = new Uint8Array(createHash('sha256').update(message).digest())
      const z = toNumber(digest)
      for (const nonce of nonces(secret, toBytes(z % order))) {
        const r = toNumber(multiplyBase(toBytes(nonce)).subarray(0, 32)) % order
        const s = (inverse(nonce) * (z + r * scalar)) % order
        if (r !== 0n && s !== 0n) return join(toBytes(r), toBytes(s))
      }
      throw new RangeError('RFC 6979 gave no nonce, which cannot happen: its sequence does not end')
    },
  }
}

/** Candidates for k in the order of RFC 6979, section 3.2 (qlen = hlen = 256: no bits to drop). */
function* nonces(secret: Uint8Array, digest: Uint8Array): Generator<bigint> {
  let key: Uint8Array = new Uint8Array(32)
  let value: Uint8Array = new Uint8Array(32).fill(1)
  for (const separator of [0, 1]) {
    key = hmac(key, value, Uint8Array.of(separator), secret, digest)
    value = hmac(key, value)
  }
  while (true) {
    value = hmac(key, value)
    const candidate = toNumber(value)
    if (candidate > 0n && candidate < order) yield candidate
    key = hmac(key, value, Uint8Array.of(0))
    value = hmac(key, value)
  }
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHmac('sha256', key)
      .update(join(...parts))
      .digest(),
  )
}

/** The public point of a secret scalar, computed by OpenSSL: the only arithmetic on the curve that signing needs. */
function multiplyBase(scalar: Uint8Array): Uint8Array {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(scalar)
  return new Uint8Array(curve.getPublicKey().subarray(1))
}

/** By Euclid's algorithm; `value` is from 1 to n - 1 and n is prime. */
function inverse(value: bigint): bigint {
  let [previous, current] = [order, value]
  let [previousFactor, factor] = [0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[previousFactor, factor] = [factor, previousFactor - quotient * factor]
  }
  return previousFactor < 0n ? previousFactor + order : previousFactor
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const toBytes = (value: bigint): Uint8Array => new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
