/** Good evidence against reference values. Every reason is listed; no list means no match. */
import type { Reason } from '../errors.ts'
import type { SgxBody, TdBody } from '../quote/body.ts'
import type { Facts } from '../verdict.ts'
import type { AppraisalCode } from './errors.ts'
import type { Allowed, ProgramReference, ReferenceValues, SgxReference, TdxReference } from './reference-values.ts'

type AppraisalReason = Reason<AppraisalCode>

/** Without reference values only what no policy can accept. `now` as milliseconds since 1970. */
export function appraiseAll(
  facts: Facts,
  policy: ReferenceValues | readonly ReferenceValues[] | undefined,
  now: number,
): AppraisalReason[] {
  const policies = policy !== undefined && 'length' in policy ? policy : [policy]
  // No policy at all is looking at files; an empty list of policies would be accepting everything.
  if (policies.length === 0) return [{ code: 'APPRAISAL_TEE', text: 'a list of policies without a policy' }]
  const reasons = policies.flatMap((each) => appraise(facts, each, now))
  return reasons.filter(({ text }, at) => reasons.findIndex((other) => other.text === text) === at)
}

function appraise(facts: Facts, policy: ReferenceValues | undefined, now: number): AppraisalReason[] {
  const revoked: AppraisalReason[] = [facts.tcb.status, facts.tcb.current?.status].includes('Revoked')
    ? [{ code: 'APPRAISAL_TCB_REVOKED', text: 'TCB status Revoked' }]
    : []
  if (policy === undefined) return revoked
  return [
    ...appraiseRoot(facts, policy),
    ...revoked,
    ...appraiseTcb(facts, policy, now),
    ...appraiseMode(facts),
    ...appraiseProgram(facts, policy.programs),
  ]
}

function appraiseRoot({ root, simulated }: Facts, policy: ReferenceValues): AppraisalReason[] {
  return [
    ...unless(
      includes(policy.roots, root.fingerprint),
      'APPRAISAL_ROOT',
      `root "${root.name}", SHA-256 ${root.fingerprint}`,
    ),
    ...unless(!simulated || policy.simulated === true, 'APPRAISAL_SIMULATED', `root "${root.name}" is SIMULATED`),
  ]
}

function appraiseTcb({ tcb, collateral }: Facts, policy: ReferenceValues, now: number): AppraisalReason[] {
  const { tcbStatuses, advisories, minimumTcbEvaluation, maximumCollateralAge } = policy
  const age = Math.floor((now - collateral.oldestIssue.getTime()) / 1000)
  const current = tcb.evaluation >= minimumTcbEvaluation
  const accepted = tcb.status === 'Revoked' || includes(tcbStatuses, tcb.status)
  return [
    ...unless(
      accepted,
      'APPRAISAL_TCB_STATUS',
      `TCB status ${tcb.status}, accepted: ${(tcbStatuses ?? []).join(', ')}`,
    ),
    ...tcb.advisories
      .filter((advisory) => !includes(advisories, advisory))
      .map((advisory) => ({ code: 'APPRAISAL_ADVISORY' as const, text: `${advisory} applies and is not listed` })),
    ...unless(
      current,
      'APPRAISAL_TCB_EVALUATION',
      `TCB evaluation ${tcb.evaluation}, expected ${minimumTcbEvaluation} or later`,
    ),
    ...unless(
      age <= maximumCollateralAge,
      'APPRAISAL_COLLATERAL_AGE',
      `collateral is ${age} s old, at most ${maximumCollateralAge} s`,
    ),
  ]
}

/** How the program was started; the same for every program. */
function appraiseMode({ body }: Facts): AppraisalReason[] {
  return body.kind === 'sgx' ? appraiseSgxMode(body) : appraiseTdMode(body)
}

/** INIT and MODE64 set; PROVISIONKEY, EINITTOKEN_KEY clear (SDM volume 3D, ATTRIBUTES). */
function appraiseSgxMode({ attributes, debug }: SgxBody): AppraisalReason[] {
  const flags = Number.parseInt(attributes.slice(0, 2), 16)
  const plain = (flags & 0b0011_0101) === 0b0000_0101
  return [
    ...unless(!debug, 'APPRAISAL_DEBUG', `enclave attributes ${attributes}: DEBUG is set`),
    ...unless(plain, 'APPRAISAL_SGX_ATTRIBUTES', `enclave attributes ${attributes}`),
  ]
}

