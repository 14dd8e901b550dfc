/** TD attributes bit by bit (TDX module base architecture specification, ATTRIBUTES; bit 0 is the lowest of byte 0). */
import { toHex } from '../../crypto/index.ts'

export interface TdAttributes {
  readonly hex: string
  readonly debug: boolean
  readonly septVeDisable: boolean
  readonly migratable: boolean
  readonly pks: boolean
  readonly keyLocker: boolean
  readonly performanceMonitoring: boolean
  /** Bits 1 to 7 are set for "TD under debug" and its relatives: any of them ends the confidentiality of the TD. */
  readonly otherDebug: readonly number[]
  /** Set bits that have no meaning known here. */
  readonly unknown: readonly number[]
}

/** 27 LASS, 28 SEPT_VE_DISABLE, 29 MIGRATABLE, 30 PKS, 31 KL, 63 PERFMON. */
const KNOWN = [27, 28, 29, 30, 31, 63]

export function readTdAttributes(bytes: Uint8Array): TdAttributes {
  const set: number[] = []
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    if (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) set.push(bit)
  }
  return {
    hex: toHex(bytes),
    debug: set.includes(0),
    septVeDisable: set.includes(28),
    migratable: set.includes(29),
    pks: set.includes(30),
    keyLocker: set.includes(31),
    performanceMonitoring: set.includes(63),
    otherDebug: set.filter((bit) => bit >= 1 && bit <= 7),
    unknown: set.filter((bit) => bit > 7 && !KNOWN.includes(bit)),
  }
}
