/**
 * *The evidence is good, but not what I trust*: genuine, current, of this session, and still not a program, platform
 * state or root that the reference values accept. A verdict lists every such reason.
 */
import type { ErrorTable } from '../../errors/index.ts'
import { AttestationError, type Reason } from '../errors.ts'

const measure = 'Compare with the measurements of the release; have the policy list them if the federation agrees.'
const operator = 'Have the operator start the program without this; never list it for production.'

export const appraisalErrors = {
  APPRAISAL_TEE: {
    status: 'PERMISSION_DENIED',
    cause: 'The reference values have no program for this kind of TEE, or no program at all.',
    next: measure,
  },
  APPRAISAL_ROOT: {
    status: 'PERMISSION_DENIED',
    cause: 'The root that the evidence ends in is not one that the reference values list.',
    next: 'Check whether the aggregator runs on the hardware that the federation agreed on.',
  },
  APPRAISAL_SIMULATED: {
    status: 'PERMISSION_DENIED',
    cause: 'The evidence is of a simulated TEE, which protects nothing.',
    next: 'Run the aggregator in a TEE; simulation is for demonstrations and tests only.',
  },
  APPRAISAL_TCB_REVOKED: {
    status: 'PERMISSION_DENIED',
    cause: 'The security version of the platform was revoked: its keys may be known to others.',
    next: 'Have the operator recover or replace the platform; no policy can accept this status.',
  },
  APPRAISAL_TCB_STATUS: {
    status: 'PERMISSION_DENIED',
    cause: 'The TCB status of the platform is not among the accepted ones.',
    next: 'Have the operator update the platform, or the federation accept the status in its policy.',
  },
  APPRAISAL_ADVISORY: {
    status: 'PERMISSION_DENIED',
    cause: 'A security advisory that the reference values do not list applies to the platform.',
    next: 'Read the advisory; have the operator update the platform, or the federation list it in its policy.',
  },
  APPRAISAL_TCB_EVALUATION: {
    status: 'FAILED_PRECONDITION',
    cause: 'The collateral is of an older TCB evaluation than the reference values demand.',
    next: 'Fetch the collateral again.',
  },
  APPRAISAL_COLLATERAL_AGE: {
    status: 'FAILED_PRECONDITION',
    cause: 'The collateral is valid but older than the reference values allow.',
    next: 'Fetch the collateral again.',
  },
  APPRAISAL_DEBUG: {
    status: 'PERMISSION_DENIED',
    cause: 'The enclave or TD runs in debug mode: its host can read its memory.',
    next: operator,
  },
  APPRAISAL_SGX_ATTRIBUTES: {
    status: 'PERMISSION_DENIED',
    cause: 'The enclave is not initialised, not 64-bit, or may derive provisioning or launch keys.',
    next: operator,
  },
  APPRAISAL_SEPT_VE_DISABLE: {
    status: 'PERMISSION_DENIED',
    cause: 'The TD runs without SEPT_VE_DISABLE: its host can inject exceptions by removing pages.',
    next: operator,
  },
  APPRAISAL_MIGRATABLE: {
    status: 'PERMISSION_DENIED',
    cause: 'The TD may be migrated to another platform, which nobody attested.',
    next: operator,
  },
  APPRAISAL_TD_ATTRIBUTES: {
    status: 'PERMISSION_DENIED',
    cause: 'The TD has attributes of the debug group, or ones that are not known here.',
    next: operator,
  },
  APPRAISAL_SERVICE_TD: {
    status: 'PERMISSION_DENIED',
    cause: 'A service TD that the reference values do not list is bound to the TD and may change it.',
    next: 'Ask the cloud which service TD this is; list it only if the federation trusts it.',
  },
  APPRAISAL_SEAM_MODULE: {
    status: 'PERMISSION_DENIED',
    cause: 'The TDX module is not one that the reference values list.',
    next: 'Have the operator update the TDX module, or the policy list the new one.',
  },
  APPRAISAL_MEASUREMENT: {
    status: 'PERMISSION_DENIED',
    cause: 'A measurement of the program or its configuration is not one that the reference values list.',
    next: measure,
  },
  APPRAISAL_SVN: {
    status: 'PERMISSION_DENIED',
    cause: 'The security version of the program or the TDX module is below the least that is accepted.',
    next: 'Have the operator install the current release.',
  },
} as const satisfies ErrorTable<string>

export type AppraisalCode = keyof typeof appraisalErrors

export class AppraisalError extends AttestationError<AppraisalCode> {
  constructor(reasons: readonly [Reason<AppraisalCode>, ...Reason<AppraisalCode>[]], options?: ErrorOptions) {
    super(appraisalErrors, reasons, options)
  }
}
