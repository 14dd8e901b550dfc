/**
 * What firmware, loader and kernel of a TDX VM measured: ACPI table CCEL (ACPI 6.5, section 5.2.34) names the length, and
 * Linux shows the log itself as the table's data. The unused end of the area, 64 to 256 KiB, is cut off; what this
 * program put into RTMR3 is appended, because the firmware's log cannot know it and a replay would miss it.
 */
import { EvidenceError, type LogEvent, MAXIMUM_SENT_LOG_BYTES, parseEventLog } from '../attestation/index.ts'
import { type Devices, systemCode } from './devices.ts'
import { TeeError } from './errors.ts'
import { step } from './step.ts'

export const CCEL_TABLE = '/sys/firmware/acpi/tables/CCEL'
const CCEL_DATA = '/sys/firmware/acpi/tables/data/CCEL'
const TABLE_BYTES = 56
const TDX = 2
/** Firmware reserves up to 256 KiB. */
const MOST_LOG_BYTES = 4 * 2 ** 20

/**
 * The log as `parseEventLog` reads it; no bytes where the firmware keeps none. `extended`: the digest that this program
 * put into RTMR3, 48 bytes. Throws TeeError TEE_EVENT_LOG_UNUSABLE, TEE_PERMISSION, TEE_DEVICE_FAILED.
 */
export async function readEventLog(devices: Devices, extended?: Uint8Array): Promise<Uint8Array> {
  const table = await step(CCEL_TABLE, () => readTable(devices))
  if (table === undefined) return new Uint8Array(0)
  const length = logLength(table)
  const absent = { ENOENT: 'TEE_EVENT_LOG_UNUSABLE', ENOTDIR: 'TEE_EVENT_LOG_UNUSABLE' } as const
  const log = await step(CCEL_DATA, () => devices.read(CCEL_DATA, length), absent)
  if (log.length !== length) throw unusable(`${CCEL_DATA}: found ${log.length} bytes, the table says ${length}`)
  const used = log.subarray(0, usedBytes(log, parse(log)))
  const all = new Uint8Array(extended === undefined ? used : Buffer.concat([used, extensionEvent(extended)]))
  // Every party would refuse the answer as malformed; here it can still be said why.
  if (all.length <= MAXIMUM_SENT_LOG_BYTES) return all
  throw unusable(`${CCEL_DATA}: found events of ${all.length} bytes, at most ${MAXIMUM_SENT_LOG_BYTES} travel`)
}

async function readTable(devices: Devices): Promise<Uint8Array | undefined> {
  try {
    return await devices.read(CCEL_TABLE, TABLE_BYTES)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** Signature at 0, table length at 4, kind of TEE at 36, length of the log at 40. */
function logLength(table: Uint8Array): number {
  if (table.length !== TABLE_BYTES)
    throw unusable(`${CCEL_TABLE}: found ${table.length} bytes, expected ${TABLE_BYTES}`)
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const signature = Buffer.from(table.subarray(0, 4)).toString('latin1')
  if (signature !== 'CCEL' || view.getUint32(4, true) !== TABLE_BYTES || view.getUint8(36) !== TDX) {
    throw unusable(`${CCEL_TABLE}: it does not describe the event log of a TDX VM`)
  }
  const length = view.getBigUint64(40, true)
  if (length > 0n && length <= BigInt(MOST_LOG_BYTES)) return Number(length)
  throw unusable(`${CCEL_TABLE}: found a log of ${length} bytes, expected 1 to ${MOST_LOG_BYTES}`)
}

function parse(log: Uint8Array): LogEvent[] {
  try {
    return parseEventLog(log)
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw unusable(`${CCEL_DATA}: ${cause.message}`, cause)
  }
}

/** The first event is in the SHA-1 form, 32 bytes and its data; each other has 66 bytes and its data. */
function usedBytes(log: Uint8Array, events: readonly LogEvent[]): number {
  const first = 32 + new DataView(log.buffer, log.byteOffset, log.byteLength).getUint32(28, true)
  return events.reduce((sum, { data }) => sum + 66 + data.length, first)
}

/** EV_IPL: what a loader measures. Its text is for people; no verifier takes it for evidence. */
const EV_IPL = 0x0d
const RTMR3 = 4
const SHA384 = 12

/** TCG_PCR_EVENT2: register, type, one digest, length of the data, data. */
function extensionEvent(digest: Uint8Array): Uint8Array {
  const data = Buffer.from('coffer aggregator', 'latin1')
  const head = Buffer.alloc(14)
  head.writeUInt32LE(RTMR3, 0)
  head.writeUInt32LE(EV_IPL, 4)
  head.writeUInt32LE(1, 8)
  head.writeUInt16LE(SHA384, 12)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(data.length)
  return Buffer.concat([head, digest, length, data])
}

function unusable(text: string, cause?: unknown): TeeError {
  return new TeeError('TEE_EVENT_LOG_UNUSABLE', text, { cause })
}
