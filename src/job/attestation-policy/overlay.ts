/**
 * A party's own rules beside the federation's. They can only make it harder: evidence has to satisfy the federation's
 * values and then the party's, and whatever an overlay allows in addition, the first of the two still refuses.
 */
import { parseWith } from '../spec.ts'
import { overlaySchema, type PolicyOverlay, type References } from './references.ts'

/** YAML of at most 1 MiB. Throws JobError ATTESTATION_OVERLAY_INVALID with every problem. */
export function parseOverlay(text: string, file: string): PolicyOverlay {
  return parseWith(overlaySchema, text, `attestation overlay ${file}`, 'ATTESTATION_OVERLAY_INVALID')
}

/** Evidence must satisfy every element. `simulated` is the federation's: no overlay makes a simulation real. */
export function withOverlay(values: References, overlay: PolicyOverlay): readonly References[] {
  return [
    values,
    {
      roots: overlay.roots ?? values.roots,
      simulated: values.simulated,
      tcbStatuses: overlay.tcbStatuses ?? values.tcbStatuses,
      advisories: overlay.advisories ?? values.advisories,
      minimumTcbEvaluation: overlay.minimumTcbEvaluation ?? values.minimumTcbEvaluation,
      maximumCollateralAge: overlay.maximumCollateralAge ?? values.maximumCollateralAge,
      programs: overlay.programs ?? values.programs,
    },
  ]
}
