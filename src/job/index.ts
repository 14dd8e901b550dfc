/**
 * What is to be done, and whether a party lets it: job spec and party policy, from text to checked values; the job
 * digest; the judgement of a job by a policy. Also the reader of every program's configuration file.
 * Wrong text is a JobError that lists all problems with path, value found, value expected and line.
 */
export { type JobCode, JobError, jobErrors, type PolicyCode, policyReasons } from './errors.ts'
export type { LayerSpec } from './layers.ts'
export { judgeJob, type PartyPolicy, type PolicyReason, parsePartyPolicy } from './policy.ts'
export type { Problem } from './problems.ts'
export { specReference } from './reference.ts'
export {
  type DataContract,
  type FeatureColumn,
  type JobSpec,
  type ModelKind,
  type ModelSpec,
  nameSchema,
  type StrategySpec,
  type Summation,
  type TaskKind,
  type TaskSpec,
  type TrainingSpec,
} from './schema.ts'
export { canonicalSpec, jobDigest, parseConfig, parseJobSpec, readCanonicalSpec, readJobSpec } from './spec.ts'
