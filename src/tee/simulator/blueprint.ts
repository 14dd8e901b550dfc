/**
 * Everything the simulator decides before it signs: who certifies whom, what the documents say, which key signs what.
 * An honest blueprint gives evidence that verifies; a fault changes one thing in it, and the evidence is issued all the
 * same, with signatures that are right for what was changed. `edits` are for damage after signing.
 */
import { ascii } from './bytes.ts'
import { CA_USAGE, type CertificatePlan, type CrlPlan, type KeyOf, keyIdentifier, LEAF_USAGE } from './certificate.ts'
import {
  fmspcOf,
  honestComponents,
  honestPceSvn,
  honestQeIdentity,
  honestTcbInfo,
  type QeIdentity,
  type TcbInfo,
} from './collateral-documents.ts'
import { honestEvents, type LoggedEvent } from './event-log.ts'
import { honestHeader, type QuotePlan, type QuoteSections, type TdBody } from './quote.ts'
import { honestBody, honestQeReport, namedMeasurement } from './body.ts'
import { isTdx, type TeeKind } from './tee-kind.ts'

/**
 * Not used by honest evidence: `otherCa`, the second PCK CA under the same root; `otherRoot` and `otherTcbSigner`, somebody
 * else's with the same names; `forgedCa`, the CA with the key and signature of a stranger.
 */
export type CertificateName =
  | 'root'
  | 'ca'
  | 'pck'
  | 'tcbSigner'
  | 'otherCa'
  | 'otherRoot'
  | 'otherTcbSigner'
  | 'forgedCa'

export interface SignedDocument<Value> {
  value: Value
  /** Makes another text of its JSON before it is signed. */
  write: (json: string) => string
  signer: string
}

export interface Blueprint {
  readonly tee: TeeKind
  readonly now: Date
  keyOf: KeyOf
  certificates: Record<CertificateName, CertificatePlan>
  crls: { root: CrlPlan; pck: CrlPlan; otherPck: CrlPlan }
  tcbInfo: SignedDocument<TcbInfo>
  qeIdentity: SignedDocument<QeIdentity>
  /** From the leaf to the root. */
  chains: Record<'quote' | 'pckCrl' | 'tcbInfo' | 'qeIdentity', CertificateName[]>
  /** Report data apart, what the body holds; a caller's own measurements are put in before `editBody`. */
  body: Record<string, Uint8Array>
  editBody: (body: Record<string, Uint8Array>) => void
  /** Of a TD; the registers of the body follow from the honest log. */
  eventLog: LoggedEvent[]
  quote: Omit<QuotePlan, 'chain'>
  edits: Edits
}

/** Applied after everything is signed. */
export interface Edits {
  certificate: (der: Uint8Array, name: CertificateName) => Uint8Array
  rootCrl: (der: Uint8Array) => Uint8Array
  pckCrl: (der: Uint8Array) => Uint8Array
  tcbInfo: (text: string) => string
  tcbInfoSignature: (raw: Uint8Array) => Uint8Array
  qeIdentity: (text: string) => string
  qeIdentitySignature: (raw: Uint8Array) => Uint8Array
  quoteChain: (pem: Uint8Array) => Uint8Array
  eventLog: (area: Uint8Array) => Uint8Array
  quote: (quote: Uint8Array, sections: QuoteSections) => Uint8Array
}

/** Label of the key that nobody certifies. */
export const stranger = 'stranger'

const day = 86_400_000
export const after = (now: Date, days: number): Date => new Date(now.getTime() + days * day)

/** Certificates do not depend on the time, so that the same seed is the same root in every process and on every day. */
export const certificatesFrom = new Date('2020-01-01T00:00:00Z')
export const certificatesUntil = new Date('2049-12-31T23:59:59Z')

const names = {
  root: 'Simulated TEE SGX Root CA',
  processor: 'Simulated TEE SGX PCK Processor CA',
  platform: 'Simulated TEE SGX PCK Platform CA',
  pck: 'Simulated TEE SGX PCK Certificate',
  tcbSigner: 'Simulated TEE SGX TCB Signing',
}

