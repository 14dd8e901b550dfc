/** UTCTime and GeneralizedTime as RFC 5280, section 4.1.2.5 restricts them: whole seconds, Zulu, years 1950 to 9999. */
import { EvidenceError } from '../errors.ts'
import { type DerReader, TAG } from './der.ts'

/** Milliseconds since 1970. */
export function readTime(reader: DerReader, what: string): number {
  const utc = reader.optional(TAG.utcTime)
  const value = utc ?? reader.next(TAG.generalizedTime)
  const text = Buffer.from(value.content).toString('latin1')
  const parts = (utc ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(
    text,
  )
  if (parts === null) throw new EvidenceError('EVIDENCE_DER_INVALID', `${what}: found time ${JSON.stringify(text)}`)
  const [year = 0, month = 0, ...rest] = parts.slice(1).map(Number)
  const [day = 0, hour = 0, minute = 0, second = 0] = rest
  const full = utc ? (year < 50 ? 2000 + year : 1900 + year) : year
  const time = new Date(0)
  time.setUTCFullYear(full, month - 1, day)
  time.setUTCHours(hour, minute, second)
  const same = time.getUTCMonth() === month - 1 && time.getUTCDate() === day && time.getUTCSeconds() === second
  if (!same || time.getUTCHours() !== hour || time.getUTCMinutes() !== minute) {
    throw new EvidenceError('EVIDENCE_DER_INVALID', `${what}: found time ${text}, which does not exist`)
  }
  return time.getTime()
}
