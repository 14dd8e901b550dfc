/** What Intel wrote into a PCK certificate about the platform (SGX PCK Certificate and CRL profile, section 1.3.5). */
import { toHex } from '../../crypto/index.ts'
import { EvidenceError } from '../errors.ts'
import { type DerReader, onlyDer, readDer, smallInteger, TAG } from './der.ts'

export interface PlatformIdentity {
  /** Hexadecimal, 16, 6 and 2 bytes. */
  readonly ppid: string
  readonly fmspc: string
  readonly pceId: string
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  readonly sgxType: number
  /** 16 security version numbers, 0 to 255. */
  readonly components: readonly number[]
  readonly pceSvn: number
  readonly cpuSvn: string
}

/** 1.2.840.113741.1.13.1, the extension's own OID; its fields append one number, those of the TCB two. */
const BASE = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01)
const TCB = Uint8Array.of(...BASE, 2)

export function parseSgxExtension(content: Uint8Array): PlatformIdentity {
  const fields = readFields(onlyDer(content, TAG.sequence, WHAT).content, BASE)
  const octets = (number: number, length: number): string => {
    const value = onlyDer(field(fields, number), TAG.octetString, WHAT).content
    if (value.length !== length) throw invalid(`field ${number} of ${value.length} bytes, expected ${length}`)
    return toHex(value)
  }
  const tcb = readFields(onlyDer(field(fields, 2), TAG.sequence, WHAT).content, TCB)
  if (tcb.size !== 18) throw invalid(`${tcb.size} TCB fields, expected 18`)
  const svn = (number: number): number => smallInteger(onlyDer(field(tcb, number), TAG.integer, WHAT), WHAT)
  const components = Array.from({ length: 16 }, (_, i) => svn(i + 1))
  if (components.some((each) => each > 255)) throw invalid('a TCB component above 255')
  const cpuSvn = onlyDer(field(tcb, 18), TAG.octetString, WHAT).content
  if (cpuSvn.length !== 16) throw invalid(`a CPUSVN of ${cpuSvn.length} bytes, expected 16`)
  const [sgxType, extra] = onlyDer(field(fields, 5), TAG.enumerated, WHAT).content
  if (sgxType === undefined || extra !== undefined || sgxType > 2) throw invalid('an unknown SGX type')
  // Frozen, since a verdict shows this object and a memory keeps it.
  return Object.freeze({
    ...{ ppid: octets(1, 16), pceId: octets(3, 2), fmspc: octets(4, 6), sgxType },
    ...{ components: Object.freeze(components), pceSvn: svn(17), cpuSvn: toHex(cpuSvn) },
  })
}

const WHAT = 'the SGX extension of the PCK certificate'

/** number -> DER of the value. Fields beyond the known ones (.6 platform instance, .7 configuration) are kept unread. */
function readFields(content: Uint8Array, base: Uint8Array): Map<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>()
  const list = readDer(content, WHAT)
  while (!list.done) {
    const entry: DerReader = readDer(list.next(TAG.sequence).content, WHAT)
    const oid = entry.next(TAG.oid).content
    const number = oid[base.length] ?? 0x80
    if (oid.length !== base.length + 1 || number > 0x7f || !base.every((byte, at) => byte === oid[at])) {
      throw invalid(`field ${toHex(oid)}`)
    }
    if (fields.has(number)) throw invalid(`field ${number} twice`)
    fields.set(number, rest(entry))
  }
  return fields
}

const VALUES = [TAG.octetString, TAG.sequence, TAG.integer, TAG.enumerated] as const

function rest(entry: DerReader): Uint8Array {
  for (const tag of VALUES) {
    const value = entry.optional(tag)
    if (value === undefined) continue
    entry.end()
    return value.raw
  }
  throw invalid('a field without a value of a known kind')
}

function field(fields: ReadonlyMap<number, Uint8Array>, number: number): Uint8Array {
  const value = fields.get(number)
  if (value === undefined) throw invalid(`no field ${number}`)
  return value
}

function invalid(found: string): EvidenceError {
  return new EvidenceError('EVIDENCE_PCK_INVALID', `${WHAT}: found ${found}`)
}
