import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { intelSgxRootPem } from '../../src/attestation/index.ts'
import { canonicalJson, createRandom } from '../../src/crypto/index.ts'
import {
  aggregatorReferences,
  JobError,
  parseOverlay,
  parseSignedPolicy,
  signedPolicyText,
  verifyPolicy,
  withOverlay,
} from '../../src/job/index.ts'
import {
  expected,
  keyOf,
  parse,
  pemOf,
  pems,
  policy,
  refusal,
  sgx,
  signedBy,
  simulatedRootPem,
  tdx,
  unsigned,
} from './attestation-policies.ts'

const text = (signed: unknown): string => JSON.stringify(signed)

describe('the file', () => {
  it('is read as it was written', () => {
    const signed = signedBy(policy, 'alpha', 'beta')
    expect(parseSignedPolicy(signedPolicyText(signed), 'policy.json')).toEqual(signed)
    expect(parseSignedPolicy(new TextDecoder().decode(canonicalJson(signed)), 'policy.json')).toEqual(signed)
  })

  it('holds every kind of program', () => {
    const programs = [tdx, sgx]
    const both = { ...policy, roles: { aggregator: { ...policy.roles.aggregator, programs } } }
    expect(parse(unsigned(both)).policy).toEqual(both)
  })

  const change = (changes: object) => ({ ...unsigned(policy), policy: { ...policy, ...changes } })
  const aggregator = (changes: object) => change({ roles: { aggregator: { ...policy.roles.aggregator, ...changes } } })
  const program = (changes: object) => aggregator({ programs: [{ ...tdx, ...changes }] })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })
  const key = pemOf('alpha')
  const signature = 'ab'.repeat(64)

  /** The same key to a lenient reader: the last two bits before the padding are not read. */
  const loose = (pem: string) =>
    pem.replace(/.(?==)/, (last) => {
      const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
      return digits.charAt(digits.indexOf(last) ^ 1)
    })
  const oneLine = (pem: string) => pem.replace(/(?<=[\w+/=])\n(?=[\w+/=])/g, '')

  it.each<[name: string, value: unknown, expected: string]>([
    ['another format', change({ format: 'coffer-attestation-policy-v2' }), "expected 'coffer-attestation-policy-v1'"],
    ['an unknown key', change({ notBefore: 1 }), 'policy.notBefore: found an unknown key'],
    ['a misspelt key', change({ tresholt: 1 }), "did you mean 'threshold'?"],
    ['an unknown key beside', { ...unsigned(policy), comment: 'x' }, 'comment: found an unknown key'],
    ['an unknown key of a role', aggregator({ tcbStatus: [] }), 'tcbStatus: found an unknown key'],
    ['an unknown key of a program', program({ rtmr4: 'any' }), 'rtmr4: found an unknown key'],
    ['an unknown role', change({ roles: { ...policy.roles, party: {} } }), 'policy.roles.party: found an unknown key'],
    ['no role', change({ roles: {} }), 'policy.roles.aggregator: found nothing'],
    ['a missing list', aggregator({ advisories: undefined }), 'policy.roles.aggregator.advisories: found nothing'],
    ['no program', aggregator({ programs: [] }), 'programs: found a list of 0, expected a list of 1 to 100'],
    ['an unknown status', aggregator({ tcbStatuses: ['UptoDate'] }), "did you mean 'UpToDate'?"],
    ['an age in words', aggregator({ maximumCollateralAge: '30d' }), 'expected a whole number'],
    ['a short measurement', program({ mrTd: ['00'] }), 'expected 48 bytes as 96 hexadecimal digits'],
    ['a TD of any measurement', program({ mrTd: 'any' }), 'mrTd: found "any", expected a list of values'],
    ['a register of one text', program({ rtmr3: 'd1'.repeat(48) }), "expected 'any', or a list"],
    ['a federation that is no name', change({ federation: 'North' }), 'policy.federation'],
    ['version 0', change({ version: 0 }), 'policy.version: found 0'],
    ['half a version', change({ version: 1.5 }), 'policy.version: found 1.5'],
    ['a version that no statement can name', change({ version: 2 ** 31 }), 'policy.version'],
    ['a version beyond exact numbers', change({ version: 2 ** 53 }), 'policy.version'],
    ['another purpose', change({ purpose: 'test' }), "expected one of 'production', 'simulation'"],
    ['no organisation', change({ organisations: {} }), 'expected 1 to 64 organisations'],
    [
      '65 organisations',
      change({ organisations: pems(...Array.from({ length: 65 }, (_, at) => `o${at}`)) }),
      'expected 1 to 64 organisations',
    ],
    ['an organisation that is no name', change({ organisations: { 'Bank A': key } }), 'the key "Bank A"'],
    ['one key under two names', change({ organisations: { ...policy.organisations, delta: key } }), 'that of alpha'],
    ['and the same without its last newline', change({ organisations: { a: key, b: key.trim() } }), 'that of a'],
    ['an RSA key', change({ organisations: { alpha: rsa } }), 'expected an Ed25519 public key'],
    ['a P-256 key', change({ organisations: { alpha: ec } }), 'expected an Ed25519 public key'],
    ['text before a key', change({ organisations: { alpha: `alpha\n${key}` } }), 'expected an Ed25519 public key'],
    ['a second key', change({ organisations: { alpha: key + pemOf('beta') } }), 'expected an Ed25519 public key'],
    ['a key with loose bits', change({ organisations: { alpha: loose(key) } }), 'expected an Ed25519 public key'],
    ['a key of a megabyte', change({ organisations: { alpha: 'A'.repeat(1_000_000) } }), 'an Ed25519 public key'],
    [
      'a private key',
      change({ organisations: { alpha: String(keyOf('alpha').export({ type: 'pkcs8', format: 'pem' })) } }),
      'expected an Ed25519 public key',
    ],
    ['a threshold of 0', change({ threshold: 0 }), 'policy.threshold: found 0'],
    ['a threshold above the organisations', change({ threshold: 4 }), 'at most 3, the number of organisations'],
    ['no root', change({ roots: [] }), 'policy.roots: found a list of 0'],
    ['a root twice', change({ roots: [intelSgxRootPem, intelSgxRootPem.trim()] }), 'a root that is not listed before'],
    ['two roots in one', change({ roots: [intelSgxRootPem + intelSgxRootPem] }), 'expected one certificate as PEM'],
    ['a root in one line', change({ roots: [oneLine(intelSgxRootPem)] }), 'expected one certificate as PEM'],
    ['a root that is a key', change({ roots: [key] }), 'expected one certificate as PEM'],
    [
      'a root that is noise',
      change({ roots: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'] }),
      'expected one certificate as PEM',
    ],
    ['a short signature', { policy, signatures: [{ organisation: 'alpha', signature: 'ab' }] }, 'expected 64 bytes'],
    [
      'a signature in capitals',
      { policy, signatures: [{ organisation: 'alpha', signature: signature.toUpperCase() }] },
      'expected 64 bytes as 128 lower-case hexadecimal digits',
    ],
    [
      '129 signatures',
      { policy, signatures: Array.from({ length: 129 }, () => ({ organisation: 'alpha', signature })) },
      'signatures: found a list of 129',
    ],
    ['a list', [], 'document: found a list of 0'],
  ])('with %s is not valid', (_name, value, message) => {
    const { error } = refusal(() => parse(value))
    expect(error).toMatchObject({ code: 'ATTESTATION_POLICY_INVALID' })
    expect(error.message).toContain(message)
  })

  it.each([
    ['YAML', 'policy: {}\n'],
    ['a comment', `# agreed\n${text(unsigned(policy))}`],
    ['a value as YAML', text(unsigned(policy)).replace('"north"', 'north')],
    ['nothing', ''],
    ['more after the end', `${text(unsigned(policy))}{}`],
    ['a key twice', text(unsigned(policy)).replace('"threshold":2', '"threshold":2,"threshold":1')],
    ['a prototype', text(unsigned(policy)).replace('"threshold":2', '"threshold":2,"__proto__":{}')],
    ['more than a megabyte', `${text(unsigned(policy))}${' '.repeat(2 ** 20)}`],
    ['deep nesting', '['.repeat(100_000)],
  ])('of %s is not valid', (_name, hostile) => {
    const { error } = refusal(() => parseSignedPolicy(hostile, 'policy.json'))
    expect(error).toMatchObject({ code: 'ATTESTATION_POLICY_INVALID' })
    expect(error.message).toMatch(/^attestation policy policy\.json /)
  })

  it('for production names no simulated root, wherever in the list', () => {
    for (const roots of [[simulatedRootPem], [intelSgxRootPem, simulatedRootPem]]) {
      const { error } = refusal(() => parse(change({ roots })))
      expect(error).toMatchObject({ code: 'ATTESTATION_POLICY_SIMULATED_ROOT' })
      expect(error.message).toContain('"Simulated TEE SGX Root CA"')
    }
    expect(parse(change({ roots: [simulatedRootPem], purpose: 'simulation' })).policy.purpose).toBe('simulation')
  })
})

