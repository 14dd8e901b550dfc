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
  const fields = new Fields(reader.bytes(SGX_BODY_BYTES, 'SGX report body'))
  const cpuSvn = fields.hex(16)
  const miscSelect = fields.hex(4)
  fields.skip(12)
  const isvExtendedProdId = fields.hex(16)
  const attributes = fields.hex(16)
  const mrEnclave = fields.hex(32)
  fields.skip(32)
  const mrSigner = fields.hex(32)
  fields.skip(32)
  const configId = fields.hex(64)
  const [isvProdId, isvSvn, configSvn] = [fields.u16(), fields.u16(), fields.u16()]
  fields.skip(42)
  const isvFamilyId = fields.hex(16)
  const reportData = fields.hex(64)
  const debug = (Number.parseInt(attributes.slice(0, 2), 16) & 0x02) !== 0
  return {
    ...{ kind: 'sgx', cpuSvn, miscSelect, attributes, debug, mrEnclave, mrSigner, configId },
    ...{ isvProdId, isvSvn, configSvn, isvExtendedProdId, isvFamilyId, reportData },
  }
}

/** 584 bytes, 648 with the two fields that TD 1.5 appends. Object fields are read in the order they are written. */
export function readTdBody(reader: Reader, kind: 'td10' | 'td15'): TdBody {
  const fields = new Fields(reader.bytes(TD_BODY_BYTES[kind], 'TD report body'))
  const body: TdBody = {
    kind,
    teeTcbSvn: fields.hex(16),
    mrSeam: fields.hex(48),
    mrSignerSeam: fields.hex(48),
    seamAttributes: fields.hex(8),
    tdAttributes: readTdAttributes(Buffer.from(fields.hex(8), 'hex')),
    xfam: fields.hex(8),
    mrTd: fields.hex(48),
    mrConfigId: fields.hex(48),
    mrOwner: fields.hex(48),
    mrOwnerConfig: fields.hex(48),
    rtmr0: fields.hex(48),
    rtmr1: fields.hex(48),
    rtmr2: fields.hex(48),
    rtmr3: fields.hex(48),
    reportData: fields.hex(64),
  }
  return kind === 'td10' ? body : { ...body, teeTcbSvn2: fields.hex(16), mrServiceTd: fields.hex(48) }
}

/** Fields one after the other; the hexadecimal of all bytes is made once and cut. */
class Fields {
  readonly #text: string
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#text = toHex(bytes)
  }

  hex(length: number): string {
    this.skip(length)
    return this.#text.slice(2 * (this.#at - length), 2 * this.#at)
  }

  /** Little-endian. */
  u16(): number {
    return Number.parseInt(this.hex(1), 16) + 256 * Number.parseInt(this.hex(1), 16)
  }

  skip(length: number): void {
    this.#at += length
  }
}
