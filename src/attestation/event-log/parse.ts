/**
 * The event log of a TD: the data area of the ACPI table CCEL, in the crypto-agile form of the TCG PC Client Platform
 * Firmware Profile (section 10): one event in the SHA-1 form that describes the log, then TCG_PCR_EVENT2 with one SHA-384
 * digest each, then an area that is all FF or all 00.
 */
import { EvidenceError } from '../errors.ts'
import { createReader, type Reader } from '../quote/reader.ts'

export interface LogEvent {
  /** CC measurement register: 1 to 4 are RTMR 0 to 3. */
  readonly register: number
  readonly type: number
  /** 48 bytes. */
  readonly digest: Uint8Array
  readonly data: Uint8Array
}

/** Firmware reserves 64 to 256 KiB for the log. */
export const MAXIMUM_LOG_BYTES = 4 * 2 ** 20
/** What is used of that area and travels with a quote: a large boot has 100 kB. */
export const MAXIMUM_SENT_LOG_BYTES = 256 * 1024
const MOST_EVENTS = 16_384
export const EV_NO_ACTION = 3
const SHA384 = 12

/** Throws EVIDENCE_EVENT_LOG_INVALID. */
export function parseEventLog(bytes: Uint8Array): LogEvent[] {
  if (bytes.length > MAXIMUM_LOG_BYTES) throw invalid(`${bytes.length} bytes, at most ${MAXIMUM_LOG_BYTES}`)
  try {
    const reader = createReader(bytes)
    readSpecification(reader)
    const events: LogEvent[] = []
    while (!endsAt(bytes, reader.at)) {
      if (events.length === MOST_EVENTS) throw invalid(`more than ${MOST_EVENTS} events`)
      events.push(readEvent(reader))
    }
    return events
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'EVIDENCE_QUOTE_TRUNCATED') throw invalid(error.message, error)
    throw error
  }
}

/** TCG_EfiSpecIDEvent, with SHA-384 as the only algorithm. */
function readSpecification(reader: Reader): void {
  reader.u32('register of the first event')
  const type = reader.u32('type of the first event')
  reader.bytes(20, 'digest of the first event')
  const data = createReader(reader.bytes(reader.u32('length of the first event'), 'first event'))
  const signature = Buffer.from(data.bytes(16, 'signature of the log')).toString('latin1')
  if (type !== EV_NO_ACTION || signature !== 'Spec ID Event03\0') throw invalid('no "Spec ID Event03" at its beginning')
  data.bytes(8, 'specification of the log')
  const algorithms = data.u32('number of digests')
  const [id, size] = [data.u16('digest algorithm'), data.u16('digest size')]
  if (algorithms !== 1 || id !== SHA384 || size !== 48) throw invalid('other digests than SHA-384')
  data.bytes(data.u8('length of vendor data'), 'vendor data')
  if (data.left > 0) throw invalid(`${data.left} bytes after its specification`)
}

function readEvent(reader: Reader): LogEvent {
  const register = reader.u32('register')
  const type = reader.u32('event type')
  const count = reader.u32('number of digests')
  const algorithm = reader.u16('digest algorithm')
  if (count !== 1 || algorithm !== SHA384) throw invalid(`an event at byte ${reader.at} without one SHA-384 digest`)
  const digest = reader.bytes(48, 'digest')
  const data = reader.bytes(reader.u32('length of event data'), 'event data')
  if (register > 4 || (register === 0 && type !== EV_NO_ACTION)) throw invalid(`an event for register ${register}`)
  return { register, type, digest, data }
}

/** The unused area is all FF (as firmware erases it) or all 00; anything else is another event. */
function endsAt(bytes: Uint8Array, at: number): boolean {
  const filler = bytes[at]
  if (filler === undefined) return true
  if (filler !== 0xff && filler !== 0) return false
  for (let i = at; i < bytes.length; i += 1) if (bytes[i] !== filler) return false
  return true
}

function invalid(found: string, cause?: unknown): EvidenceError {
  return new EvidenceError('EVIDENCE_EVENT_LOG_INVALID', `the event log: found ${found}`, { cause })
}
