/**
 * The digests of a program file, and what they make of a measurement register. A TDX module extends RTMR3 with
 * SHA-384(register || digest) (TDX module base specification, TDG.MR.RTMR.EXTEND), and a register begins as zeros.
 */
import { createHash } from 'node:crypto'
import { toHex } from '../crypto/index.ts'

const RTMR_BYTES = 48

export interface ProgramDigests {
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
  /** Hexadecimal; what goes into RTMR3. */
  readonly sha384: string
}

const sha = (algorithm: 'sha256' | 'sha384', ...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export function digestsOf(program: Uint8Array): ProgramDigests {
  return { bytes: program.length, sha256: toHex(sha('sha256', program)), sha384: toHex(sha('sha384', program)) }
}

/** RTMR3, hexadecimal, of a TD where nothing but `digest` (48 bytes) was extended into it, once. */
export function rtmr3After(digest: Uint8Array): string {
  return toHex(sha('sha384', new Uint8Array(RTMR_BYTES), digest))
}