function appraiseTdMode({ tdAttributes: td }: TdBody): AppraisalReason[] {
  const strange = [...td.otherDebug, ...td.unknown]
  return [
    ...unless(!td.debug, 'APPRAISAL_DEBUG', `TD attributes ${td.hex}: DEBUG is set`),
    ...unless(td.septVeDisable, 'APPRAISAL_SEPT_VE_DISABLE', `TD attributes ${td.hex}: SEPT_VE_DISABLE is clear`),
    ...unless(!td.migratable, 'APPRAISAL_MIGRATABLE', `TD attributes ${td.hex}: MIGRATABLE is set`),
    ...unless(strange.length === 0, 'APPRAISAL_TD_ATTRIBUTES', `TD attributes ${td.hex}: bits ${strange.join(', ')}`),
  ]
}

/** Reasons against the program that comes closest, so that one changed register is named and not all of them. */
function appraiseProgram({ body, tee }: Facts, programs: readonly ProgramReference[] | undefined): AppraisalReason[] {
  const reasons = (programs ?? []).flatMap((program) => {
    if (program.tee === 'sgx') return body.kind === 'sgx' ? [appraiseEnclave(body, program)] : []
    return body.kind === 'sgx' ? [] : [appraiseTd(body, program)]
  })
  const [closest] = reasons.sort((a, b) => a.length - b.length)
  return closest ?? [{ code: 'APPRAISAL_TEE', text: `no reference values for programs in ${tee}` }]
}

const REGISTERS = [
  ...(['mrTd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3', 'mrConfigId', 'mrOwner', 'mrOwnerConfig', 'xfam'] as const),
]

function appraiseTd(body: TdBody, program: TdxReference): AppraisalReason[] {
  const service = body.mrServiceTd ?? ''
  return [
    ...REGISTERS.flatMap((name) => measured(name, body[name], name === 'mrTd' ? listed(program[name]) : program[name])),
    ...unless(allows(program.mrSeam, body.mrSeam), 'APPRAISAL_SEAM_MODULE', `MRSEAM ${body.mrSeam} is not listed`),
    ...unless(
      /^0*$/.test(service) || includes(program.serviceTds, service),
      'APPRAISAL_SERVICE_TD',
      `MRSERVICETD ${service} is not listed`,
    ),
    ...unless(
      reachesSvn(body.teeTcbSvn, program.minimumTeeTcbSvn),
      'APPRAISAL_SVN',
      `TEE_TCB_SVN ${body.teeTcbSvn}, at least ${program.minimumTeeTcbSvn}`,
    ),
  ]
}

function appraiseEnclave(body: SgxBody, program: SgxReference): AppraisalReason[] {
  const identified = program.mrEnclave !== 'any' || program.mrSigner !== 'any'
  const product = body.isvProdId === program.isvProdId
  return [
    ...measured('mrEnclave', body.mrEnclave, program.mrEnclave),
    ...measured('mrSigner', body.mrSigner, program.mrSigner),
    ...measured('configId', body.configId, program.configId),
    ...unless(identified, 'APPRAISAL_MEASUREMENT', 'the reference values name neither MRENCLAVE nor MRSIGNER'),
    ...unless(product, 'APPRAISAL_MEASUREMENT', `isvProdId ${body.isvProdId}, expected ${program.isvProdId}`),
    ...unless(
      body.isvSvn >= program.minimumIsvSvn,
      'APPRAISAL_SVN',
      `isvSvn ${body.isvSvn}, at least ${program.minimumIsvSvn}`,
    ),
  ]
}

const measured = (name: string, value: string, allowed: Allowed): AppraisalReason[] =>
  unless(allows(allowed, value), 'APPRAISAL_MEASUREMENT', `${name} ${value} is not listed`)

/** The first measurement of a TD is never 'any', whatever a policy that was not checked says. */
const listed = (allowed: Allowed): readonly string[] => (allowed === 'any' ? [] : allowed)

const allows = (allowed: Allowed, value: string): boolean => allowed === 'any' || includes(allowed, value)

/** Hostile or old policies may lack a list at run time, whatever the types say: that matches nothing. */
function includes(list: readonly string[] | undefined, value: string): boolean {
  return Array.isArray(list) && list.some((each) => String(each).toLowerCase() === value.toLowerCase())
}

function reachesSvn(found: string, least: string): boolean {
  const least16 = Buffer.from(String(least), 'hex')
  return least16.length === 16 && Buffer.from(found, 'hex').every((svn, at) => svn >= (least16[at] ?? 256))
}

function unless(holds: boolean, code: AppraisalCode, text: string): AppraisalReason[] {
  return holds ? [] : [{ code, text }]
}
