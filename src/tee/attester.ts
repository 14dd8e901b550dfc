/**
 * Where evidence comes from. One small file per platform implements this; the program that is attested knows only this
 * interface and is given an implementation when it starts.
 */
import { TeeError } from './errors.ts'

export interface Attester {
  /** The platform in words, for logs and reports: 'simulated tdx-v4'. */
  readonly name: string
  /**
   * A fresh quote over exactly 64 bytes of report data. Throws TeeError TEE_REPORT_DATA_LENGTH, the signal's reason once
   * it is aborted, and the platform's own TeeErrors.
   */
  quote(reportData: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** What firmware and kernel measured, as `parseEventLog` reads it; no bytes where there is none. TDX only. */
  eventLog?(signal: AbortSignal): Promise<Uint8Array>
}

/** Length of REPORTDATA in SGX reports and TD reports alike (Intel SDM volume 3D, REPORTDATA structure). */
export const REPORT_DATA_BYTES = 64

/** Refuses report data of another length: a platform would pad or cut it, and the binding would then mean less. */
export function requireReportData(reportData: Uint8Array): void {
  if (reportData.length === REPORT_DATA_BYTES) return
  throw new TeeError(
    'TEE_REPORT_DATA_LENGTH',
    `report data: found ${reportData.length} bytes, expected ${REPORT_DATA_BYTES}`,
  )
}
