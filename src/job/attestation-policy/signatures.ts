/**
 * Signatures of organisations on an attestation policy: making one, and telling whose keys made those that are there.
 * Whether they suffice is for judgement.ts.
 */
import { type KeyObject, sign, verify } from 'node:crypto'
import { canonicalJson, fromHex, toHex } from '../../crypto/index.ts'
import { JobError } from '../errors.ts'
import { keyFingerprint, publicKeyPem } from './pem.ts'
import {
  type AttestationPolicy,
  organisationKey,
  policyFormat,
  type PolicySignature,
  type SignedPolicy,
} from './policy.ts'

/** What is signed: the format, a zero byte, the canonical policy. No other document of Coffer begins so. */
function signedBytes(policy: AttestationPolicy): Uint8Array {
  return Buffer.concat([Buffer.from(`${policyFormat}\0`), canonicalJson(policy)])
}

/**
 * The policy with the organisation's signature, in place of its earlier one by this key. `predecessor`: the version
 * before, to sign with a key that is only in there. Throws JobError ATTESTATION_POLICY_KEY.
 */
export function signPolicy(
  { policy, signatures }: SignedPolicy,
  organisation: string,
  key: KeyObject,
  predecessor?: AttestationPolicy,
): SignedPolicy {
  requireOwnKey(organisation, key, [policy, ...(predecessor ? [predecessor] : [])])
  const message = signedBytes(policy)
  const signature = toHex(sign(null, message, key))
  const isOther = ({ signature: found }: PolicySignature) => found !== signature
  // Who changes keys signs with both. Where the version before is not known, a signature by its key looks like any other.
  const keys = [policy, predecessor].flatMap((each) => (each && organisationKey(each, organisation)) ?? [])
  const mayStay = (each: PolicySignature) =>
    policy.version > 1 && (predecessor === undefined || keys.some((other) => holds(each, message, other)))
  const mine = signatures.filter((each) => each.organisation === organisation && isOther(each) && mayStay(each))
  const others = signatures.filter((each) => each.organisation !== organisation)
  const all = [...others, ...mine.slice(-1), { organisation, signature }]
  return { policy, signatures: all.sort((a, b) => order(a.organisation, b.organisation)) }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function requireOwnKey(organisation: string, key: KeyObject, policies: readonly AttestationPolicy[]): void {
  const refuse = (why: string) => new JobError('ATTESTATION_POLICY_KEY', `${organisation} cannot sign: ${why}`)
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') throw refuse('the key is no Ed25519 private key')
  const known = policies.flatMap((policy) => organisationKey(policy, organisation) ?? [])
  if (known.length === 0) throw refuse('the policy names no such organisation')
  const pem = publicKeyPem(key)
  if (known.some((each) => publicKeyPem(each) === pem)) return
  throw refuse(`its key in the policy is ${known.map(keyFingerprint).join(' or ')}, and this is another one`)
}

const holds = ({ signature }: PolicySignature, message: Uint8Array, key: KeyObject): boolean =>
  verify(null, message, key, fromHex(signature))

/** Names of organisations, each once. */
interface Signers {
  /** Signed with their key of this version. */
  readonly own: readonly string[]
  /** Signed with their key of the version before; none where that was not given. */
  readonly predecessor: readonly string[]
  /** Named beside a signature that no key of theirs made. */
  readonly wrong: readonly string[]
  /** Not named by this version nor the one before. */
  readonly strangers: readonly string[]
}

/** Who signed, and who only seems to have. */
export function signersOf({ policy, signatures }: SignedPolicy, predecessor?: AttestationPolicy): Signers {
  const message = signedBytes(policy)
  /** Undefined where the policy names no such organisation. */
  const by = (from: AttestationPolicy | undefined, each: PolicySignature): boolean | undefined => {
    const key = from && organisationKey(from, each.organisation)
    return key && holds(each, message, key)
  }
  const judged = signatures.map((each) => ({
    name: each.organisation,
    own: by(policy, each),
    before: by(predecessor, each),
  }))
  const names = (test: (each: (typeof judged)[number]) => boolean) =>
    [...new Set(judged.filter(test).map(({ name }) => name))].sort()
  const isStranger = ({ own, before }: (typeof judged)[number]) => own === undefined && before === undefined
  return {
    own: names(({ own }) => own === true),
    predecessor: names(({ before }) => before === true),
    wrong: names((each) => !isStranger(each) && each.own !== true && each.before !== true),
    strangers: names(isStranger),
  }
}
