/**
 * A simulated platform: a whole attestation infrastructure with its own root, and a machine that issues quotes under it.
 * It really signs, in Intel's formats; only the root tells it from the real one. Deterministic: the same seed, time, kind
 * and report data give the same bytes. Whoever knows the seed can sign anything, so nothing outside of demonstrations and
 * tests may trust the root.
 */
import { requireReportData } from '../attester.ts'
import { TeeError } from '../errors.ts'
import {
  type Blueprint,
  type CertificateName,
  certificatesFrom,
  certificatesUntil,
  after,
  documentBytes,
  honestBlueprint,
} from './blueprint.ts'
import { join } from './bytes.ts'
import { issueCertificate, issueCrl, type KeyOf } from './certificate.ts'
import * as der from './der.ts'
import { writeEventLog } from './event-log.ts'
import { applyVariation } from './faults/index.ts'
import { assembleQuote, pemBytes, type QuoteSections, quoteSections, type TdBody } from './quote.ts'
import { deriveSigningKey, type SigningKey } from './signing-key.ts'
import { isTdx, type TeeKind, teeKinds } from './tee-kind.ts'

export interface SimulatedPlatformOptions {
  /** Names the keys; not empty. */
  seed: string
  /** Collateral is one day old at this time and valid for another 29. 2020-02-01 to 2048-12-31. */
  now: Date
  tee: TeeKind
  /** Which TD body a v5 quote carries; TD 1.5 unless told. */
  tdBody?: TdBody
  /** The name of a fault or of a control, see `faults` and `controls`. */
  fault?: string
}

export interface QuoteRequest {
  /** 64 bytes. */
  reportData: Uint8Array
  /** Fields of the body that differ from the simulator's own, by the names of layout.ts: `mrTd`, `mrEnclave`, ... */
  body?: Readonly<Record<string, Uint8Array>>
  /** Zero bytes after the quote, as some clouds append them; 0 unless told, at most 8,192. */
  padding?: number
}

/** The JSON form in which collateral is kept in files: chains as PEM, CRLs and signatures in hexadecimal. */
export interface SimulatedCollateral {
  pck_crl_issuer_chain: string
  root_ca_crl: string
  pck_crl: string
  tcb_info_issuer_chain: string
  tcb_info: string
  tcb_info_signature: string
  qe_identity_issuer_chain: string
  qe_identity: string
  qe_identity_signature: string
}

export interface SimulatedPlatform {
  readonly tee: TeeKind
  /** The root that a policy for this simulator trusts; the same for every fault. */
  readonly rootPem: string
  readonly collateral: Readonly<SimulatedCollateral>
  collateralJson(): string
  /** CCEL area of a TD with the simulator's own registers; not of a TD whose registers a caller chose. */
  readonly eventLog: Uint8Array | undefined
  /** Throws TeeError TEE_REPORT_DATA_LENGTH or TEE_SIMULATOR_OPTION. */
  quote(request: QuoteRequest): Uint8Array
  /** Where the parts of its quotes begin, as long as no fault moves them. */
  readonly sections: QuoteSections
}

const maximumPadding = 8192

/** Throws TeeError TEE_SIMULATOR_OPTION or TEE_SIMULATOR_FAULT. */
export function createSimulatedPlatform(options: SimulatedPlatformOptions): SimulatedPlatform {
  verifyOptions(options)
  const { tee, now } = options
  const keyOf = createKeyRing(options.seed)
  const tdBody = options.tdBody ?? (tee === 'tdx-v5' ? 'td-1.5' : 'td-1.0')
  const honest = honestBlueprint(tee, now, tdBody, keyOf)
  const rootPem = der.pem(issueCertificate(honest.certificates.root, keyOf))
  const blueprint = honestBlueprint(tee, now, tdBody, keyOf)
  if (options.fault !== undefined) applyVariation(options.fault, blueprint)

  const chainOf = createChains(blueprint)
  const chain = blueprint.edits.quoteChain(pemBytes(chainOf(blueprint.chains.quote)))
  const plan = { ...blueprint.quote, chain }
  const sections = quoteSections(plan)
  const collateral = Object.freeze(issueCollateral(blueprint, chainOf))
  return {
    tee,
    rootPem,
    collateral,
    collateralJson: () => `${JSON.stringify(collateral, null, 2)}\n`,
    eventLog: isTdx(tee) ? blueprint.edits.eventLog(writeEventLog(blueprint.eventLog)) : undefined,
    sections,
    quote(request) {
      requireReportData(request.reportData)
      const padding = verifyPadding(request.padding ?? 0)
      const body = { ...blueprint.body, ...request.body, reportData: request.reportData }
      blueprint.editBody(body)
      const quote = assembleQuote(plan, body, blueprint.keyOf)
      return join(blueprint.edits.quote(quote, sections), new Uint8Array(padding))
    },
  }
}

