/**
 * One way of issuing evidence that differs from the honest one in one thing. The name is stable: the command line takes
 * it. `touches` lists the parts of the evidence that come out different, all of them, so that a test can show that
 * nothing else does.
 */
import type { Blueprint } from '../blueprint.ts'
import type { SimulatedCollateral } from '../platform.ts'
import type { QuoteSections } from '../quote.ts'
import { type TeeKind, teeKinds } from '../tee-kind.ts'

/** A member of the collateral, the event log, a section of the quote, or `quote` where sections move or lengths no longer agree. */
export type Place = keyof SimulatedCollateral | `quote.${keyof QuoteSections}` | 'quote' | 'eventLog'

export interface Variation {
  /** The kinds of TEE that can have it. */
  readonly tees: readonly TeeKind[]
  readonly touches: readonly Place[]
  /** What a verifier must say to it, in words; of a control, why it must accept. */
  readonly provokes: string
  readonly apply: (blueprint: Blueprint) => void
}

/** Where a change of one certificate shows, and what follows from a change of what is signed. */
export const inPck: readonly Place[] = ['quote.chain']
export const inCa: readonly Place[] = ['quote.chain', 'pck_crl_issuer_chain']
export const inTcbSigner: readonly Place[] = ['tcb_info_issuer_chain', 'qe_identity_issuer_chain']
export const inTcbInfo: readonly Place[] = ['tcb_info', 'tcb_info_signature']
export const inQeIdentity: readonly Place[] = ['qe_identity', 'qe_identity_signature']
export const inHeader: readonly Place[] = ['quote.header', 'quote.signature']
export const inBody: readonly Place[] = ['quote.body', 'quote.signature']
export const inQeReport: readonly Place[] = ['quote.qeReport', 'quote.qeSignature']

export const sgx: readonly TeeKind[] = ['sgx-v3']
export const tdx: readonly TeeKind[] = ['tdx-v4', 'tdx-v5']
export const tdxV5: readonly TeeKind[] = ['tdx-v5']

export function variation(
  touches: readonly Place[],
  provokes: string,
  apply: (blueprint: Blueprint) => void,
  tees: readonly TeeKind[] = teeKinds,
): Variation {
  return { tees, touches, provokes, apply }
}
