/**
 * Where each field of a quote lies: Intel's "ECDSA Quote Library API" (SGX, appendix A.4) and "TDX DCAP Quoting Library
 * API" (appendix A.3), offsets and lengths in bytes. Fields that nobody names are zero.
 */
import { TeeError } from '../errors.ts'

export interface Layout {
  readonly size: number
  readonly fields: Readonly<Record<string, readonly [offset: number, length: number]>>
}

export type Values = Readonly<Record<string, Uint8Array>>

export const headerLayout = {
  size: 48,
  fields: {
    version: [0, 2],
    keyType: [2, 2],
    teeType: [4, 4],
    qeSvn: [8, 2],
    pceSvn: [10, 2],
    vendor: [12, 16],
    userData: [28, 20],
  },
} as const satisfies Layout

/** An SGX report: the body of a v3 quote, and the report of the quoting enclave in every quote. */
export const sgxLayout = {
  size: 384,
  fields: {
    cpuSvn: [0, 16],
    miscSelect: [16, 4],
    attributes: [48, 16],
    mrEnclave: [64, 32],
    mrSigner: [128, 32],
    configId: [192, 64],
    isvProdId: [256, 2],
    isvSvn: [258, 2],
    configSvn: [260, 2],
    isvFamilyId: [304, 16],
    reportData: [320, 64],
  },
} as const satisfies Layout

export const td10Layout = {
  size: 584,
  fields: {
    teeTcbSvn: [0, 16],
    mrSeam: [16, 48],
    mrSignerSeam: [64, 48],
    seamAttributes: [112, 8],
    tdAttributes: [120, 8],
    xfam: [128, 8],
    mrTd: [136, 48],
    mrConfigId: [184, 48],
    mrOwner: [232, 48],
    mrOwnerConfig: [280, 48],
    rtmr0: [328, 48],
    rtmr1: [376, 48],
    rtmr2: [424, 48],
    rtmr3: [472, 48],
    reportData: [520, 64],
  },
} as const satisfies Layout

export const td15Layout = {
  size: 648,
  fields: { ...td10Layout.fields, teeTcbSvn2: [584, 16], mrServiceTd: [600, 48] },
} as const satisfies Layout

/** Throws TeeError TEE_SIMULATOR_OPTION for a value whose name or length the layout does not have. */
export function pack(layout: Layout, values: Values): Uint8Array {
  const packed = new Uint8Array(layout.size)
  for (const [field, value] of Object.entries(values)) {
    const [offset, length] = layout.fields[field] ?? [0, undefined]
    if (value.length !== length) {
      const expected =
        length === undefined ? `one of ${Object.keys(layout.fields).join(', ')}` : `${length} bytes for ${field}`
      throw new TeeError('TEE_SIMULATOR_OPTION', `found field ${field} of ${value.length} bytes, expected ${expected}`)
    }
    packed.set(value, offset)
  }
  return packed
}
