/** What Intel says today: signed by the TCB signer, of this day, about this kind of TEE, platform and TDX module. */
import { toHex } from '../../crypto/index.ts'
import type { TdBody } from '../quote/body.ts'
import type { Quote } from '../quote/quote.ts'
import { masked } from '../quote/verify.ts'
import type { Verification } from '../verification.ts'
import type { PlatformIdentity } from '../x509/sgx-extension.ts'
import type { Collateral, SignedDocument } from './collateral.ts'
import type { TcbInfo, TdxModule, TdxModuleIdentity } from './tcb-info.ts'

export function verifyCollateral(
  run: Verification,
  quote: Quote,
  { tcbInfo, qeIdentity }: Collateral,
  platform: PlatformIdentity,
): void {
  const { tee } = quote.header
  verifyDocument(run, tcbInfo, 'TCB_INFO', 'TCB info')
  const { content } = tcbInfo
  run.check(content.tee === tee, 'EVIDENCE_TCB_INFO_TEE', () => `TCB info is for ${content.tee}, the quote of ${tee}`)
  const fmspc = toHex(content.fmspc)
  run.check(
    fmspc === platform.fmspc,
    'EVIDENCE_FMSPC_MISMATCH',
    () => `TCB info is for FMSPC ${fmspc}, the PCK certificate for ${platform.fmspc}`,
  )
  const pceId = toHex(content.pceId)
  run.check(
    pceId === platform.pceId,
    'EVIDENCE_PCE_ID_MISMATCH',
    () => `TCB info is for PCE id ${pceId}, the PCK certificate for ${platform.pceId}`,
  )
  verifyDocument(run, qeIdentity, 'QE_IDENTITY', 'QE identity')
  const enclave = qeIdentity.content.tee
  run.check(enclave === tee, 'EVIDENCE_QE_IDENTITY_TEE', () => `QE identity is for ${enclave}, the quote of ${tee}`)
}

function verifyDocument(
  run: Verification,
  { content, signed, signature, chain }: SignedDocument<{ readonly issued: number; readonly nextUpdate: number }>,
  name: 'TCB_INFO' | 'QE_IDENTITY',
  what: string,
): void {
  const genuine = run.verifyOnce(chain[0].key, signed, signature, 'raw')
  run.check(genuine, `EVIDENCE_${name}_SIGNATURE`, () => `${what} is not signed by "${chain[0].commonName}"`)
  run.within(content.issued, content.nextUpdate, `EVIDENCE_${name}_EARLY`, `EVIDENCE_${name}_EXPIRED`, what)
}

/** The module between hypervisor and TD: its signer and attributes, by the identity of its major version. */
export function verifyTdxModule(run: Verification, body: TdBody, info: TcbInfo): void {
  const expected = expectedModule(body.teeTcbSvn, info)
  if (expected === undefined) {
    run.check(false, 'EVIDENCE_SEAM_MODULE', () => `TCB info does not know TDX module ${moduleId(body.teeTcbSvn)}`)
    return
  }
  const signer = toHex(expected.mrSigner)
  run.check(
    body.mrSignerSeam === signer,
    'EVIDENCE_SEAM_MODULE',
    () => `MRSIGNERSEAM: found ${body.mrSignerSeam}, expected ${signer}`,
  )
  const attributes = toHex(expected.attributes)
  const found = masked(body.seamAttributes, expected.attributesMask)
  const plain = found === attributes && /^0+$/.test(body.seamAttributes)
  run.check(
    plain,
    'EVIDENCE_SEAM_MODULE',
    () => `SEAMATTRIBUTES: found ${body.seamAttributes}, expected zero and ${attributes}`,
  )
}

const moduleId = (teeTcbSvn: string): string => `TDX_${teeTcbSvn.slice(2, 4).toUpperCase()}`

/** Major version 0 is the module of `tdxModule`; later ones have identities, by the second byte of TEE_TCB_SVN. */
function expectedModule(teeTcbSvn: string, info: TcbInfo): TdxModule | undefined {
  return teeTcbSvn.slice(2, 4) === '00' ? info.tdxModule : moduleIdentity(teeTcbSvn, info)
}

export function moduleIdentity(teeTcbSvn: string, info: TcbInfo): TdxModuleIdentity | undefined {
  return info.tdxModules.find(({ id }) => id === moduleId(teeTcbSvn))
}
