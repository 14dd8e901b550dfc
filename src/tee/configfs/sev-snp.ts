/**
 * Evidence of an AMD SEV-SNP VM by configfs-tsm: the attestation report (AMD 56860, table 23) and the certificates that
 * the host gave with it. Collecting is all there is: nothing in this product verifies such a report, so it is no
 * attester, and no policy can accept it.
 */
import { requireReportData } from '../attester.ts'
import type { Devices } from '../devices.ts'
import { TeeError } from '../errors.ts'
import { requireAsked } from '../own-quote.ts'
import { inTurn, type QuoteTimes } from '../turns.ts'
import { requestReport } from './entry.ts'

export interface SevSnpEvidence {
  /** 1,184 bytes: report_data at 0x50, measurement at 0x90, ECDSA P-384 signature at 0x2a0. */
  readonly report: Uint8Array
  /** A table of GUIDs, offsets and lengths, then the certificates; empty where the host gave none. */
  readonly certificates: Uint8Array
}

const name = 'SEV-SNP by configfs-tsm'
const REPORT_BYTES = 1184
const REPORT_DATA_AT = 0x50

/** Throws the TeeErrors of `requestReport`, TEE_QUOTE_SHORT, TEE_QUOTE_UNUSABLE, TEE_QUOTE_STALE, TEE_QUOTE_TIMEOUT. */
export async function collectSevSnp(
  devices: Devices,
  reportData: Uint8Array,
  signal: AbortSignal,
  times: QuoteTimes = {},
): Promise<SevSnpEvidence> {
  requireReportData(reportData)
  const asked = Uint8Array.from(reportData)
  const once = async (within: AbortSignal): Promise<SevSnpEvidence> => {
    const { outblob, auxblob } = await requestReport(devices, 'sev-snp', asked, within)
    requireLength(outblob.length)
    requireAsked(name, outblob.subarray(REPORT_DATA_AT, REPORT_DATA_AT + asked.length), asked)
    return { report: outblob, certificates: auxblob ?? new Uint8Array(0) }
  }
  return inTurn(name, once, signal, times)
}

function requireLength(length: number): void {
  if (length === REPORT_BYTES) return
  const code = length < REPORT_BYTES ? 'TEE_QUOTE_SHORT' : 'TEE_QUOTE_UNUSABLE'
  throw new TeeError(code, `${name}: found a report of ${length} bytes, expected ${REPORT_BYTES}`)
}
