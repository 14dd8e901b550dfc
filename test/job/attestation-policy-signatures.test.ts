import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { canonicalJson, sha256, toHex } from '../../src/crypto/index.ts'
import {
  type AttestationPolicy,
  AttestationPolicyError,
  policyDigest,
  policyFormat,
  type SignedPolicy,
  signersOf,
  signPolicy,
  verifyPolicy,
} from '../../src/job/index.ts'
import {
  accepting,
  expected,
  keyOf,
  parse,
  pemOf,
  pems,
  policy,
  refusal,
  signedBy,
  unsigned,
} from './attestation-policies.ts'

test('what is signed is the format, a zero byte and the canonical policy; the digest is of the latter', () => {
  const message = Buffer.concat([Buffer.from(policyFormat), Buffer.of(0), canonicalJson(policy)])
  const [signature] = signedBy(policy, 'alpha').signatures
  expect(signature).toEqual({ organisation: 'alpha', signature: sign(null, message, keyOf('alpha')).toString('hex') })
  expect(policyDigest(policy)).toBe(toHex(sha256(canonicalJson(policy))))
})

describe('the first policy', () => {
  it('binds with as many signatures as its threshold, in any order, and with more', () => {
    for (const who of [
      ['alpha', 'beta'],
      ['gamma', 'alpha'],
      ['gamma', 'beta', 'alpha'],
    ]) {
      expect(verifyPolicy(parse(signedBy(policy, ...who)), expected)).toEqual(policy)
    }
  })

  it('does not bind with fewer, and says who signed', () => {
    const { error, codes } = refusal(() => verifyPolicy(signedBy(policy, 'gamma'), expected))
    expect(error).toBeInstanceOf(AttestationPolicyError)
    expect(codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
    expect(error.message).toBe(
      'attestation policy north version 1 is refused: signed by 1 of its 3 organisations (gamma), expected 2',
    )
  })

  it('counts an organisation once', () => {
    const { signatures } = signedBy(policy, 'alpha')
    const twice = { policy, signatures: [...signatures, ...signatures] }
    expect(refusal(() => verifyPolicy(twice, expected)).codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
  })

  it('counts a key once, even in a policy that was never parsed', () => {
    const document = { ...policy, organisations: { alpha: pemOf('alpha'), double: pemOf('alpha') } }
    const signature = sign(
      null,
      Buffer.concat([Buffer.from(`${policyFormat}\0`), canonicalJson(document)]),
      keyOf('alpha'),
    )
    const entry = (organisation: string) => ({ organisation, signature: signature.toString('hex') })
    const signed = { policy: document, signatures: [entry('alpha'), entry('double')] }
    expect(signersOf(signed).own).toEqual(['alpha', 'double'])
    expect(refusal(() => verifyPolicy(signed, expected)).codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
  })

  it('names a wrong signature, even where the others suffice', () => {
    const { signatures } = signedBy(policy, 'alpha', 'beta', 'gamma')
    const swapped = signatures.map((each, at) => ({
      ...each,
      signature: signatures[at === 0 ? 1 : at]?.signature ?? '',
    }))
    const { error, codes } = refusal(() => verifyPolicy({ policy, signatures: swapped }, expected))
    expect(codes).toEqual(['ATTESTATION_POLICY_SIGNATURE'])
    expect(error.message).toContain('under the name of alpha')
  })

  it('names a stranger, also one called like a part of every object', () => {
    const mine = { ...policy, organisations: pems('alpha', 'beta', 'constructor') }
    const [stranger] = signedBy(mine, 'constructor').signatures
    if (stranger === undefined) throw new Error('not signed')
    const signed = { policy, signatures: [...signedBy(policy, 'alpha', 'beta').signatures, stranger] }
    const { error, codes } = refusal(() => verifyPolicy(signed, expected))
    expect(codes).toEqual(['ATTESTATION_POLICY_STRANGER'])
    expect(error.message).toContain('constructor signed it')
    expect(verifyPolicy(signedBy(mine, 'alpha', 'constructor'), expected)).toBe(mine)
  })

  it('is of the expected federation', () => {
    const { codes } = refusal(() => verifyPolicy(signedBy(policy, 'alpha', 'beta'), { federation: 'south' }))
    expect(codes).toEqual(['ATTESTATION_POLICY_FEDERATION'])
  })

  it('is refused with every reason at once', () => {
    const stranger = { organisation: 'delta', signature: 'ab'.repeat(64) }
    const wrong = { organisation: 'alpha', signature: 'ab'.repeat(64) }
    const newer = { ...policy, version: 2 }
    const { codes } = refusal(() =>
      verifyPolicy({ policy, signatures: [stranger, wrong] }, { ...accepting(newer), federation: 'south' }),
    )
    expect(codes).toEqual([
      'ATTESTATION_POLICY_FEDERATION',
      'ATTESTATION_POLICY_VERSION',
      'ATTESTATION_POLICY_SIGNATURE',
      'ATTESTATION_POLICY_STRANGER',
      'ATTESTATION_POLICY_UNSIGNED',
    ])
  })
})

test('m of n: exactly the sets of at least m signers bind', () => {
  const names = ['a', 'b', 'c', 'd']
  for (const threshold of [1, 2, 3, 4]) {
    const document = { ...policy, organisations: pems(...names), threshold }
    const all = signedBy(document, ...names).signatures
    for (let set = 0; set < 16; set += 1) {
      const signed = { policy: document, signatures: all.filter((_, at) => (set & (1 << at)) !== 0) }
      const call = () => verifyPolicy(signed, expected)
      if (signed.signatures.length >= threshold) expect(call()).toBe(document)
      else expect(refusal(call).codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
    }
  }
})

describe('a policy after an accepted one', () => {
  const second: AttestationPolicy = { ...policy, version: 2, organisations: pems('beta', 'gamma', 'delta') }

  it('has a version that is not lower', () => {
    const { error, codes } = refusal(() => verifyPolicy(signedBy(policy, 'alpha', 'beta'), accepting(second)))
    expect(codes).toEqual(['ATTESTATION_POLICY_VERSION'])
    expect(error.message).toContain('it is version 1, and version 2 was accepted already')
  })

  it('may be the same one again', () => {
    const { version, ...rest } = policy
    const reordered: AttestationPolicy = { ...rest, version }
    expect(verifyPolicy(signedBy(reordered, 'beta', 'gamma'), accepting(policy))).toBe(reordered)
  })

  it('is no other one of the same version', () => {
    const other = { ...policy, roles: { aggregator: { ...policy.roles.aggregator, minimumTcbEvaluation: 16 } } }
    const { error, codes } = refusal(() =>
      verifyPolicy(signedBy(other, 'alpha', 'beta', 'gamma'), {
        ...expected,
        accepted: { version: 1, digest: policyDigest(policy) },
      }),
    )
    expect(codes).toEqual(['ATTESTATION_POLICY_FORKED'])
    expect(error.message).toContain(policyDigest(policy))
    expect(error.message).toContain(policyDigest(other))
  })

  it('is signed by the old organisations as well, by their threshold', () => {
    const byNew = signedBy(second, 'gamma', 'delta')
    const { error, codes } = refusal(() => verifyPolicy(byNew, accepting(policy)))
    expect(codes).toEqual(['ATTESTATION_POLICY_SUCCESSION'])
    expect(error.message).toContain('signed by 1 organisations of version 1 (gamma), expected 2')
    expect(verifyPolicy(signPolicy(byNew, 'alpha', keyOf('alpha'), policy), accepting(policy))).toBe(second)
    expect(verifyPolicy(signedBy(second, 'gamma', 'beta'), accepting(policy))).toBe(second)
  })

  it('is signed by enough of its own, however many of the old ones signed', () => {
    const signed = signPolicy(signedBy(second, 'beta'), 'alpha', keyOf('alpha'), policy)
    expect(refusal(() => verifyPolicy(signed, accepting(policy))).codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
  })

  it('cannot lower the threshold by which it replaces', () => {
    const lower = { ...policy, version: 2, threshold: 1 }
    expect(refusal(() => verifyPolicy(signedBy(lower, 'alpha'), accepting(policy))).codes).toEqual([
      'ATTESTATION_POLICY_SUCCESSION',
    ])
  })

  it('may skip versions, and is then signed for the accepted one', () => {
    const fourth = { ...second, version: 4 }
    expect(verifyPolicy(signedBy(fourth, 'beta', 'gamma'), accepting(policy))).toBe(fourth)
    expect(refusal(() => verifyPolicy(signedBy(fourth, 'delta', 'gamma'), accepting(policy))).codes).toEqual([
      'ATTESTATION_POLICY_SUCCESSION',
    ])
  })

  it('cannot be judged without the accepted one, or with another in its place', () => {
    const { digest, version } = accepting(policy).accepted
    const signed = signedBy(second, 'beta', 'gamma')
    const mine = { ...policy, organisations: pems('beta', 'gamma') }
    for (const replaced of [{}, { policy: mine }, { policy: { ...policy, version: 0 } }]) {
      const { codes } = refusal(() => verifyPolicy(signed, { ...expected, accepted: { version, digest, ...replaced } }))
      expect(codes).toEqual(['ATTESTATION_POLICY_ACCEPTED'])
    }
  })

  it('cannot be judged by a record that gives the accepted one another version', () => {
    const third = { ...second, version: 3 }
    const accepted = { ...accepting(second).accepted, version: 1 }
    const { codes } = refusal(() => verifyPolicy(signedBy(third, 'beta', 'gamma'), { ...expected, accepted }))
    expect(codes).toEqual(['ATTESTATION_POLICY_ACCEPTED'])
  })

  it('keeps the signatures of those who left, for parties that knew them and for those who did not', () => {
    const signed = parse(signPolicy(signedBy(second, 'gamma', 'delta'), 'alpha', keyOf('alpha'), policy))
    expect(verifyPolicy(signed, accepting(policy))).toEqual(second)
    expect(verifyPolicy(signed, expected)).toEqual(second)
    expect(verifyPolicy(signed, accepting(second))).toEqual(second)
    expect(signersOf(signed, policy)).toEqual({
      own: ['delta', 'gamma'],
      predecessor: ['alpha', 'gamma'],
      wrong: [],
      strangers: [],
    })
  })

  it('does not count whom it does not know, and says so', () => {
    const signed = signPolicy(signedBy(second, 'delta'), 'alpha', keyOf('alpha'), policy)
    const { error, codes } = refusal(() => verifyPolicy(signed, expected))
    expect(codes).toEqual(['ATTESTATION_POLICY_UNSIGNED'])
    expect(error.message).toContain('(delta), expected 2; not counted: alpha')
  })

  it('names a stranger where the version before is known', () => {
    const third = { ...second, version: 3 }
    const signed = signPolicy(signedBy(third, 'beta', 'gamma'), 'alpha', keyOf('alpha'), policy)
    expect(refusal(() => verifyPolicy(signed, accepting(second))).codes).toEqual(['ATTESTATION_POLICY_STRANGER'])
  })

  it('changes the key of an organisation with signatures of both keys', () => {
    const changed = { ...policy, version: 2, organisations: { ...policy.organisations, alpha: pemOf('alpha-2') } }
    const byNewKey = signPolicy(signedBy(changed, 'beta'), 'alpha', keyOf('alpha-2'), policy)
    expect(refusal(() => verifyPolicy(byNewKey, accepting(policy))).codes).toEqual(['ATTESTATION_POLICY_SUCCESSION'])
    const byBoth = parse(signPolicy(byNewKey, 'alpha', keyOf('alpha'), policy))
    expect(byBoth.signatures.map(({ organisation }) => organisation)).toEqual(['alpha', 'alpha', 'beta'])
    for (const knowing of [accepting(policy), expected, accepting(changed)]) {
      expect(verifyPolicy(byBoth, knowing)).toEqual(changed)
    }
    const otherOrder = signPolicy(
      signPolicy(signedBy(changed, 'beta'), 'alpha', keyOf('alpha'), policy),
      'alpha',
      keyOf('alpha-2'),
    )
    expect(verifyPolicy(otherOrder, accepting(policy))).toBe(changed)
  })
})

describe('signing', () => {
  it('replaces the earlier signature of the same organisation', () => {
    const once = signedBy(policy, 'alpha', 'beta')
    expect(signPolicy(once, 'alpha', keyOf('alpha'))).toEqual(once)
    const edited: SignedPolicy = { policy: { ...policy, threshold: 1 }, signatures: once.signatures }
    const again = signPolicy(signPolicy(edited, 'alpha', keyOf('alpha')), 'beta', keyOf('beta'))
    expect(verifyPolicy(again, expected).threshold).toBe(1)
    expect(again.signatures).toHaveLength(2)
  })

  it.each([
    ['a key of somebody else', 'alpha', keyOf('beta'), 'its key in the policy is'],
    ['an organisation that it does not name', 'delta', keyOf('delta'), 'the policy names no such organisation'],
    ['a public key', 'alpha', generateKeyPairSync('ed25519').publicKey, 'no Ed25519 private key'],
    ['a P-256 key', 'alpha', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'no Ed25519 private key'],
  ])('with %s is refused', (_name, organisation, key, message) => {
    const { error } = refusal(() => signPolicy(unsigned(policy), organisation, key))
    expect(error).toMatchObject({ code: 'ATTESTATION_POLICY_KEY' })
    expect(error.message).toContain(message)
  })
})
