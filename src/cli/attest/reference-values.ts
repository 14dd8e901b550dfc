/**
 * What a relying party accepts, from a file: reference values as YAML or JSON, or the attestation policy of a
 * federation, which counts only with the signatures that it asks for. Unknown keys are refused; nothing is implied.
 */
import type { ReferenceValues } from '../../attestation/index.ts'
import {
  aggregatorReferences,
  parseConfig,
  parseSignedPolicy,
  referenceValuesSchema,
  verifyPolicy,
} from '../../job/index.ts'

export interface Accepted {
  readonly values: ReferenceValues
  /** The trusted roots of a policy, PEM each; plain reference values bring none. */
  readonly roots?: readonly string[]
}

/** Throws JobError CONFIG_INVALID with every problem, or ATTESTATION_POLICY_... for a policy. */
export function readReferenceValues(text: string, file: string): Accepted {
  if (!isSignedPolicy(text)) return { values: parseConfig(referenceValuesSchema, text, file) }
  const signed = parseSignedPolicy(text, file)
  return aggregatorReferences(verifyPolicy(signed, { federation: signed.policy.federation }))
}

/** JSON with signatures; everything else is read, and if need be refused, as plain reference values. */
function isSignedPolicy(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'signatures' in value
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
