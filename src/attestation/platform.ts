/**
 * Which collateral a quote needs, and which platform collateral is about. Read from documents that nobody has verified
 * yet: good for finding, not for believing.
 */
import { toHex } from '../crypto/index.ts'
import type { Collateral } from './collateral/collateral.ts'
import { EvidenceError } from './errors.ts'
import type { Quote } from './quote/quote.ts'
import type { Certificate } from './x509/certificate.ts'
import type { PlatformIdentity } from './x509/sgx-extension.ts'

export interface Platform {
  readonly tee: 'sgx' | 'tdx'
  /** The family of platforms: 6 bytes in hexadecimal, small letters. */
  readonly fmspc: string
  /** The authority that certifies it, which has a revocation list of its own. */
  readonly ca: 'processor' | 'platform'
}

/** Throws EvidenceError EVIDENCE_PCK_INVALID or EVIDENCE_CERTIFICATE_ROLE. */
export function platformOf(quote: Quote): Platform {
  const [, authority] = quote.chain
  return { tee: quote.header.tee, fmspc: platformIdentityOf(quote).fmspc, ca: authorityOf(authority) }
}

/** What the PCK certificate says of the platform. Throws EvidenceError EVIDENCE_PCK_INVALID. */
export function platformIdentityOf({ chain: [pck] }: Quote): PlatformIdentity {
  if (pck.sgx !== undefined) return pck.sgx
  throw new EvidenceError('EVIDENCE_PCK_INVALID', `the PCK certificate ${pck.serial} has no SGX extension`)
}

/** Throws EvidenceError EVIDENCE_CERTIFICATE_ROLE, or EVIDENCE_COLLATERAL_INVALID for parts about different TEEs. */
export function describedPlatform({ tcbInfo, qeIdentity, pckCrlChain }: Collateral): Platform {
  const { tee, fmspc } = tcbInfo.content
  if (qeIdentity.content.tee !== tee) {
    const text = `collateral: found TCB info for ${tee} and QE identity for ${qeIdentity.content.tee}`
    throw new EvidenceError('EVIDENCE_COLLATERAL_INVALID', text)
  }
  return { tee, fmspc: toHex(fmspc), ca: authorityOf(pckCrlChain[0]) }
}

function authorityOf({ commonName }: Certificate): Platform['ca'] {
  const [, kind] = /SGX PCK (Processor|Platform) CA/.exec(commonName) ?? []
  if (kind === 'Processor') return 'processor'
  if (kind === 'Platform') return 'platform'
  const text = `the PCK authority is "${commonName}", expected SGX PCK Processor CA or SGX PCK Platform CA`
  throw new EvidenceError('EVIDENCE_CERTIFICATE_ROLE', text)
}
