/** A whole explanation: what it says at the top, as an object for scripts, and the sections that all evidence has. */
import { collateralErrors } from '../../../../parties/index.ts'
import { appraisalErrors, evidenceErrors, type Reason, sessionErrors } from '../../../attestation/index.ts'
import type { ErrorRow } from '../../../errors/index.ts'
import { collateralSections } from './collateral.ts'
import { eventLogSections } from './event-log.ts'
import type { Section } from './field.ts'
import type { Judgement } from './judgement.ts'
import { platformSections } from './platform.ts'
import { quoteSections } from './program.ts'

export interface Explanation {
  readonly kind: 'record' | 'quote'
  /** `genuine`: no policy was given; `claims`: nothing was verified. */
  readonly outcome: 'accepted' | 'refused' | 'genuine' | 'claims'
  readonly simulated: boolean
  /** The first lines for people. */
  readonly summary: readonly string[]
  readonly reasons: readonly Reason[]
  /** What was recorded, and where the record contradicts its own content. */
  readonly recorded?: { readonly outcome: string; readonly disagreements: readonly string[] }
  readonly sections: readonly Section[]
}

export const evidenceSections = (judgement: Judgement): Section[] => [
  ...quoteSections(judgement),
  ...platformSections(judgement),
  ...collateralSections(judgement),
  ...eventLogSections(judgement),
]

const rows: ReadonlyMap<string, ErrorRow> = new Map(
  Object.entries({ ...evidenceErrors, ...appraisalErrors, ...sessionErrors, ...collateralErrors }),
)

/** What a code means and what to do, where this program knows it. */
export const rowOf = (code: string): ErrorRow | undefined => rows.get(code)

export const agrees = ({ recorded }: Explanation): boolean => (recorded?.disagreements ?? []).length === 0

/** The form of --json. `ok` is null where nothing was judged. */
export function jsonOf(explanation: Explanation): object {
  const { kind, outcome, simulated, reasons, recorded, sections } = explanation
  const good = (outcome === 'accepted' || outcome === 'genuine') && agrees(explanation)
  return {
    ...{ kind, ok: outcome === 'claims' ? null : good, outcome, simulated },
    ...(recorded && { recorded: recorded.outcome, agrees: agrees(explanation), disagreements: recorded.disagreements }),
    reasons: reasons.map(({ code, text }) => ({ code, text, next: rowOf(code)?.next ?? null })),
    sections,
  }
}
