/**
 * What a policy allows and its reviewers should have meant. Warnings, not refusals: each has its place somewhere, in a
 * pilot or while platforms are being updated, and each has been somebody's oversight.
 */
import { intelSgxRootPem } from '../../attestation/index.ts'
import { type AttestationPolicy, type PolicyProgram, rootOf } from '../../job/index.ts'
import { clean } from '../view/index.ts'
import { ageText } from './words.ts'

/** Intel renews collateral every 30 days; twice that long nobody has looked after a cache. */
const MAXIMUM_AGE = 45 * 86_400

export function policyWarnings(policy: AttestationPolicy): string[] {
  const { programs } = policy.roles.aggregator
  return [
    ...purposeWarnings(policy),
    ...signerWarnings(policy),
    ...platformWarnings(policy),
    ...programs.flatMap((program, at) => programWarnings(program).map((text) => `program ${at + 1} ${text}`)),
  ]
}

const when = (holds: boolean, text: string): string[] => (holds ? [text] : [])

function purposeWarnings({ purpose, roots }: AttestationPolicy): string[] {
  const intel = rootOf(intelSgxRootPem)?.fingerprint
  const others = roots.flatMap((pem) => rootOf(pem) ?? []).filter(({ fingerprint }) => fingerprint !== intel)
  if (purpose === 'simulation') return ['the purpose is simulation: what this policy accepts protects nothing']
  return others.map(({ name }) => `the root "${clean(name)}" is not Intel's: whoever holds its key can make evidence`)
}

function signerWarnings({ purpose, organisations, threshold }: AttestationPolicy): string[] {
  if (purpose !== 'production') return []
  const count = Object.keys(organisations).length
  if (count === 1) return ['there is one organisation: nobody else has to agree to a change']
  return when(threshold === 1, `the threshold is 1: each of the ${count} organisations can change the policy alone`)
}

const outdated: Readonly<Record<string, string>> = {
  OutOfDate: 'platforms with known weaknesses are accepted',
  OutOfDateConfigurationNeeded: 'platforms with known weaknesses are accepted',
  TDRelaunchAdvised: 'virtual machines that started on a TDX module with known weaknesses are accepted',
  TDRelaunchAdvisedConfigurationNeeded:
    'virtual machines that started on a TDX module with known weaknesses are accepted',
  Revoked: 'it has no effect, because revoked platforms are refused in any case',
}

function platformWarnings({ purpose, roles }: AttestationPolicy): string[] {
  const { tcbStatuses, minimumTcbEvaluation, maximumCollateralAge } = roles.aggregator
  const age = `collateral may be ${ageText(maximumCollateralAge)} old, more than ${ageText(MAXIMUM_AGE)}: revocations are learnt of that late`
  return [
    ...when(tcbStatuses.length === 0, 'no TCB status is accepted: no evidence will ever satisfy this policy'),
    ...tcbStatuses.flatMap((status) => (outdated[status] ? [`TCB status ${status}: ${outdated[status]}`] : [])),
    ...when(maximumCollateralAge > MAXIMUM_AGE, age),
    ...when(
      purpose === 'production' && minimumTcbEvaluation === 0,
      'the TCB evaluation number is 0: an older judgement of the platform by Intel may be shown instead of the newest',
    ),
  ]
}

function programWarnings(program: PolicyProgram): string[] {
  if (program.tee === 'tdx') {
    const { rtmr2, rtmr3 } = program
    return [
      ...when(
        rtmr2 === 'any' && rtmr3 === 'any',
        'pins neither RTMR2 nor RTMR3: any program in a virtual machine that starts with this firmware is accepted',
      ),
      ...when(program.rtmr1 === 'any', 'does not pin RTMR1: any kernel is accepted, which can measure what it likes'),
      ...emptyWarnings(program),
    ]
  }
  const { mrEnclave, mrSigner } = program
  if (mrEnclave !== 'any') return emptyWarnings(program)
  if (mrSigner === 'any') return ['pins neither MRENCLAVE nor MRSIGNER: no enclave will ever match']
  return [
    'does not pin MRENCLAVE: any enclave of this signer, product and version is accepted',
    ...emptyWarnings(program),
  ]
}

function emptyWarnings(program: PolicyProgram): string[] {
  return Object.entries(program)
    .filter(([name, value]) => name !== 'serviceTds' && Array.isArray(value) && value.length === 0)
    .map(([name]) => `has an empty list for ${name}: nothing will ever match`)
}
