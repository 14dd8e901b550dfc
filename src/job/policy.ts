/**
 * What a party lets jobs do with its data, and the judgement of one job by it. The policy is the party's own file; the
 * coordinator never sees it, only the reasons for a refusal.
 */
import * as z from 'zod'
import type { PolicyCode } from './errors.ts'
import { robustKinds } from './aggregation.ts'
import { type JobSpec, modelKinds, nameSchema, summations, taskKinds } from './schema.ts'
import { parseWith } from './spec.ts'

const columnName = z.string().min(1).max(128).meta({ expected: 'text of 1 to 128 characters' })

export const partyPolicySchema = z.strictObject({
  models: z.array(z.enum(modelKinds).describe('A model kind')).min(1).describe('Kinds of models that are trained'),
  tasks: z
    .array(z.enum(taskKinds).describe('A task kind'))
    .min(1)
    .default([...taskKinds])
    .describe('Kinds of tasks that are taken'),
  datasets: z
    .record(
      nameSchema,
      z.strictObject({
        columns: z
          .union([z.literal('*'), z.array(columnName).min(1).max(20_000)])
          .meta({ expected: "a list of column names, or '*' for every column" })
          .describe('Columns that jobs may read, id and label included; * for every column'),
        minimumRows: z.int().min(1).describe('Jobs are declined while the data set has fewer rows'),
      }),
    )
    .describe('The data sets that jobs may use, by name'),
  maximumRounds: z.int().min(1).max(10_000).describe('Most training rounds of one job'),
  maximumEpochs: z.int().min(1).max(1000).describe('Most local epochs in one round'),
  summations: z
    .array(z.enum(summations).describe('A summation'))
    .min(1)
    .default(['tee'])
    .describe("How this party's updates may be summed"),
  minimumParties: z
    .int()
    .min(2)
    .max(1024)
    .default(2)
    .describe("Least minimumParties of a job: among how many this party's update is hidden"),
  // Krum publishes one party's update as it is: a party must say that it may be its own.
  robust: z
    .array(z.enum(robustKinds).describe('A robust rule'))
    .min(1)
    .default(robustKinds.filter((kind) => kind !== 'krum'))
    .describe('Robust rules that jobs may use; krum shows the update of one party to everybody'),
  maximumEpsilon: z
    .number()
    .gt(0)
    .max(1000)
    .optional()
    .describe('Largest privacy budget of a job, which then must have one and withhold its metrics'),
})

export type PartyPolicy = z.infer<typeof partyPolicySchema>

/** Code, a colon, a space and the text fit into one of DecideRequest.reasons (500 characters). */
export interface PolicyReason {
  readonly code: PolicyCode
  readonly text: string
}

/** YAML, as text or UTF-8 bytes. Throws JobError POLICY_INVALID with every problem. */
export function parsePartyPolicy(input: string | Uint8Array): PartyPolicy {
  return parseWith(partyPolicySchema, input, 'party policy', 'POLICY_INVALID')
}

/**
 * Every reason to decline the job; none means accepted. `rows`: rows of the data set, where they are known already.
 * `party`: this party's name, to refuse a job that does not name it.
 */
export function judgeJob(spec: JobSpec, policy: PartyPolicy, rows?: number, party?: string): PolicyReason[] {
  return [
    ...nameReasons(spec, party),
    ...kindReasons(spec, policy),
    ...dataReasons(spec, policy, rows),
    ...limitReasons(spec, policy),
    ...privacyReasons(spec, policy),
  ]
}

function reason(code: PolicyCode, path: string, found: string, allowed: string): PolicyReason {
  return { code, text: `${path}: found ${found}, this party allows ${allowed}`.slice(0, 450) }
}

function nameReasons(spec: JobSpec, party: string | undefined): PolicyReason[] {
  if (party === undefined || spec.parties.includes(party)) return []
  return [reason('POLICY_PARTY_NOT_NAMED', 'parties', `no '${party}'`, 'only jobs that name it')]
}

