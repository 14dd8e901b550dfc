/**
 * Collateral with what is asked of it before it is used: about which platform, until when. Every way in (network, cache,
 * bundle) ends here, so that the same text means the same everywhere.
 */
import { type Collateral, describedPlatform, parseCollateral, type Platform } from '../../src/attestation/index.ts'

/** The fields of the file form, in the order in which they are written. */
export interface CollateralFields {
  readonly pck_crl_issuer_chain: string
  readonly root_ca_crl: string
  readonly pck_crl: string
  readonly tcb_info_issuer_chain: string
  readonly tcb_info: string
  readonly tcb_info_signature: string
  readonly qe_identity_issuer_chain: string
  readonly qe_identity: string
  readonly qe_identity_signature: string
}

export interface ReadCollateral {
  readonly collateral: Collateral
  readonly json: string
  readonly platform: Platform
  /** Milliseconds since 1970: the first of all the dates after which some part is refused. */
  readonly validUntil: number
}

/** Throws EvidenceError: EVIDENCE_COLLATERAL_INVALID and those of certificates and revocation lists. */
export function readCollateral(source: string | object): ReadCollateral {
  const collateral = parseCollateral(source)
  const json = typeof source === 'string' ? source : `${JSON.stringify(source, null, 2)}\n`
  return { collateral, json, platform: describedPlatform(collateral), validUntil: validUntil(collateral) }
}

export interface DocumentFacts {
  readonly document: 'TCB info' | 'QE identity' | 'PCK CRL' | 'root CRL'
  readonly issuer: string
  /** Milliseconds since 1970. */
  readonly issued: number
  readonly nextUpdate: number
  readonly revoked?: number
  readonly evaluation?: number
}

export function collateralDocuments({
  tcbInfo,
  qeIdentity,
  pckCrl,
  rootCrl,
  pckCrlChain,
}: Collateral): DocumentFacts[] {
  const document = (name: DocumentFacts['document'], { chain, content }: typeof tcbInfo | typeof qeIdentity) => {
    const { issued, nextUpdate, evaluation } = content
    return { document: name, issuer: chain[0].commonName, issued, nextUpdate, evaluation }
  }
  const list = (
    name: DocumentFacts['document'],
    issuer: string,
    { thisUpdate, nextUpdate, revoked }: typeof pckCrl,
  ) => ({
    ...{ document: name, issuer, issued: thisUpdate, nextUpdate, revoked: revoked.size },
  })
  return [
    document('TCB info', tcbInfo),
    document('QE identity', qeIdentity),
    list('PCK CRL', pckCrlChain[0].commonName, pckCrl),
    list('root CRL', pckCrlChain[1].commonName, rootCrl),
  ]
}

function validUntil(collateral: Collateral): number {
  const { pckCrlChain, tcbInfo, qeIdentity } = collateral
  const certificates = [...pckCrlChain, ...tcbInfo.chain, ...qeIdentity.chain]
  return Math.min(
    ...collateralDocuments(collateral).map(({ nextUpdate }) => nextUpdate),
    ...certificates.map(({ notAfter }) => notAfter),
  )
}

/** tdx-50806f000000-platform: in file names, logs and messages. */
export const platformName = ({ tee, fmspc, ca }: Platform): string => `${tee}-${fmspc}-${ca}`

export const isoOf = (time: number): string => new Date(time).toISOString()

/** The members of an object that has exactly these names; undefined for anything else. */
export function exactMembers(value: unknown, names: readonly string[]): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const members = new Map<string, unknown>(Object.entries(value))
  return members.size === names.length && names.every((name) => members.has(name)) ? members : undefined
}
