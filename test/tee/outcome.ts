/** What the verifier says to simulated evidence, under reference values that describe the honest simulator exactly. */
import { createHash, X509Certificate } from 'node:crypto'
import {
  AttestationError,
  type ProgramReference,
  parseCollateral,
  parseQuote,
  type ReferenceValues,
  verifyEvidence,
} from '../../src/attestation/index.ts'
import type { SimulatedPlatform, TeeKind } from '../../src/tee/simulator/index.ts'
import { now, platformOf, reportData } from './evidence.ts'

export interface Outcome {
  /** Each code once, in the order of the verifier; empty: accepted. */
  readonly codes: readonly string[]
  readonly status: string | undefined
  readonly simulated: boolean | undefined
}

/** `withLog`: the event log goes with the quote, where there is one. */
export function outcomeOf(platform: SimulatedPlatform, withLog = false): Outcome {
  const { eventLog } = platform
  try {
    const verdict = verifyEvidence(
      { quote: platform.quote({ reportData }), ...(withLog && eventLog !== undefined ? { eventLog } : {}) },
      {
        roots: platform.rootPem,
        collateral: parseCollateral(platform.collateralJson()),
        policy: policies[platform.tee],
        binding: { reportData },
        now,
      },
    )
    return { codes: codesOf(verdict.reasons), status: verdict.tcb.status, simulated: verdict.simulated }
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    return { codes: codesOf(error.reasons), status: undefined, simulated: undefined }
  }
}

const codesOf = (reasons: readonly { readonly code: string }[]) => [...new Set(reasons.map(({ code }) => code))]

const policies = {
  'sgx-v3': referenceValues('sgx-v3'),
  'tdx-v4': referenceValues('tdx-v4'),
  'tdx-v5': referenceValues('tdx-v5'),
}

function referenceValues(tee: TeeKind): ReferenceValues {
  const honest = platformOf(tee)
  const fingerprint = createHash('sha256').update(new X509Certificate(honest.rootPem).raw).digest('hex')
  return {
    roots: [fingerprint],
    simulated: true,
    tcbStatuses: ['UpToDate'],
    advisories: [],
    minimumTcbEvaluation: 17,
    maximumCollateralAge: 30 * 86_400,
    programs: [program(honest)],
  }
}

function program(honest: SimulatedPlatform): ProgramReference {
  const { body } = parseQuote(honest.quote({ reportData }))
  if (body.kind === 'sgx') {
    const { mrEnclave, mrSigner, isvProdId, isvSvn, configId } = body
    return {
      tee: 'sgx',
      mrEnclave: [mrEnclave],
      mrSigner: [mrSigner],
      isvProdId,
      minimumIsvSvn: isvSvn,
      configId: [configId],
    }
  }
  return {
    tee: 'tdx',
    mrTd: [body.mrTd],
    mrSeam: [body.mrSeam],
    rtmr0: [body.rtmr0],
    rtmr1: [body.rtmr1],
    rtmr2: [body.rtmr2],
    rtmr3: [body.rtmr3],
    mrConfigId: [body.mrConfigId],
    mrOwner: [body.mrOwner],
    mrOwnerConfig: [body.mrOwnerConfig],
    xfam: [body.xfam],
    serviceTds: [],
    // Any: so that the TCB status, and not this, speaks about an old TDX module.
    minimumTeeTcbSvn: '00'.repeat(16),
  }
}
