/** Organisations with keys from their names, and a policy that three of them made: two must sign. */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { intelSgxRootPem } from '../../src/attestation/index.ts'
import {
  type AttestationPolicy,
  AttestationPolicyError,
  type JobCode,
  JobError,
  parseSignedPolicy,
  policyFormat,
  policyDigest,
  publicKeyPem,
  type SignedPolicy,
  signPolicy,
} from '../../src/job/index.ts'
import { createSimulatedPlatform } from '../../src/tee/simulator/index.ts'

/** PKCS#8 of Ed25519: 16 fixed bytes, then the seed (RFC 8410, section 7). */
export function keyOf(name: string): KeyObject {
  const seed = createHash('sha256').update(name).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

export const pemOf = (name: string): string => publicKeyPem(keyOf(name))
export const pems = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, pemOf(name)]))

export const simulatedRootPem = createSimulatedPlatform({
  seed: '3',
  now: new Date('2026-07-01T00:00:00Z'),
  tee: 'sgx-v3',
}).rootPem

export const tdx = {
  tee: 'tdx' as const,
  mrTd: ['a1'.repeat(48)],
  mrSeam: 'any' as const,
  rtmr0: 'any' as const,
  rtmr1: ['b1'.repeat(48)],
  rtmr2: ['c1'.repeat(48)],
  rtmr3: ['d1'.repeat(48), 'd2'.repeat(48)],
  mrConfigId: 'any' as const,
  mrOwner: 'any' as const,
  mrOwnerConfig: 'any' as const,
  xfam: ['e702060000000000'],
  serviceTds: [],
  minimumTeeTcbSvn: '07010600000000000000000000000000',
}
export const sgx = {
  tee: 'sgx' as const,
  mrEnclave: ['e1'.repeat(32)],
  mrSigner: 'any' as const,
  isvProdId: 0,
  minimumIsvSvn: 1,
  configId: 'any' as const,
}

export const policy: AttestationPolicy = {
  format: policyFormat,
  federation: 'north',
  version: 1,
  purpose: 'production',
  organisations: pems('alpha', 'beta', 'gamma'),
  threshold: 2,
  roots: [intelSgxRootPem],
  roles: {
    aggregator: {
      tcbStatuses: ['UpToDate', 'SWHardeningNeeded'],
      advisories: ['INTEL-SA-00615'],
      minimumTcbEvaluation: 17,
      maximumCollateralAge: 30 * 86_400,
      programs: [sgx],
    },
  },
}

/** The policy with other values for the aggregator; they need not be valid. */
export const aggregator = (changes: object): AttestationPolicy => ({
  ...policy,
  roles: { aggregator: { ...policy.roles.aggregator, ...changes } },
})
export const simulation: AttestationPolicy = { ...policy, purpose: 'simulation', roots: [simulatedRootPem] }

/** Signed by these, each with the key of its name. */
export function signedBy(document: AttestationPolicy, ...names: string[]): SignedPolicy {
  return names.reduce((signed, name) => signPolicy(signed, name, keyOf(name)), unsigned(document))
}

export const unsigned = (document: AttestationPolicy): SignedPolicy => ({ policy: document, signatures: [] })

/** The error of a call, by class and code; the codes of every reason where it lists reasons. */
export function refusal(call: () => unknown): { error: JobError; codes: JobCode[] } {
  try {
    call()
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return {
      error,
      codes: error instanceof AttestationPolicyError ? error.reasons.map(({ code }) => code) : [error.code],
    }
  }
  throw new Error('nothing was refused')
}

export const expected = { federation: 'north' }
export const parse = (signed: unknown): SignedPolicy => parseSignedPolicy(JSON.stringify(signed), 'policy.json')
/** What a party expects that has accepted this policy and kept it. */
export const accepting = (accepted: AttestationPolicy) => ({
  ...expected,
  accepted: { version: accepted.version, digest: policyDigest(accepted), policy: accepted },
})
