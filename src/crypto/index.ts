/** Numbers and bytes that other rooms agree on: canonical JSON, digests, hexadecimal, deterministic random numbers. */
export { canonicalJson } from './canonical-json.ts'
export { equalBytes, fromHex, sha256, toHex } from './digest.ts'
export { type CryptoCode, CryptoError, cryptoErrors } from './errors.ts'
export { createRandom, type Random } from './random.ts'
export { Secret } from './secret.ts'
