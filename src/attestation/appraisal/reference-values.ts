/**
 * What a relying party accepts. An empty list matches nothing, and so does an absent one: whatever may be anything says
 * 'any'. Byte strings are hexadecimal, lower or upper case.
 */
import type { TcbStatus } from '../tcb.ts'

export type Allowed = readonly string[] | 'any'

export interface ReferenceValues {
  /** SHA-256 fingerprints of root certificates. */
  readonly roots: readonly string[]
  /** True only for demonstrations and tests: accepts a root that says it is simulated (it must be listed as well). */
  readonly simulated: boolean
  readonly tcbStatuses: readonly TcbStatus[]
  readonly advisories: readonly string[]
  /** The least tcbEvaluationDataNumber of TCB info and QE identity. */
  readonly minimumTcbEvaluation: number
  /** Seconds since TCB info, QE identity and the PCK CRL were issued; the root's CRL is a yearly one. */
  readonly maximumCollateralAge: number
  /** The evidence must be of one of these. */
  readonly programs: readonly ProgramReference[]
}

export type ProgramReference = TdxReference | SgxReference

export interface TdxReference {
  readonly tee: 'tdx'
  readonly mrTd: readonly string[]
  readonly mrSeam: Allowed
  readonly rtmr0: Allowed
  readonly rtmr1: Allowed
  readonly rtmr2: Allowed
  readonly rtmr3: Allowed
  readonly mrConfigId: Allowed
  readonly mrOwner: Allowed
  readonly mrOwnerConfig: Allowed
  readonly xfam: Allowed
  /** MRSERVICETD values; no service TD (all zero) is always accepted. */
  readonly serviceTds: readonly string[]
  /** 16 bytes, compared byte by byte with TEE_TCB_SVN. */
  readonly minimumTeeTcbSvn: string
}

/** Exact enclaves by MRENCLAVE, or any enclave of a signer with its product and least version; both lists must match. */
export interface SgxReference {
  readonly tee: 'sgx'
  readonly mrEnclave: Allowed
  readonly mrSigner: Allowed
  readonly isvProdId: number
  readonly minimumIsvSvn: number
  readonly configId: Allowed
}
