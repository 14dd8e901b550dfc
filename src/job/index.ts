/**
 * What is to be done, and whether a party lets it: job spec and party policy, from text to checked values; the job
 * digest; the judgement of a job by a policy. The attestation policy of a federation, signed by its organisations. Also
 * the reader of every program's configuration file.
 * Wrong text is a JobError that lists all problems with path, value found, value expected and line.
 */
export { judgePolicy, type PolicyExpectation, verifyPolicy } from './attestation-policy/judgement.ts'
export { parseOverlay, withOverlay } from './attestation-policy/overlay.ts'
export { keyFingerprint, type PolicyRoot, publicKeyOf, publicKeyPem, rootOf } from './attestation-policy/pem.ts'
export {
  aggregatorReferences,
  type AttestationPolicy,
  parseSignedPolicy,
  policyDigest,
  policyFormat,
  type SignedPolicy,
  signedPolicyText,
} from './attestation-policy/policy.ts'
export {
  type PolicyOverlay,
  type PolicyProgram,
  type References,
  referenceValuesSchema,
  type RoleReferences,
  roleReferencesSchema,
} from './attestation-policy/references.ts'
export { signersOf, signPolicy } from './attestation-policy/signatures.ts'
export {
  AttestationPolicyError,
  type JobCode,
  JobError,
  jobErrors,
  type PolicyCode,
  type PolicyRefusal,
  policyReasons,
} from './errors.ts'
export type { LayerSpec } from './layers.ts'
export { judgeJob, type PartyPolicy, type PolicyReason, parsePartyPolicy } from './policy.ts'
export type { Problem } from './problems.ts'
export { specReference } from './reference.ts'
export {
  type CompressionSpec,
  type DataContract,
  type FeatureColumn,
  type JobSpec,
  type ModelKind,
  type ModelSpec,
  nameSchema,
  type PrivacySpec,
  type RobustSpec,
  type StrategySpec,
  type Summation,
  type TaskKind,
  type TaskSpec,
  type TrainingSpec,
} from './schema.ts'
export { canonicalSpec, jobDigest, parseConfig, parseJobSpec, readCanonicalSpec, readJobSpec } from './spec.ts'