describe('any change of one byte', () => {
  const signed = signedBy(policy, 'alpha', 'beta')
  const bytes = canonicalJson(signed)
  const refused = (changed: Uint8Array): boolean => {
    try {
      verifyPolicy(parseSignedPolicy(Buffer.from(changed).toString('latin1'), 'policy.json'), expected)
    } catch (error) {
      return error instanceof JobError
    }
    return false
  }

  it('of the signed file is refused: another bit at every place', () => {
    expect(refused(bytes)).toBe(false)
    const random = createRandom(new TextEncoder().encode('bits'))
    const accepted = [...bytes.keys()].filter((at) => {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(7))
      return !refused(changed)
    })
    expect(accepted).toEqual([])
  })

  it('of a signature is refused, even where the others suffice', () => {
    const all = signedBy(policy, 'alpha', 'beta', 'gamma')
    for (const at of Array.from({ length: 128 }, (_, index) => index)) {
      const signatures = all.signatures.map((each, index) => {
        const digit = ((Number.parseInt(each.signature.charAt(at), 16) + 1) % 16).toString(16)
        const signature = each.signature.slice(0, at) + digit + each.signature.slice(at + 1)
        return index === at % 3 ? { ...each, signature } : each
      })
      const { codes } = refusal(() => verifyPolicy({ policy, signatures }, expected))
      expect(codes).toEqual(['ATTESTATION_POLICY_SIGNATURE'])
    }
  })

  it('of the rules breaks every signature', () => {
    const changed = { ...policy, threshold: 1 }
    const { codes } = refusal(() => verifyPolicy({ policy: changed, signatures: signed.signatures }, expected))
    expect(codes).toEqual([
      'ATTESTATION_POLICY_SIGNATURE',
      'ATTESTATION_POLICY_SIGNATURE',
      'ATTESTATION_POLICY_UNSIGNED',
    ])
  })
})

