/**
 * A quote from its plan: header and body, the signature of the attestation key over both, and the certification data
 * that leads from that key to the root: the quoting enclave's report, which names the key, the signature of the PCK
 * over the report, and the PEM chain of the PCK.
 */
import { createHash } from 'node:crypto'
import { ascii, join, littleEndian } from './bytes.ts'
import type { KeyOf } from './certificate.ts'
import { headerLayout, type Layout, pack, sgxLayout, td10Layout, td15Layout, type Values } from './layout.ts'
import { isTdx, type TeeKind } from './tee-kind.ts'

export type TdBody = 'td-1.0' | 'td-1.5'

export interface QuotePlan {
  tee: TeeKind
  tdBody: TdBody
  header: Record<string, Uint8Array>
  qeReport: Record<string, Uint8Array>
  qeAuth: Uint8Array
  /** Labels of keys: in the quote; named by the QE report; signing header and body; signing the QE report. */
  attestationKey: string
  namedKey: string
  quoteSigner: string
  qeSigner: string
  /** PEM of PCK, CA and root; ends with a zero byte, as that of Intel's library does. */
  chain: Uint8Array
  /** 5: PEM chain. */
  certificationType: number
  /** Version 5 only; `undefined`: what belongs to the body. */
  bodyType: number | undefined
  bodySize: number | undefined
}

/** The offset at which each part of an honest quote begins, in order. */
export type QuoteSections = Readonly<Record<(typeof sectionNames)[number], number>>
const sectionNames = [
  'header',
  'body',
  'authLength',
  'signature',
  'attestationKey',
  'wrapper',
  'qeReport',
  'qeSignature',
  'qeAuth',
  'chainHeader',
  'chain',
  'end',
] as const

/** The Quoting Enclave of Intel: 939a7233-f79c-4ca9-940a-0db3957f0607. */
const intelQeVendor = new Uint8Array(Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex'))

export function honestHeader(tee: TeeKind): Record<string, Uint8Array> {
  return {
    version: littleEndian({ 'sgx-v3': 3, 'tdx-v4': 4, 'tdx-v5': 5 }[tee], 2),
    keyType: littleEndian(2, 2),
    teeType: littleEndian(isTdx(tee) ? 0x81 : 0, 4),
    // A v3 header carries the SVNs of the quoting and the provisioning enclave; later ones reserve the two fields.
    ...(isTdx(tee) ? {} : { qeSvn: littleEndian(8, 2), pceSvn: littleEndian(13, 2) }),
    vendor: intelQeVendor,
    userData: new Uint8Array(createHash('sha256').update('simulated platform').digest().subarray(0, 20)),
  }
}

export function bodyLayout(tee: TeeKind, tdBody: TdBody): Layout {
  if (!isTdx(tee)) return sgxLayout
  return tdBody === 'td-1.0' ? td10Layout : td15Layout
}

export function assembleQuote(plan: QuotePlan, bodyValues: Values, keyOf: KeyOf): Uint8Array {
  const layout = bodyLayout(plan.tee, plan.tdBody)
  const signedPart = join(pack(headerLayout, plan.header), bodyDescriptor(plan, layout), pack(layout, bodyValues))
  const qeReport = pack(sgxLayout, { ...plan.qeReport, reportData: qeReportData(plan, keyOf) })
  const certification = join(
    qeReport,
    keyOf(plan.qeSigner).sign(qeReport),
    littleEndian(plan.qeAuth.length, 2),
    plan.qeAuth,
    block(plan.certificationType, plan.chain),
  )
  const auth = join(
    keyOf(plan.quoteSigner).sign(signedPart),
    keyOf(plan.attestationKey).point,
    // Type 6: "QE report certification data", the wrapper that version 4 put around what version 3 has bare.
    isTdx(plan.tee) ? block(6, certification) : certification,
  )
  return join(signedPart, littleEndian(auth.length, 4), auth)
}

/** The parts of a quote that was issued without a fault, for whoever compares or damages one. */
export function quoteSections(plan: Pick<QuotePlan, 'tee' | 'tdBody' | 'qeAuth' | 'chain'>): QuoteSections {
  const lengths: Record<(typeof sectionNames)[number], number> = {
    header: headerLayout.size,
    body: (plan.tee === 'tdx-v5' ? 6 : 0) + bodyLayout(plan.tee, plan.tdBody).size,
    authLength: 4,
    signature: 64,
    attestationKey: 64,
    wrapper: isTdx(plan.tee) ? 6 : 0,
    qeReport: sgxLayout.size,
    qeSignature: 64,
    qeAuth: 2 + plan.qeAuth.length,
    chainHeader: 6,
    chain: plan.chain.length,
    end: 0,
  }
  const starts = { ...lengths }
  let offset = 0
  for (const section of sectionNames) {
    starts[section] = offset
    offset += lengths[section]
  }
  return starts
}

export const pemBytes = (pem: string): Uint8Array => join(ascii(pem), Uint8Array.of(0))

const block = (type: number, content: Uint8Array): Uint8Array =>
  join(littleEndian(type, 2), littleEndian(content.length, 4), content)

/** Version 5 says in front of the body which body it is. */
function bodyDescriptor(plan: QuotePlan, layout: Layout): Uint8Array {
  if (plan.tee !== 'tdx-v5') return new Uint8Array(0)
  const type = plan.bodyType ?? (plan.tdBody === 'td-1.0' ? 2 : 3)
  return join(littleEndian(type, 2), littleEndian(plan.bodySize ?? layout.size, 4))
}

/** SHA-256 of attestation key and authentication data, then 32 zero bytes. */
function qeReportData(plan: QuotePlan, keyOf: KeyOf): Uint8Array {
  const digest = createHash('sha256').update(keyOf(plan.namedKey).point).update(plan.qeAuth).digest()
  return join(digest, new Uint8Array(32))
}
