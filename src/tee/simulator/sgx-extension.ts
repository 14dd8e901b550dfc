/**
 * The extension of a PCK certificate that says which platform it belongs to and which TCB that platform had.
 * Intel SGX PCK Certificate and CRL Profile Specification 1.5, section 1.3.5. A fact that is `undefined` is left out.
 */
import * as der from './der.ts'

export const sgxExtensionOid = '1.2.840.113741.1.13.1'

export interface SgxFacts {
  ppid: Uint8Array
  /** 16 security version numbers, 0 to 255. */
  components: number[]
  pceSvn: number
  cpuSvn: Uint8Array
  pceId: Uint8Array | undefined
  fmspc: Uint8Array | undefined
  /** 0 standard (one package, Processor CA), 1 scalable (server, Platform CA). */
  sgxType: number
  /** Of multi-package platforms, which the Platform CA certifies. */
  platformInstance: Uint8Array | undefined
}

export function sgxExtensionValue(facts: SgxFacts): Uint8Array {
  return der.sequence(
    entry('1', der.octetString(facts.ppid)),
    entry('2', tcb(facts)),
    ...(facts.pceId === undefined ? [] : [entry('3', der.octetString(facts.pceId))]),
    ...(facts.fmspc === undefined ? [] : [entry('4', der.octetString(facts.fmspc))]),
    entry('5', der.enumerated(facts.sgxType)),
    ...(facts.platformInstance === undefined ? [] : platform(facts.platformInstance)),
  )
}

function tcb(facts: SgxFacts): Uint8Array {
  return der.sequence(
    ...facts.components.map((svn, index) => entry(`2.${index + 1}`, der.smallInteger(svn))),
    entry('2.17', der.smallInteger(facts.pceSvn)),
    entry('2.18', der.octetString(facts.cpuSvn)),
  )
}

/** Dynamic platform, cached keys, SMT enabled: all true, as on the servers of the clouds. */
function platform(instance: Uint8Array): Uint8Array[] {
  const configuration = der.sequence(...['7.1', '7.2', '7.3'].map((part) => entry(part, der.boolean(true))))
  return [entry('6', der.octetString(instance)), entry('7', configuration)]
}

function entry(suffix: string, value: Uint8Array): Uint8Array {
  return der.sequence(der.objectIdentifier(`${sgxExtensionOid}.${suffix}`), value)
}
