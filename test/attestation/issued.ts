/** Evidence of the simulated TEE, and reference values that accept what it issues when nothing is wrong. */
import { X509Certificate } from 'node:crypto'
import {
  type Body,
  parseCollateral,
  parseQuote,
  type ReferenceValues,
  type Trust,
  type Verdict,
  verifyEvidence,
} from '../../src/attestation/index.ts'
import { createSimulatedPlatform, type SimulatedPlatform, type TeeKind } from '../../src/tee/simulator/index.ts'

export const now = new Date('2026-11-21T12:00:00Z')
export const reportData = Uint8Array.from({ length: 64 }, (_, at) => 255 - at)

export const platformOf = (tee: TeeKind, fault?: string): SimulatedPlatform =>
  createSimulatedPlatform({ seed: 'attestation tests', now, tee, ...(fault === undefined ? {} : { fault }) })

const references = new Map<TeeKind, ReferenceValues>()

/** What a federation would write down about the honest program of each kind. */
export function referencesFor(tee: TeeKind): ReferenceValues {
  const values = references.get(tee) ?? observed(honest(tee))
  references.set(tee, values)
  return values
}

function observed(platform: SimulatedPlatform): ReferenceValues {
  const { body } = parseQuote(platform.quote({ reportData }))
  return {
    roots: [new X509Certificate(platform.rootPem).fingerprint256.replaceAll(':', '')],
    simulated: true,
    tcbStatuses: ['UpToDate'],
    advisories: [],
    minimumTcbEvaluation: 1,
    maximumCollateralAge: 30 * 86_400,
    programs: [programOf(body)],
  }
}

export function programOf(body: Body): ReferenceValues['programs'][number] {
  if (body.kind === 'sgx') {
    const { mrEnclave, mrSigner, isvProdId, isvSvn, configId } = body
    const lists = { mrEnclave: [mrEnclave], mrSigner: [mrSigner], configId: [configId] }
    return { tee: 'sgx', ...lists, isvProdId, minimumIsvSvn: isvSvn }
  }
  const { mrTd, mrSeam, rtmr0, rtmr1, rtmr2, rtmr3, mrConfigId, mrOwner, mrOwnerConfig, xfam } = body
  return {
    tee: 'tdx',
    ...{ mrTd: [mrTd], mrSeam: [mrSeam], rtmr0: [rtmr0], rtmr1: [rtmr1], rtmr2: [rtmr2], rtmr3: [rtmr3] },
    ...{ mrConfigId: [mrConfigId], mrOwner: [mrOwner], mrOwnerConfig: [mrOwnerConfig], xfam: [xfam] },
    serviceTds: [],
    minimumTeeTcbSvn: '00'.repeat(16),
  }
}

const platforms = new Map<TeeKind, SimulatedPlatform>()
export function honest(tee: TeeKind): SimulatedPlatform {
  const platform = platforms.get(tee) ?? platformOf(tee)
  platforms.set(tee, platform)
  return platform
}

/**
 * Verifies what `platform` issues under the honest root and reference values, as a party would; with its event log only if
 * told, since a body that was changed on purpose no longer agrees with the log.
 */
export function verifyIssued(
  platform: SimulatedPlatform,
  changes: Partial<Trust> | 'no policy' = {},
  log: 'with log' | 'without log' = 'without log',
): Verdict {
  const trust = {
    roots: honest(platform.tee).rootPem,
    collateral: parseCollateral(platform.collateralJson()),
    binding: { reportData },
    now,
  }
  const quote = platform.quote({ reportData })
  const eventLog = log === 'with log' ? platform.eventLog : undefined
  const evidence = eventLog === undefined ? { quote } : { quote, eventLog }
  if (changes === 'no policy') return verifyEvidence(evidence, trust)
  return verifyEvidence(evidence, { ...trust, policy: referencesFor(platform.tee), ...changes })
}