export function honestBlueprint(tee: TeeKind, now: Date, tdBody: TdBody, keyOf: KeyOf): Blueprint {
  const issued = after(now, -1)
  const nextUpdate = after(now, 29)
  const certificates = honestCertificates(tee, keyOf)
  return {
    tee,
    now,
    keyOf,
    certificates,
    crls: {
      root: crl(certificates.root, issued, after(now, 364)),
      pck: crl(certificates.ca, issued, nextUpdate),
      otherPck: crl(certificates.otherCa, issued, nextUpdate),
    },
    tcbInfo: { value: honestTcbInfo(tee, issued, nextUpdate), write: unchanged, signer: 'tcb-signer' },
    qeIdentity: { value: honestQeIdentity(tee, issued, nextUpdate), write: unchanged, signer: 'tcb-signer' },
    chains: {
      quote: ['pck', 'ca', 'root'],
      pckCrl: ['ca', 'root'],
      tcbInfo: ['tcbSigner', 'root'],
      qeIdentity: ['tcbSigner', 'root'],
    },
    body: honestBody(tee, tdBody),
    editBody: () => undefined,
    eventLog: honestEvents(),
    quote: {
      tee,
      tdBody,
      header: honestHeader(tee),
      qeReport: honestQeReport(tee),
      // Intel's library puts 0, 1, ... 31 here.
      qeAuth: Uint8Array.from({ length: 32 }, (_, index) => index),
      attestationKey: 'attestation',
      namedKey: 'attestation',
      quoteSigner: 'attestation',
      qeSigner: 'pck',
      certificationType: 5,
      bodyType: undefined,
      bodySize: undefined,
    },
    edits: noEdits(),
  }
}

function honestCertificates(tee: TeeKind, keyOf: KeyOf): Record<CertificateName, CertificatePlan> {
  // As Intel does: desktop and early server platforms under the Processor CA, TDX servers under the Platform CA.
  const [own, other] = isTdx(tee) ? (['platform', 'processor'] as const) : (['processor', 'platform'] as const)
  const plan = (key: string, subject: string, signer: string, issuer: string): CertificatePlan => ({
    serial: keyIdentifier(keyOf(key)),
    issuer,
    subject,
    notBefore: certificatesFrom,
    notAfter: certificatesUntil,
    key,
    signer,
    authority: signer,
    pathLength: undefined,
    keyUsage: LEAF_USAGE,
    crlUrl: 'https://certificates.simulated-tee.invalid/root.der',
    sgx: undefined,
    extensions: [],
  })
  const authority = { pathLength: 0, keyUsage: CA_USAGE }
  return {
    root: { ...plan('root', names.root, 'root', names.root), ...authority, pathLength: 1 },
    ca: { ...plan(own, names[own], 'root', names.root), ...authority },
    otherCa: { ...plan(other, names[other], 'root', names.root), ...authority },
    pck: {
      ...plan('pck', names.pck, own, names[own]),
      crlUrl: `https://api.simulated-tee.invalid/sgx/certification/v4/pckcrl?ca=${own}&encoding=der`,
      sgx: {
        ppid: namedMeasurement('PPID', 16),
        components: [...honestComponents],
        pceSvn: honestPceSvn,
        cpuSvn: Uint8Array.from(honestComponents),
        pceId: new Uint8Array(2),
        fmspc: new Uint8Array(Buffer.from(fmspcOf(tee), 'hex')),
        sgxType: isTdx(tee) ? 1 : 0,
        platformInstance: isTdx(tee) ? namedMeasurement('platform instance', 16) : undefined,
      },
    },
    tcbSigner: plan('tcb-signer', names.tcbSigner, 'root', names.root),
    otherRoot: { ...plan('other-root', names.root, 'other-root', names.root), ...authority, pathLength: 1 },
    forgedCa: { ...plan(stranger, names[own], stranger, names.root), ...authority },
    otherTcbSigner: plan('other-tcb-signer', names.tcbSigner, 'other-root', names.root),
  }
}

/** Honest lists are not empty: they revoke certificates that nobody here has. */
function crl(authority: CertificatePlan, thisUpdate: Date, nextUpdate: Date): CrlPlan {
  return {
    issuer: authority.subject,
    signer: authority.key,
    authority: authority.key,
    thisUpdate,
    nextUpdate,
    revoked: authority.pathLength === 0 ? [namedMeasurement('revoked platform', 20)] : [],
    extensions: [],
  }
}

function noEdits(): Edits {
  return {
    certificate: (der) => der,
    rootCrl: (der) => der,
    pckCrl: (der) => der,
    tcbInfo: (text) => text,
    tcbInfoSignature: (raw) => raw,
    qeIdentity: (text) => text,
    qeIdentitySignature: (raw) => raw,
    quoteChain: (pem) => pem,
    eventLog: (area) => area,
    quote: (quote) => quote,
  }
}

/** What is signed: the bytes of the document's JSON, without white space. */
export const documentBytes = ({ value, write }: SignedDocument<object>): Uint8Array =>
  ascii(write(JSON.stringify(value)))

const unchanged = (json: string): string => json
