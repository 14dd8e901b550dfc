/** What every check of one verification needs: the trusted roots, the time, signatures, the findings. */
import { type EvidenceCode, EvidenceError } from './errors.ts'
import { createFindings, type Findings } from './findings.ts'
import type { Memory } from './memory.ts'
import { createSignatures, type Signatures } from './signature.ts'
import { type Certificate, parseCertificate } from './x509/certificate.ts'
import { parsePemChain } from './x509/pem.ts'

export interface Verification extends Findings, Signatures {
  readonly roots: readonly Certificate[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** Notes `early` or `late` where the time is outside [from, to]. */
  within(from: number, to: number, early: EvidenceCode, late: EvidenceCode, what: string): void
}

/** Trusted roots: DER each, or PEM. */
export type Roots = readonly Uint8Array[] | readonly string[] | string

/** Throws EVIDENCE_ARGUMENT for a time that is none, or roots that are none. */
export function createVerification(roots: Roots, now: Date, memory: Memory): Verification {
  const time = now.getTime()
  if (Number.isNaN(time)) throw new EvidenceError('EVIDENCE_ARGUMENT', 'the time of verification is not a time')
  const findings = createFindings()
  return {
    ...findings,
    ...createSignatures(memory),
    roots: readRoots(roots, memory),
    now: time,
    within(from, to, early, late, what) {
      findings.check(time >= from, early, () => `${what} is valid from ${iso(from)}, verified at ${iso(time)}`)
      findings.check(time <= to, late, () => `${what} was valid until ${iso(to)}, verified at ${iso(time)}`)
    },
  }
}

const iso = (at: number): string => new Date(at).toISOString()

function readRoots(roots: Roots, memory: Memory): Certificate[] {
  const list = typeof roots === 'string' ? [roots] : roots
  if (list.length === 0) throw new EvidenceError('EVIDENCE_ARGUMENT', 'no trusted root was given')
  return list.flatMap((root) =>
    typeof root === 'string' ? memory.roots(root, parseRoots) : [parseCertificate(root, WHAT)],
  )
}

const WHAT = 'a trusted root'

/** Whoever gives roots that cannot be read has made a mistake, which is not the evidence's. */
function parseRoots(text: string): Certificate[] {
  try {
    return parsePemChain(text.trim(), 'the trusted roots', 16).map((der) => parseCertificate(der, WHAT))
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw new EvidenceError('EVIDENCE_ARGUMENT', cause.message, { cause })
  }
}
