/** Attribute bits and CPU features in names. Bit 0 is the lowest of the first byte. */
import type { FieldName } from './words.ts'

export interface Bit {
  readonly name: FieldName
  readonly value: string
  /** What a reviewer wants it to be; absent where either is fine. */
  readonly wanted?: string
  readonly good?: boolean
}

function setBits(hex: string): number[] {
  return [...Buffer.from(hex, 'hex')].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => 8 * at + bit),
  )
}

type Row = readonly [bit: number, name: FieldName, wanted?: 'set' | 'clear']

/** TDX module base architecture specification, ATTRIBUTES. */
const TD: readonly Row[] = [
  [0, 'tdDebug', 'clear'],
  [27, 'tdLass'],
  [28, 'tdSeptVeDisable', 'set'],
  [29, 'tdMigratable', 'clear'],
  [30, 'tdPks'],
  [31, 'tdKeyLocker'],
  [63, 'tdPerfmon'],
]
/** SDM volume 3D, ATTRIBUTES. */
const SGX: readonly Row[] = [
  [0, 'sgxInit', 'set'],
  [1, 'sgxDebug', 'clear'],
  [2, 'sgxMode64', 'set'],
  [4, 'sgxProvisionKey', 'clear'],
  [5, 'sgxLaunchKey', 'clear'],
  [6, 'sgxCet'],
  [7, 'sgxKss'],
]

function told(set: readonly number[], rows: readonly Row[]): Bit[] {
  return rows.map(([bit, name, wanted]) => {
    const value = set.includes(bit) ? 'set' : 'clear'
    return wanted === undefined ? { name, value } : { name, value, wanted, good: value === wanted }
  })
}

const listOf = (bits: readonly number[]): string => (bits.length === 0 ? 'none set' : `set: ${bits.join(', ')}`)
const group = (name: FieldName, bits: readonly number[]): Bit => ({
  ...{ name, value: listOf(bits), wanted: 'none set', good: bits.length === 0 },
})

export function tdBits(hex: string): Bit[] {
  const set = setBits(hex)
  const known = TD.map(([bit]) => bit)
  const debug = set.filter((bit) => bit >= 1 && bit <= 7)
  const unknown = set.filter((bit) => bit > 7 && !known.includes(bit))
  return [...told(set, TD), group('tdOtherDebug', debug), group('tdUnknown', unknown)]
}

/** The first 8 of 16 bytes are flags; the others are XFRM. */
export function sgxBits(hex: string): Bit[] {
  const set = setBits(hex.slice(0, 16))
  const known = SGX.map(([bit]) => bit)
  return [...told(set, SGX), { name: 'sgxOther', value: listOf(set.filter((bit) => !known.includes(bit))) }]
}

/** XCR0 and IA32_XSS (SDM volume 1, chapter 13). */
const FEATURES: ReadonlyMap<number, string> = new Map([
  ...([
    [0, 'x87'],
    [1, 'SSE'],
    [2, 'AVX'],
    [5, 'AVX-512'],
    [6, 'AVX-512'],
    [7, 'AVX-512'],
    [8, 'PT'],
  ] as const),
  ...([
    [9, 'PKU'],
    [10, 'PASID'],
    [11, 'CET user'],
    [12, 'CET kernel'],
    [14, 'UINTR'],
    [15, 'LBR'],
  ] as const),
  ...([
    [17, 'AMX'],
    [18, 'AMX'],
    [19, 'APX'],
  ] as const),
])

export function xfamNames(hex: string): string {
  const names = setBits(hex).map((bit) => FEATURES.get(bit) ?? `bit ${bit}`)
  return [...new Set(names)].join(', ')
}
