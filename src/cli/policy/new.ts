/**
 * `policy new`: from what people write (YAML, with keys and certificates as names of files) to the policy that
 * organisations sign. The next version takes from the one before what the YAML leaves out.
 */
import { dirname, resolve } from 'node:path'
import * as z from 'zod'
import { intelSgxRootPem } from '../../attestation/index.ts'
import {
  type AttestationPolicy,
  nameSchema,
  parseConfig,
  parseSignedPolicy,
  policyDigest,
  policyFormat,
  roleReferencesSchema,
  type SignedPolicy,
  signedPolicyText,
} from '../../job/index.ts'
import { CliError } from '../errors.ts'
import { exits } from '../exit.ts'
import { readText, writeNew } from '../files.ts'
import type { Context } from '../io.ts'
import { loud, readSignedPolicy } from './file.ts'
import { policyWarnings } from './warnings.ts'

export interface NewOptions {
  readonly previous: string | undefined
  readonly out: string | undefined
}

const source = z.string().min(1).max(8_192).meta({ expected: 'the name of a file, or PEM' })

/** What a person writes; version and format are not for people to choose. */
const draftSchema = z.strictObject({
  federation: nameSchema,
  purpose: z.enum(['production', 'simulation']),
  organisations: z.record(nameSchema, source).optional(),
  threshold: z.int().min(1).optional(),
  roots: z.array(source).min(1).max(16),
  roles: z.strictObject({ aggregator: roleReferencesSchema }),
})
type Draft = z.infer<typeof draftSchema>

export async function newPolicy(context: Context, options: NewOptions, file: string): Promise<number> {
  const path = context.path(file)
  const draft = parseConfig(draftSchema, await readText(path, 'policy'), file)
  const before = options.previous === undefined ? undefined : await readSignedPolicy(context, options.previous)
  const signed = await compose(draft, dirname(path), file, before?.policy)
  const out = context.path(options.out ?? 'attestation-policy.json')
  await writeNew({ path: out, text: signedPolicyText(signed) })
  const { policy } = signed
  const { federation, version, purpose, threshold } = policy
  const digest = policyDigest(policy)
  const organisations = Object.keys(policy.organisations)
  const warnings = policyWarnings(policy)
  context.result({ file: out, federation, version, purpose, digest, organisations, threshold, warnings }, [
    ...loud(policy),
    `attestation policy of ${federation}, version ${version}, not signed yet: ${out}`,
    `  digest  ${digest}`,
    ...warnings.map((text) => `  warning: ${text}`),
    `next: ${threshold} of ${organisations.join(', ')} sign it with coffer policy sign`,
  ])
  return exits.ok.code
}

async function compose(
  draft: Draft,
  directory: string,
  file: string,
  before: AttestationPolicy | undefined,
): Promise<SignedPolicy> {
  if (before !== undefined && before.federation !== draft.federation) {
    const found = `${file} is of federation ${draft.federation}, --previous of ${before.federation}`
    throw new CliError('CLI_ARGUMENT_INVALID', found)
  }
  const threshold = draft.threshold ?? before?.threshold
  const organisations = draft.organisations ? await readKeys(draft.organisations, directory) : before?.organisations
  if (threshold === undefined || organisations === undefined) {
    throw new CliError(
      'CLI_ARGUMENT_INVALID',
      `${file} needs organisations and threshold, or --previous to take them from`,
    )
  }
  const policy: AttestationPolicy = {
    format: policyFormat,
    federation: draft.federation,
    version: (before?.version ?? 0) + 1,
    purpose: draft.purpose,
    organisations,
    threshold,
    roots: await Promise.all(
      draft.roots.map((root) => (root === 'intel' ? intelSgxRootPem : readPem(root, directory, 'root certificate'))),
    ),
    roles: draft.roles,
  }
  // The strict reader has the last word about keys, roots and their number.
  return parseSignedPolicy(signedPolicyText({ policy, signatures: [] }), file)
}

async function readKeys(sources: Readonly<Record<string, string>>, directory: string): Promise<Record<string, string>> {
  const keys = await Promise.all(
    Object.entries(sources).map(
      async ([name, each]) => [name, await readPem(each, directory, `key of ${name}`)] as const,
    ),
  )
  return Object.fromEntries(keys)
}

/** A file beside the YAML, or PEM in it. */
async function readPem(given: string, directory: string, what: string): Promise<string> {
  const inline = given.startsWith('-----BEGIN ')
  const text = inline ? given : await readText(resolve(directory, given), what)
  if (text.includes('PRIVATE KEY')) {
    const where = inline ? '' : ` in ${given}`
    throw new CliError('CLI_ARGUMENT_INVALID', `the ${what}${where} is a private key, expected the public one`)
  }
  return `${text.replaceAll('\r\n', '\n').trim()}\n`
}
