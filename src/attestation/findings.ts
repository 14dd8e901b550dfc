/** Independent checks are all made before anything is refused, so that an operator repairs everything in one go. */
import { type EvidenceCode, EvidenceError, type Reason } from './errors.ts'

export interface Findings {
  /** Notes `code` unless `holds`; returns `holds`. */
  check(holds: boolean, code: EvidenceCode, text: () => string): boolean
  /** Throws one EvidenceError with what was noted so far, the first 100, if anything was. */
  refuse(): void
}

/** An event log can be wrong in 16,384 places, and nobody reads more than the first of them. */
const MOST_FINDINGS = 100

export function createFindings(): Findings {
  const noted: Reason<EvidenceCode>[] = []
  return {
    check(holds, code, text) {
      if (!holds && noted.length < MOST_FINDINGS) noted.push({ code, text: text() })
      return holds
    },
    refuse() {
      const [first, ...more] = noted
      if (first !== undefined) throw new EvidenceError(first.code, first.text, { more })
    },
  }
}
