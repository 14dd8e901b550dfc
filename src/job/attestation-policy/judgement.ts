/**
 * Whether an attestation policy binds. It does when enough of its own organisations signed it, and it may follow an
 * accepted one when enough of that one's organisations signed it as well, by that one's threshold: the rule by which
 * roots are replaced in The Update Framework (specification 1.0, section 5.3). So nobody who takes over the file, or has
 * a majority later, replaces the others without those whom the parties accepted.
 *
 * The first policy that a party accepts vouches for itself: its digest has to be compared by people.
 */
import { AttestationPolicyError, type PolicyRefusal } from '../errors.ts'
import { keyFingerprint } from './pem.ts'
import { type AttestationPolicy, organisationKey, policyDigest, type SignedPolicy } from './policy.ts'
import { signersOf } from './signatures.ts'

/** What a party knows before it reads a policy. */
export interface PolicyExpectation {
  readonly federation: string
  /** The newest that was accepted. Its policy is needed to judge any later version. */
  readonly accepted?: {
    readonly version: number
    readonly digest: string
    readonly policy?: AttestationPolicy
  }
}

/** One organisation counts once, and so does one key, whatever names it stands under. */
function count(policy: AttestationPolicy, names: readonly string[]): number {
  return new Set(names.flatMap((name) => organisationKey(policy, name) ?? []).map(keyFingerprint)).size
}

/** The policy, if it binds. Throws AttestationPolicyError with every reason. */
export function verifyPolicy(signed: SignedPolicy, expect: PolicyExpectation): AttestationPolicy {
  const [first, ...more] = judgePolicy(signed, expect)
  if (first === undefined) return signed.policy
  const { federation, version } = signed.policy
  throw new AttestationPolicyError(`attestation policy ${federation} version ${version}`, [first, ...more])
}

/** Every reason why the policy does not bind; none means that it does. */
export function judgePolicy(signed: SignedPolicy, expect: PolicyExpectation): PolicyRefusal[] {
  return [...judgeFederation(signed, expect), ...judgeVersion(signed, expect), ...judgeSignatures(signed, expect)]
}

function judgeFederation({ policy }: SignedPolicy, { federation }: PolicyExpectation): PolicyRefusal[] {
  if (policy.federation === federation) return []
  const text = `it is of federation ${policy.federation}, expected ${federation}`
  return [{ code: 'ATTESTATION_POLICY_FEDERATION', text }]
}

function judgeVersion({ policy }: SignedPolicy, { accepted }: PolicyExpectation): PolicyRefusal[] {
  if (accepted === undefined) return []
  const { version, digest } = accepted
  const found = policyDigest(policy)
  if (policy.version < version) {
    const text = `it is version ${policy.version}, and version ${version} was accepted already`
    return [{ code: 'ATTESTATION_POLICY_VERSION', text }]
  }
  if (policy.version > version) return judgeAccepted(accepted)
  if (found === digest) return []
  const text = `its digest is ${found}, and version ${version} with digest ${digest} was accepted already`
  return [{ code: 'ATTESTATION_POLICY_FORKED', text }]
}

/** Without it, or with another one in its place, anybody could sign a successor with organisations of their own. */
function judgeAccepted(accepted: NonNullable<PolicyExpectation['accepted']>): PolicyRefusal[] {
  const { version, digest, policy } = accepted
  if (policy !== undefined && policy.version === version && policyDigest(policy) === digest) return []
  const found = policy === undefined ? 'no copy of it' : `version ${policy.version} with digest ${policyDigest(policy)}`
  const text = `it follows the accepted version ${version} with digest ${digest}, of which there is ${found}`
  return [{ code: 'ATTESTATION_POLICY_ACCEPTED', text }]
}

function judgeSignatures(signed: SignedPolicy, { accepted }: PolicyExpectation): PolicyRefusal[] {
  const { policy } = signed
  const before = accepted?.policy
  const signers = signersOf(signed, before)
  const unjudged = unjudgedSignatures(signed, before)
  const uncounted = [...signers.wrong, ...signers.strangers]
  const { wrong, strangers } = unjudged ? { wrong: [], strangers: [] } : signers
  const reasons: PolicyRefusal[] = [
    ...wrong.map((name) => ({
      code: 'ATTESTATION_POLICY_SIGNATURE' as const,
      text: `a signature under the name of ${name} does not fit this policy and its key`,
    })),
    ...strangers.map((name) => ({
      code: 'ATTESTATION_POLICY_STRANGER' as const,
      text: `${name} signed it and is no organisation of it`,
    })),
  ]
  const own = count(policy, signers.own)
  if (own < policy.threshold) {
    const all = Object.keys(policy.organisations).length
    const ignored = uncounted.length > 0 ? `; not counted: ${names(uncounted)}` : ''
    const text = `signed by ${own} of its ${all} organisations (${names(signers.own)}), expected ${policy.threshold}${ignored}`
    reasons.push({ code: 'ATTESTATION_POLICY_UNSIGNED', text })
  }
  if (before !== undefined && policy.version > before.version) {
    const old = count(before, signers.predecessor)
    const text = `signed by ${old} organisations of version ${before.version} (${names(signers.predecessor)}), expected ${before.threshold}`
    if (old < before.threshold) reasons.push({ code: 'ATTESTATION_POLICY_SUCCESSION', text })
  }
  return reasons
}

const names = (list: readonly string[]): string => list.join(', ') || 'none'

/**
 * Organisations of the version before sign too, and stay in the file when they or their keys are gone from the policy.
 * Who does not know that version cannot tell them from strangers: they are not counted, and not held against it.
 */
function unjudgedSignatures({ policy }: SignedPolicy, before: AttestationPolicy | undefined): boolean {
  return policy.version > 1 && before?.version !== policy.version - 1
}
