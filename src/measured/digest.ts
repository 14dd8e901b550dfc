/** The digests of a program file: what people compare, and what goes into RTMR3. */
import { createHash } from 'node:crypto'

export interface ProgramDigests {
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
  /** Hexadecimal; what goes into RTMR3. */
  readonly sha384: string
}

export function digestsOf(program: Uint8Array): ProgramDigests {
  const digest = (algorithm: string): string => createHash(algorithm).update(program).digest('hex')
  return { bytes: program.length, sha256: digest('sha256'), sha384: digest('sha384') }
}
