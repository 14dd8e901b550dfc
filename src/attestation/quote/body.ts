/**
 * What a quote says about the program: an SGX report body (SDM volume 3D, REPORT) or a TD report body (TDX module
 * specification, TDREPORT). Every field is kept; byte strings are lower-case hexadecimal in the order of the quote.
 */
import { toHex } from '../../crypto/index.ts'
import { readTdAttributes, type TdAttributes } from './attributes.ts'
import type { Reader } from './reader.ts'

export interface SgxBody {
  readonly kind: 'sgx'
  readonly cpuSvn: string
  readonly miscSelect: string
  readonly attributes: string
  readonly debug: boolean
  readonly mrEnclave: string
  readonly mrSigner: string
  readonly configId: string
  readonly isvProdId: number
  readonly isvSvn: number
  readonly configSvn: number
  readonly isvExtendedProdId: string
  readonly isvFamilyId: string
  readonly reportData: string
}

export interface TdBody {
  readonly kind: 'td10' | 'td15'
  readonly teeTcbSvn: string
  readonly mrSeam: string
  readonly mrSignerSeam: string
  readonly seamAttributes: string
  readonly tdAttributes: TdAttributes
  readonly xfam: string
  readonly mrTd: string
  readonly mrConfigId: string
  readonly mrOwner: string
  readonly mrOwnerConfig: string
  readonly rtmr0: string
  readonly rtmr1: string
  readonly rtmr2: string
  readonly rtmr3: string
  readonly reportData: string
  /** TD 1.5 only: the SVNs of the module that runs now (teeTcbSvn: at launch), and the service TD bound to this one. */
  readonly teeTcbSvn2?: string
  readonly mrServiceTd?: string
}

export type Body = SgxBody | TdBody

export const SGX_BODY_BYTES = 384
export const TD_BODY_BYTES = { td10: 584, td15: 648 } as const

/** 384 bytes; reserved fields are covered by the signature and not interpreted. */
export function readSgxBody(reader: Reader): SgxBody {
  const hex = (length: number): string => toHex(reader.bytes(length, 'SGX report body'))
  const u16 = (): number => reader.u16('SGX report body')
  const cpuSvn = hex(16)
  const miscSelect = hex(4)
  reader.bytes(12, 'SGX report body')
  const isvExtendedProdId = hex(16)
  const attributes = hex(16)
  const mrEnclave = hex(32)
  reader.bytes(32, 'SGX report body')
  const mrSigner = hex(32)
  reader.bytes(32, 'SGX report body')
  const configId = hex(64)
  const [isvProdId, isvSvn, configSvn] = [u16(), u16(), u16()]
  reader.bytes(42, 'SGX report body')
  const isvFamilyId = hex(16)
  const reportData = hex(64)
  const debug = (Number.parseInt(attributes.slice(0, 2), 16) & 0x02) !== 0
  return {
    ...{ kind: 'sgx', cpuSvn, miscSelect, attributes, debug, mrEnclave, mrSigner, configId },
    ...{ isvProdId, isvSvn, configSvn, isvExtendedProdId, isvFamilyId, reportData },
  }
}

/** 584 bytes, 648 with the two fields that TD 1.5 appends. Object fields are read in the order they are written. */
export function readTdBody(reader: Reader, kind: 'td10' | 'td15'): TdBody {
  const hex = (length: number): string => toHex(reader.bytes(length, 'TD report body'))
  const body: TdBody = {
    kind,
    teeTcbSvn: hex(16),
    mrSeam: hex(48),
    mrSignerSeam: hex(48),
    seamAttributes: hex(8),
    tdAttributes: readTdAttributes(reader.bytes(8, 'TD report body')),
    xfam: hex(8),
    mrTd: hex(48),
    mrConfigId: hex(48),
    mrOwner: hex(48),
    mrOwnerConfig: hex(48),
    rtmr0: hex(48),
    rtmr1: hex(48),
    rtmr2: hex(48),
    rtmr3: hex(48),
    reportData: hex(64),
  }
  return kind === 'td10' ? body : { ...body, teeTcbSvn2: hex(16), mrServiceTd: hex(48) }
}
