/** Independent checks are all made before anything is refused, so that an operator repairs everything in one go. */
import { type EvidenceCode, EvidenceError, type Reason } from './errors.ts'

export interface Findings {
  /** Notes `code` unless `holds`; returns `holds`. */
  check(holds: boolean, code: EvidenceCode, text: () => string): boolean
  /** Throws one EvidenceError with everything noted so far, if anything was. */
  refuse(): void
}

export function createFindings(): Findings {
  const noted: Reason<EvidenceCode>[] = []
  return {
    check(holds, code, text) {
      if (!holds) noted.push({ code, text: text() })
      return holds
    },
    refuse() {
      const [first, ...more] = noted
      if (first !== undefined) throw new EvidenceError(first.code, first.text, { more })
    },
  }
}
