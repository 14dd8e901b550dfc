/** Quotes of a TDX VM: the driver tdx-guest behind configfs-tsm, which asks the host's quote generation service. */
import { type Attester, requireReportData } from '../attester.ts'
import type { Devices } from '../devices.ts'
import { readEventLog } from '../event-log.ts'
import { readOwnQuote } from '../own-quote.ts'
import { inTurn, type QuoteTimes } from '../turns.ts'
import { requestReport } from './entry.ts'

export interface TdxOptions extends QuoteTimes {
  /** What this program put into RTMR3 at its start, 48 bytes: firmware cannot have logged it, so the log tells it. */
  readonly extended?: Uint8Array
}

const name = 'TDX by configfs-tsm'

/** Quotes are padded with zeros on some clouds, which is part of them. */
export function createTdxAttester(devices: Devices, options: TdxOptions = {}): Attester {
  return {
    name,
    async quote(reportData, signal) {
      requireReportData(reportData)
      const asked = Uint8Array.from(reportData)
      const once = async (within: AbortSignal): Promise<Uint8Array> => {
        const { outblob } = await requestReport(devices, 'tdx', asked, within)
        readOwnQuote(name, outblob, 'tdx', asked)
        return outblob
      }
      return inTurn(name, once, signal, options)
    },
    async eventLog(signal) {
      signal.throwIfAborted()
      return readEventLog(devices, options.extended)
    },
  }
}