function verifyOptions({ seed, now, tee, tdBody }: SimulatedPlatformOptions): void {
  const refuse = (message: string): never => {
    throw new TeeError('TEE_SIMULATOR_OPTION', message)
  }
  if (!teeKinds.includes(tee)) refuse(`tee: found ${JSON.stringify(tee)}, expected one of ${teeKinds.join(', ')}`)
  if (seed === '') refuse('seed: found no text, expected at least one character')
  if (tdBody === 'td-1.5' ? tee !== 'tdx-v5' : tdBody === 'td-1.0' && !isTdx(tee)) {
    refuse(`tdBody: found ${tdBody} for ${tee}, which does not carry it`)
  }
  const earliest = after(certificatesFrom, 31)
  const latest = after(certificatesUntil, -365)
  // Written so that an invalid Date is refused too: comparisons with NaN are false.
  if (!(now >= earliest && now <= latest)) {
    const found = Number.isNaN(now.getTime()) ? 'no time' : now.toISOString()
    refuse(`now: found ${found}, expected ${earliest.toISOString()} to ${latest.toISOString()}`)
  }
}

function verifyPadding(padding: number): number {
  if (Number.isInteger(padding) && padding >= 0 && padding <= maximumPadding) return padding
  throw new TeeError('TEE_SIMULATOR_OPTION', `padding: found ${padding}, expected 0 to ${maximumPadding} bytes`)
}

function createKeyRing(seed: string): KeyOf {
  const keys = new Map<string, SigningKey>()
  return (label) => {
    const key = keys.get(label) ?? deriveSigningKey(seed, label)
    keys.set(label, key)
    return key
  }
}

/** PEM of a chain; each certificate is issued when the first chain needs it. */
type ChainOf = (names: readonly CertificateName[]) => string

function createChains({ certificates, edits, keyOf }: Blueprint): ChainOf {
  const issued = new Map<CertificateName, string>()
  const issue = (name: CertificateName): string => {
    const pem = issued.get(name) ?? der.pem(edits.certificate(issueCertificate(certificates[name], keyOf), name))
    issued.set(name, pem)
    return pem
  }
  return (names) => names.map(issue).join('')
}

function issueCollateral(blueprint: Blueprint, chainOf: ChainOf): SimulatedCollateral {
  const { chains, crls, edits, keyOf, tcbInfo, qeIdentity } = blueprint
  const tcbInfoBytes = documentBytes(tcbInfo)
  const qeIdentityBytes = documentBytes(qeIdentity)
  return {
    pck_crl_issuer_chain: chainOf(chains.pckCrl),
    root_ca_crl: hex(edits.rootCrl(issueCrl(crls.root, keyOf))),
    pck_crl: hex(edits.pckCrl(issueCrl(crls.pck, keyOf))),
    tcb_info_issuer_chain: chainOf(chains.tcbInfo),
    tcb_info: edits.tcbInfo(new TextDecoder().decode(tcbInfoBytes)),
    tcb_info_signature: hex(edits.tcbInfoSignature(keyOf(tcbInfo.signer).sign(tcbInfoBytes))),
    qe_identity_issuer_chain: chainOf(chains.qeIdentity),
    qe_identity: edits.qeIdentity(new TextDecoder().decode(qeIdentityBytes)),
    qe_identity_signature: hex(edits.qeIdentitySignature(keyOf(qeIdentity.signer).sign(qeIdentityBytes))),
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