describe('reference values', () => {
  const { roots, values } = aggregatorReferences(policy)

  it('are those of the role, with the fingerprints of the roots', () => {
    expect(roots).toEqual([intelSgxRootPem])
    expect(values).toEqual({
      roots: ['44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'],
      simulated: false,
      ...policy.roles.aggregator,
    })
    expect(aggregatorReferences({ ...policy, purpose: 'simulation' }).values.simulated).toBe(true)
  })

  it('of an overlay stand beside those of the federation, which stay', () => {
    const overlay = parseOverlay('tcbStatuses: [UpToDate]\nmaximumCollateralAge: 86400\n', 'overlay.yaml')
    expect(withOverlay(values, overlay)).toEqual([
      values,
      { ...values, tcbStatuses: ['UpToDate'], maximumCollateralAge: 86_400 },
    ])
    expect(withOverlay(values, parseOverlay('{}', 'overlay.yaml'))).toEqual([values, values])
  })

  it.each([
    ['every key', { roots: ['ab'.repeat(32)], ...policy.roles.aggregator, programs: [tdx, sgx] }],
    ['lists that match nothing', { roots: [], programs: [], advisories: [], tcbStatuses: [] }],
  ])('take %s of an overlay', (_name, overlay) => {
    expect(withOverlay(values, parseOverlay(JSON.stringify(overlay), 'overlay.yaml'))[1]).toEqual({
      ...values,
      ...overlay,
    })
  })

  it.each([
    ['simulated: true', 'simulated: found an unknown key'],
    ['threshold: 1', 'threshold: found an unknown key'],
    ['tcbStatuses: UpToDate', 'tcbStatuses: found "UpToDate"'],
    ['roots: [intel]', 'expected 32 bytes as 64 hexadecimal digits'],
    ['', 'document: found nothing'],
  ])('refuse the overlay %j', (yaml, message) => {
    const { error } = refusal(() => parseOverlay(yaml, 'overlay.yaml'))
    expect(error).toMatchObject({ code: 'ATTESTATION_OVERLAY_INVALID' })
    expect(error.message).toContain(message)
  })
})
