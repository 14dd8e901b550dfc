/**
 * What the log proves. Replaying it proves the digests and their order: RTMR = SHA-384(RTMR || digest), from zero. It does
 * not prove the text beside a digest. Where the event type defines its digest as that of the event data, the data is
 * checked; for other types `proved` says whether it happens to be so, and unproved text is only what the log claims.
 */
import { createHash } from 'node:crypto'
import { equalBytes, toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import type { TdBody } from '../quote/body.ts'
import type { Verification } from '../verification.ts'
import { EV_NO_ACTION, type LogEvent } from './parse.ts'

export interface MeasuredEvent {
  readonly rtmr: 0 | 1 | 2 | 3
  readonly type: number
  /** 48 bytes, hexadecimal. */
  readonly digest: string
  readonly data: Uint8Array
  /** Whether the digest covers the data; if not, the data is no evidence. */
  readonly proved: boolean
}

/** Types whose digest is that of the event data (TCG PFP 1.06, table 14). */
const COVERED = new Map([
  [0x00000004, 'EV_SEPARATOR'],
  [0x80000001, 'EV_EFI_VARIABLE_DRIVER_CONFIG'],
  [0x80000006, 'EV_EFI_GPT_EVENT'],
  [0x80000007, 'EV_EFI_ACTION'],
  [0x8000000c, 'EV_EFI_VARIABLE_BOOT2'],
  [0x800000e0, 'EV_EFI_VARIABLE_AUTHORITY'],
])
/** Its digest is that of the variable's content alone. */
const EV_EFI_VARIABLE_BOOT = 0x80000002

const sha384 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha384')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** The values of RTMR 0 to 3 after the events, hexadecimal. */
export function replay(events: readonly LogEvent[]): [string, string, string, string] {
  const values: Uint8Array[] = [0, 1, 2, 3].map(() => new Uint8Array(48))
  for (const { register, type, digest } of events) {
    const before = values[register - 1]
    if (type !== EV_NO_ACTION && before !== undefined) values[register - 1] = sha384(before, digest)
  }
  const [rtmr0 = '', rtmr1 = '', rtmr2 = '', rtmr3 = ''] = values.map(toHex)
  return [rtmr0, rtmr1, rtmr2, rtmr3]
}

/** Notes EVIDENCE_EVENT_LOG_REPLAY for each register that differs, EVIDENCE_EVENT_LOG_TEXT for forged event data. */
export function verifyEventLog(run: Verification, events: readonly LogEvent[], body: TdBody): MeasuredEvent[] {
  const expected = [body.rtmr0, body.rtmr1, body.rtmr2, body.rtmr3]
  replay(events).forEach((value, at) => {
    const text = () => `RTMR${at}: the event log leads to ${value}, the quote has ${expected[at]}`
    run.check(value === expected[at], 'EVIDENCE_EVENT_LOG_REPLAY', text)
  })
  return events.flatMap((event, at) => {
    if (event.type === EV_NO_ACTION) return []
    const proved = isProved(event)
    const name = COVERED.get(event.type)
    const text = () => `event ${at}, ${name}: its digest is not that of its data`
    run.check(proved || name === undefined, 'EVIDENCE_EVENT_LOG_TEXT', text)
    return [{ rtmr: rtmrOf(event), type: event.type, digest: toHex(event.digest), data: event.data, proved }]
  })
}

function isProved({ type, digest, data }: LogEvent): boolean {
  if (equalBytes(sha384(data), digest)) return true
  if (type !== EV_EFI_VARIABLE_BOOT || data.length < 32) return false
  // UEFI_VARIABLE_DATA: GUID 16, name length u64 in characters of two bytes, data length u64, name, data.
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const name = Number(view.getBigUint64(16, true))
  return 32 + 2 * name <= data.length && equalBytes(sha384(data.subarray(32 + 2 * name)), digest)
}

function rtmrOf({ register }: LogEvent): 0 | 1 | 2 | 3 {
  if (register === 1) return 0
  if (register === 2) return 1
  if (register === 3) return 2
  if (register === 4) return 3
  throw new EvidenceError('EVIDENCE_EVENT_LOG_INVALID', `the event log: found an event for register ${register}`)
}
