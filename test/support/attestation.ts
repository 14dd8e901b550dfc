/**
 * What a federation needs to attest in tests: a simulated TEE that really signs, a signed policy that accepts it, and
 * appraisers that keep their records in a directory.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCollateral, parseQuote } from '../../src/attestation/index.ts'
import {
  type AttestationPolicy,
  policyDigest,
  publicKeyPem,
  type SignedPolicy,
  signPolicy,
} from '../../src/job/index.ts'
import { type AggregatorProver, createProver } from '../../src/aggregator/prover.ts'
import type { Identity } from '../../src/rpc/index.ts'
import type { Attester } from '../../src/tee/index.ts'
import {
  createSimulatedAttester,
  createSimulatedPlatform,
  type SimulatedPlatform,
} from '../../src/tee/simulator/index.ts'
import { type CollateralSource, createAppraiser, createRecords, type PartyAppraiser } from '../../parties/index.ts'
import { programOf } from '../attestation/issued.ts'
import { createTestLog } from './log.ts'

export interface TestAttestation extends AsyncDisposable {
  readonly platform: SimulatedPlatform
  readonly attester: Attester
  readonly signed: SignedPolicy
  /** As startAggregator takes it. */
  readonly policy: { readonly digest: string; readonly version: number }
  readonly collateral: CollateralSource
  /** What an aggregator proves itself with, for servers that are not whole aggregators. */
  prover(identity: Identity, changes?: { attester?: Attester; policy?: TestAttestation['policy'] }): AggregatorProver
  /** Each has a directory of its own below `directory`. */
  appraiser(name: string, changes?: { signed?: SignedPolicy; now?: () => number; overlay?: string }): PartyAppraiser
  /** Where the records of an appraiser are. */
  recordsOf(name: string): string
  /** The policy of a later version, changed and signed again. */
  revise(changes: Partial<AttestationPolicy>): SignedPolicy
}

/** `rootsPem`: of the federation, as its identities have it. */
export async function createTestAttestation(
  federation: string,
  rootsPem: string,
  seed = 'federation tests',
): Promise<TestAttestation> {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-attestation-'))
  const platform = simulatedPlatform(seed)
  const attester = createSimulatedAttester(platform)
  const key = generateKeyPairSync('ed25519').privateKey
  const base: AttestationPolicy = {
    format: 'coffer-attestation-policy-v1',
    federation,
    version: 1,
    purpose: 'simulation',
    organisations: { founder: publicKeyPem(key) },
    threshold: 1,
    roots: [platform.rootPem],
    roles: {
      aggregator: {
        tcbStatuses: ['UpToDate'],
        advisories: [],
        minimumTcbEvaluation: 1,
        maximumCollateralAge: 40 * 86_400,
        programs: [programOf(parseQuote(platform.quote({ reportData: new Uint8Array(64) })).body)],
      },
    },
  }
  const sign = (policy: AttestationPolicy) => signPolicy({ policy, signatures: [] }, 'founder', key)
  const signed = sign(base)
  const collateral = collateralOf(platform)
  const policy = { digest: policyDigest(base), version: 1 }
  const recordsOf = (name: string) => join(directory, name)
  return {
    platform,
    attester,
    signed,
    policy,
    collateral,
    prover: (identity, changes) =>
      createProver({ federation, identity, attester, policy, now: Date.now, log: createTestLog().log, ...changes }),
    recordsOf,
    appraiser: (name, { signed: own = signed, now = Date.now, overlay } = {}) =>
      createAppraiser({
        federation,
        rootsPem,
        policy: own,
        ...(overlay === undefined ? {} : { overlay: { text: overlay, file: 'overlay.yaml' } }),
        collateral,
        records: createRecords(recordsOf(name)),
        now,
        log: createTestLog().log,
      }),
    revise: (changes) => sign({ ...base, version: 2, ...changes }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}

const simulatedPlatform = (seed: string) => createSimulatedPlatform({ seed, now: new Date(), tee: 'tdx-v4' })

/** The attester of the same platform in another process. */
export const simulatedAttester = (seed: string): Attester => createSimulatedAttester(simulatedPlatform(seed))

export function collateralOf(platform: SimulatedPlatform): CollateralSource {
  const json = platform.collateralJson()
  const collateral = parseCollateral(json)
  return {
    find: async () => ({ collateral, json }),
    forget: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