function kindReasons({ model, task, summation, robust }: JobSpec, policy: PartyPolicy): PolicyReason[] {
  const reasons: PolicyReason[] = []
  if (!policy.models.includes(model.kind)) {
    reasons.push(reason('POLICY_MODEL', 'model.kind', model.kind, policy.models.join(', ')))
  }
  if (!policy.tasks.includes(task.kind)) {
    reasons.push(reason('POLICY_TASK', 'task.kind', task.kind, policy.tasks.join(', ')))
  }
  if (!policy.summations.includes(summation)) {
    reasons.push(reason('POLICY_SUMMATION', 'summation', summation, policy.summations.join(', ')))
  }
  if (!policy.robust.includes(robust.kind)) {
    reasons.push(reason('POLICY_ROBUST', 'robust.kind', robust.kind, policy.robust.join(', ')))
  }
  return reasons
}

function dataReasons({ data }: JobSpec, policy: PartyPolicy, rows: number | undefined): PolicyReason[] {
  // A name such as `constructor` is valid and must not be found on the object's prototype.
  const released = Object.hasOwn(policy.datasets, data.dataset) ? policy.datasets[data.dataset] : undefined
  if (released === undefined) {
    const names = Object.keys(policy.datasets).join(', ')
    return [reason('POLICY_DATASET', 'data.dataset', data.dataset, names === '' ? 'no data set' : names)]
  }
  const reasons = columnReasons(data, released.columns)
  if (rows !== undefined && rows < released.minimumRows) {
    reasons.push(
      reason('POLICY_ROWS', `data set ${data.dataset}`, `${rows} rows`, `jobs from ${released.minimumRows} rows on`),
    )
  }
  return reasons
}

/** Columns named in one reason: a job with thousands of foreign columns gets an answer of one line. */
const maximumNamed = 10

function columnReasons(data: JobSpec['data'], columns: '*' | readonly string[]): PolicyReason[] {
  if (columns === '*') return []
  const released = new Set(columns)
  const wanted = [
    { path: 'data.id', name: data.id },
    { path: 'data.label', name: data.label },
    ...data.features.map(({ name }, index) => ({ path: `data.features[${index}]`, name })),
  ]
  const foreign = wanted.filter(({ name }) => !released.has(name))
  const reasons = foreign
    .slice(0, maximumNamed)
    .map(({ path, name }) => reason('POLICY_COLUMN', path, `column '${name}'`, 'only the columns its policy lists'))
  if (foreign.length > maximumNamed) {
    const more = `${foreign.length - maximumNamed} more columns`
    reasons.push(reason('POLICY_COLUMN', 'data.features', more, 'only the columns its policy lists'))
  }
  return reasons
}

function limitReasons({ rounds, training }: JobSpec, policy: PartyPolicy): PolicyReason[] {
  const reasons: PolicyReason[] = []
  if (rounds.count > policy.maximumRounds) {
    reasons.push(reason('POLICY_ROUNDS', 'rounds.count', `${rounds.count}`, `at most ${policy.maximumRounds}`))
  }
  if (training.epochs > policy.maximumEpochs) {
    reasons.push(reason('POLICY_EPOCHS', 'training.epochs', `${training.epochs}`, `at most ${policy.maximumEpochs}`))
  }
  if (rounds.minimumParties < policy.minimumParties) {
    const found = `${rounds.minimumParties}`
    reasons.push(reason('POLICY_MINIMUM_PARTIES', 'rounds.minimumParties', found, `at least ${policy.minimumParties}`))
  }
  return reasons
}

function privacyReasons({ privacy }: JobSpec, { maximumEpsilon }: PartyPolicy): PolicyReason[] {
  if (maximumEpsilon === undefined) return []
  const allowed = `a budget of at most ${maximumEpsilon}`
  if (privacy === undefined) return [reason('POLICY_PRIVACY', 'privacy', 'nothing', allowed)]
  const reasons: PolicyReason[] = []
  if (privacy.budget > maximumEpsilon) {
    reasons.push(reason('POLICY_PRIVACY', 'privacy.budget', `${privacy.budget}`, `at most ${maximumEpsilon}`))
  }
  // Exact metrics are outside of the guarantee, and so would be the budget.
  if (privacy.metrics === 'exact') {
    reasons.push(reason('POLICY_PRIVACY', 'privacy.metrics', 'exact', 'withheld'))
  }
  return reasons
}
