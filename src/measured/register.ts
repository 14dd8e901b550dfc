/**
 * The program's digest in RTMR3, a first quote and the event log, before anybody is let in: an aggregator that cannot
 * be attested must fail here, under the eyes of whoever starts it, and not at the first bank.
 *
 * In a TDX VM the digest of the bundle is extended into RTMR3, so that evidence names the program and not only the
 * machine. Where that is not possible the program says so and goes on: what a party accepts is in its policy, which
 * sees the register as it is.
 *
 * What this proves: a program reports itself, so RTMR3 is worth as much as what was measured before it (firmware in
 * MRTD and RTMR0, kernel, command line and image in RTMR1 and RTMR2). It tells apart the programs that an honest image
 * may run; that the image is honest, the other registers say.
 */
import { parseQuote } from '../attestation/index.ts'
import { fromHex, toHex } from '../crypto/index.ts'
import type { Log } from '../rpc/index.ts'
import {
  type Attester,
  type Devices,
  extendRtmr3,
  openAttester,
  REPORT_DATA_BYTES,
  rtmr3After,
  TeeError,
} from '../tee/index.ts'
import type { ProgramDigests } from './digest.ts'
import { CONNECT_MS } from '../timeouts/index.ts'

/**
 * The kernel gives up on a quote after 30 s, and an attester tries again where that helps; then something is broken.
 */
const START_MS = CONNECT_MS

export interface Measurement {
  readonly tee: 'auto' | 'tdx' | 'occlum' | 'gramine'
  readonly devices: Devices
  readonly program: ProgramDigests
  readonly log: Log
}

/** An attester that has given all it will be asked for. Throws TeeError, and EvidenceError where what it gave is no quote. */
export async function openMeasured({ tee, devices, program, log }: Measurement): Promise<Attester> {
  const signal = AbortSignal.timeout(START_MS)
  const holds = (tee === 'tdx' || tee === 'auto') && (await extend({ tee, devices, program, log }, signal))
  const extended = holds ? fromHex(program.sha384) : undefined
  const attester = await openAttester(tee, devices, extended === undefined ? {} : { extended })
  const { body } = parseQuote(await attester.quote(new Uint8Array(REPORT_DATA_BYTES), signal))
  await attester.eventLog?.(signal)
  if (body.kind === 'sgx') {
    const { mrEnclave, mrSigner, isvProdId, isvSvn } = body
    log.info({ tee: attester.name, mrEnclave, mrSigner, isvProdId, isvSvn }, 'evidence is available')
    return attester
  }
  const { mrTd, rtmr0, rtmr1, rtmr2, rtmr3 } = body
  log.info({ tee: attester.name, mrTd, rtmr0, rtmr1, rtmr2, rtmr3 }, 'evidence is available')
  const expected = toHex(rtmr3After(fromHex(program.sha384)))
  if (rtmr3 !== expected) {
    const message = 'RTMR3 does not name this program: a policy that lists its value refuses this aggregator'
    log.warn({ rtmr3, expected }, message)
  }
  return attester
}

/** Whether RTMR3 holds the digest now. In SGX there is no such register, which is nothing to warn of. */
async function extend({ tee, devices, program, log }: Measurement, signal: AbortSignal): Promise<boolean> {
  try {
    const { done } = await extendRtmr3(devices, fromHex(program.sha384), signal)
    const message =
      done === 'extended' ? 'RTMR3 was extended' : 'RTMR3 was extended by an earlier start of this program'
    log.info({ digest: program.sha384 }, message)
    return true
  } catch (error) {
    if (!(error instanceof TeeError)) throw error
    const level = tee === 'auto' && error.code === 'TEE_RTMR_ABSENT' ? 'info' : 'warn'
    log[level]({ code: error.code, next: error.row.next }, `RTMR3 was not extended: ${error.message}`)
    return false
  }
}
