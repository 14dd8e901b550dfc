/**
 * The attestation policy: what the organisations of a federation agreed to accept as an aggregator, and who may change
 * it. The file holds the policy and its signatures; what is signed and digested is the canonical JSON (RFC 8785) of the
 * policy, and the strict schema makes sure that nothing is read over. Reading says that a file has the right form; that
 * it binds anybody is for verifyPolicy to say.
 */
import type { KeyObject } from 'node:crypto'
import * as z from 'zod'
import { canonicalJson, sha256, toHex } from '../../crypto/index.ts'
import { maximumBytes } from '../document.ts'
import { JobError } from '../errors.ts'
import { printable, problemsMessage } from '../problems.ts'
import { nameSchema } from '../schema.ts'
import { parseWith } from '../spec.ts'
import { publicKeyOf, rootOf } from './pem.ts'
import { type References, type RoleReferences, roleReferencesSchema } from './references.ts'

export const policyFormat = 'coffer-attestation-policy-v1'
const MAXIMUM_ORGANISATIONS = 64
const MAXIMUM_ROOTS = 16
/** What a statement of evidence can name: an accepted version can never be lowered again. */
const MAXIMUM_VERSION = 2 ** 31 - 1
/** One with the key of this version and one with that of the version before, where an organisation changes its key. */
const SIGNATURES_EACH = 2

export interface AttestationPolicy {
  readonly format: typeof policyFormat
  /** The name of the federation. */
  readonly federation: string
  /** From 1, and only ever up. */
  readonly version: number
  /** A production policy cannot name a simulated root; a simulation says SIMULATED wherever it is shown. */
  readonly purpose: 'production' | 'simulation'
  /** Name -> Ed25519 public key, SPKI PEM; 1 to 64 of them, no key twice. */
  readonly organisations: Readonly<Record<string, string>>
  /** How many of the organisations must sign this version, and the next one. */
  readonly threshold: number
  /** Trusted root certificates, PEM each. */
  readonly roots: readonly string[]
  readonly roles: { readonly aggregator: RoleReferences }
}

export interface PolicySignature {
  readonly organisation: string
  /** Ed25519 in lower-case hexadecimal, 64 bytes. */
  readonly signature: string
}

/** The file form. */
export interface SignedPolicy {
  readonly policy: AttestationPolicy
  readonly signatures: readonly PolicySignature[]
}

const keySchema = z.string().refine((pem) => publicKeyOf(pem) !== undefined, {
  error: 'an Ed25519 public key as SPKI PEM, as `coffer policy key` writes it',
})
const rootSchema = z.string().refine((pem) => rootOf(pem) !== undefined, {
  error: 'one certificate as PEM, without text around it',
})

const organisationsSchema = z.record(nameSchema, keySchema).superRefine((organisations, context) => {
  const names = Object.keys(organisations)
  const wrong = (path: string[], message: string) =>
    context.addIssue({ code: 'custom', path, message, input: organisations })
  if (names.length === 0 || names.length > MAXIMUM_ORGANISATIONS) {
    wrong([], `1 to ${MAXIMUM_ORGANISATIONS} organisations`)
  }
  const holders = new Map<string, string>()
  for (const [name, pem] of Object.entries(organisations)) {
    const other = holders.get(pem.trim())
    if (other === undefined) holders.set(pem.trim(), name)
    else wrong([name], `another key than that of ${other}: one key is one organisation`)
  }
})

const rootsSchema = z
  .array(rootSchema)
  .min(1)
  .max(MAXIMUM_ROOTS)
  .superRefine((roots, context) => {
    const seen = new Set<string>()
    for (const [index, pem] of roots.entries()) {
      const path = [index]
      if (seen.has(pem.trim())) {
        context.addIssue({ code: 'custom', path, message: 'a root that is not listed before', input: roots })
      }
      seen.add(pem.trim())
    }
  })

