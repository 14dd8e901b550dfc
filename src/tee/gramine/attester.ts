/**
 * Quotes of an SGX enclave under Gramine, by its pseudo-files: what is written to user_report_data is in the next quote
 * that is read. Both belong to the process, so requests take turns; the quote is looked at before it is used.
 */
import { type Attester, requireReportData } from '../attester.ts'
import type { Devices } from '../devices.ts'
import { TeeError } from '../errors.ts'
import { readOwnQuote } from '../own-quote.ts'
import { step } from '../step.ts'
import { inTurn, type QuoteTimes } from '../turns.ts'

export const GRAMINE_DIRECTORY = '/dev/attestation'
const name = 'SGX by Gramine'
const MOST_TYPE_BYTES = 32
/** Gramine's own bound is 8,192. */
const MOST_QUOTE_BYTES = 65_536

export function createGramineAttester(devices: Devices, times: QuoteTimes = {}): Attester {
  const read = (file: string, most: number): Promise<Uint8Array> => device(file, (path) => devices.read(path, most))
  const once = async (asked: Uint8Array): Promise<Uint8Array> => {
    requireDcap(Buffer.from(await read('attestation_type', MOST_TYPE_BYTES)).toString('latin1'))
    await device('user_report_data', (path) => devices.write(path, asked))
    const quote = await read('quote', MOST_QUOTE_BYTES)
    readOwnQuote(name, quote, 'sgx', asked)
    return quote
  }
  return {
    name,
    async quote(reportData, signal) {
      requireReportData(reportData)
      const asked = Uint8Array.from(reportData)
      return inTurn(name, () => once(asked), signal, times)
    },
  }
}

/** What Gramine says when the quoting enclave cannot be reached is EPERM, which is not about this program's rights. */
function device<T>(file: string, run: (path: string) => Promise<T>): Promise<T> {
  const path = `${GRAMINE_DIRECTORY}/${file}`
  return step(path, () => run(path), {
    ENOENT: 'TEE_NOT_FOUND',
    ENOTDIR: 'TEE_NOT_FOUND',
    EPERM: 'TEE_DEVICE_FAILED',
    EACCES: 'TEE_DEVICE_FAILED',
  })
}

function requireDcap(type: string): void {
  if (type.trim() === 'dcap') return
  const text = `${GRAMINE_DIRECTORY}/attestation_type: found ${JSON.stringify(type.trim())}, expected "dcap"`
  throw new TeeError('TEE_GRAMINE_TYPE', text)
}