const policySchema = z
  .strictObject({
    format: z.literal(policyFormat),
    federation: nameSchema,
    version: z.int().min(1).max(MAXIMUM_VERSION),
    purpose: z.enum(['production', 'simulation']),
    organisations: organisationsSchema,
    threshold: z.int().min(1),
    roots: rootsSchema,
    roles: z.strictObject({ aggregator: roleReferencesSchema }),
  })
  .superRefine(({ organisations, threshold }, context) => {
    const most = Object.keys(organisations).length
    if (threshold <= most) return
    const message = `at most ${most}, the number of organisations`
    context.addIssue({ code: 'custom', path: ['threshold'], message, input: threshold })
  })

const signedSchema: z.ZodType<SignedPolicy> = z.strictObject({
  policy: policySchema,
  signatures: z
    .array(
      z.strictObject({
        organisation: nameSchema,
        signature: z
          .string()
          .regex(/^[0-9a-f]{128}$/)
          .meta({ expected: '64 bytes as 128 lower-case hexadecimal digits' }),
      }),
    )
    .max(SIGNATURES_EACH * MAXIMUM_ORGANISATIONS),
})

/**
 * A policy with its signatures, none of them judged: JSON of at most 1 MiB. `file` names it in errors.
 * Throws JobError ATTESTATION_POLICY_INVALID with every problem, or ATTESTATION_POLICY_SIMULATED_ROOT.
 */
export function parseSignedPolicy(text: string, file: string): SignedPolicy {
  const what = `attestation policy ${file}`
  if (text.length <= maximumBytes) requireJson(text, what)
  const signed = parseWith(signedSchema, text, what, 'ATTESTATION_POLICY_INVALID')
  refuseSimulatedRoots(signed.policy, what)
  return signed
}

/** The file form, ready to write. */
export function signedPolicyText(signed: SignedPolicy): string {
  return `${JSON.stringify(signed, undefined, 2)}\n`
}

/** SHA-256 of the canonical policy, hexadecimal: its name in context hashes, records and receipts. */
export function policyDigest(policy: AttestationPolicy): string {
  return toHex(sha256(canonicalJson(policy)))
}

/** The key of an organisation; undefined where the policy does not name it. */
export function organisationKey(policy: AttestationPolicy, organisation: string): KeyObject | undefined {
  // A name such as `constructor` is valid and must not be found on the object's prototype.
  const named = Object.hasOwn(policy.organisations, organisation)
  const pem = named ? policy.organisations[organisation] : undefined
  return pem === undefined ? undefined : publicKeyOf(pem)
}

/** What the attestation room needs to judge an aggregator: roots as PEM, and the reference values with their fingerprints. */
export function aggregatorReferences(policy: AttestationPolicy): {
  readonly roots: readonly string[]
  readonly values: References
} {
  const roots = policy.roots.flatMap((pem) => rootOf(pem)?.fingerprint ?? [])
  const simulated = policy.purpose === 'simulation'
  return { roots: policy.roots, values: { roots, simulated, ...policy.roles.aggregator } }
}

/** Comments and other comforts of YAML would stand in the file and not in what was signed. */
function requireJson(text: string, what: string): void {
  try {
    JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const found = `text that is not JSON (${printable(error.message)})`
    const problems = [{ path: 'document', found, expected: 'JSON' }]
    throw new JobError('ATTESTATION_POLICY_INVALID', problemsMessage(what, problems), problems)
  }
}

function refuseSimulatedRoots(policy: AttestationPolicy, what: string): void {
  if (policy.purpose !== 'production') return
  const simulated = policy.roots.map(rootOf).find((root) => root?.simulated === true)
  if (simulated === undefined) return
  throw new JobError(
    'ATTESTATION_POLICY_SIMULATED_ROOT',
    `${what} is for production and trusts "${printable(simulated.name)}", SHA-256 ${simulated.fingerprint}`,
  )
}
