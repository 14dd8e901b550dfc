/**
 * Who certified the platform, and who signed what is said about it. Roles are those of the SGX PCK Certificate and CRL
 * profile, told by common name as Intel's own verifier tells them, and each role also needs its constraints and usage.
 */
import { equalBytes } from '../../crypto/index.ts'
import type { Collateral, IssuerChain } from '../collateral/collateral.ts'
import { type EvidenceCode, EvidenceError } from '../errors.ts'
import { same } from '../memory.ts'
import type { Quote } from '../quote/quote.ts'
import type { Verification } from '../verification.ts'
import type { Certificate } from './certificate.ts'
import type { RevocationList } from './crl.ts'

interface Role {
  readonly name: RegExp
  /** Certificates it may have below itself; -1 for an end. */
  readonly depth: number
  /** Bits of key usage it needs: 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
  readonly usage: readonly number[]
}

const ROLES = {
  root: { name: /SGX Root CA/, depth: 1, usage: [5, 6] },
  authority: { name: /SGX PCK (?:Processor|Platform) CA/, depth: 0, usage: [5, 6] },
  pck: { name: /SGX PCK Certificate/, depth: -1, usage: [0] },
  signer: { name: /SGX TCB Signing/, depth: -1, usage: [0] },
} as const satisfies Record<string, Role>

/** Every certificate of quote and collateral. Returns the one trusted root that they all end in. */
export function verifyCertificates(run: Verification, quote: Quote, collateral: Collateral): Certificate {
  const seen: (readonly [Certificate, Certificate, Role])[] = []
  const once = (it: Certificate, issuer: Certificate, role: Role, what: string): void => {
    if (seen.some(([a, b, c]) => c === role && same(a.raw, it.raw) && same(b.raw, issuer.raw))) return
    seen.push([it, issuer, role])
    verifyCertificate(run, it, issuer, role, what)
  }
  const [pck, authority, top] = quote.chain
  const root = trustedRoot(run, top)
  const rooted = (chain: IssuerChain, role: Role, what: string): void => {
    const same = equalBytes(chain[1].key, root.key)
    run.check(
      same,
      'EVIDENCE_ROOT_UNKNOWN',
      () => `${what} ends in another root than the quote: ${chain[1].commonName}`,
    )
    if (same) once(chain[1], root, ROLES.root, `the root above ${what}`)
    once(chain[0], chain[1], role, what)
  }
  once(top, root, ROLES.root, 'the root of the quote')
  once(authority, top, ROLES.authority, 'the PCK authority')
  once(pck, authority, ROLES.pck, 'the PCK certificate')
  rooted(collateral.pckCrlChain, ROLES.authority, 'the issuer of the PCK CRL')
  rooted(collateral.tcbInfo.chain, ROLES.signer, 'the signer of TCB info')
  rooted(collateral.qeIdentity.chain, ROLES.signer, 'the signer of QE identity')
  return root
}

/** Roots are compared by key and name. Without one nothing else means anything, so this throws. */
function trustedRoot(run: Verification, top: Certificate): Certificate {
  const root = run.roots.find(({ key, subject }) => equalBytes(key, top.key) && equalBytes(subject, top.subject))
  if (root !== undefined) return root
  const trusted = run.roots.map(({ commonName }) => commonName).join(', ')
  const text = `the quote ends in ${top.commonName} with a key that none of the trusted roots has (${trusted})`
  throw new EvidenceError('EVIDENCE_ROOT_UNKNOWN', text)
}

function verifyCertificate(run: Verification, it: Certificate, issuer: Certificate, role: Role, what: string): void {
  const fits =
    role.name.test(it.commonName) &&
    it.authority.ca === role.depth >= 0 &&
    it.authority.pathLength >= role.depth &&
    role.usage.every((bit) => it.keyUsage.has(bit))
  run.check(fits, 'EVIDENCE_CERTIFICATE_ROLE', () => `${what} is "${it.commonName}", not usable as ${role.name.source}`)
  const named = equalBytes(it.issuer, issuer.subject)
  run.check(named, 'EVIDENCE_CERTIFICATE_ISSUER', () => `${what} names another issuer than "${issuer.commonName}"`)
  const signed = run.verifyOnce(issuer.key, it.signed, it.signature, 'der')
  run.check(signed, 'EVIDENCE_CERTIFICATE_SIGNATURE', () => `${what} is not signed by "${issuer.commonName}"`)
  run.within(it.notBefore, it.notAfter, 'EVIDENCE_CERTIFICATE_EARLY', 'EVIDENCE_CERTIFICATE_EXPIRED', what)
}

/** Both revocation lists, and whether any certificate in use is on the list of its own authority. */
export function verifyRevocation(run: Verification, quote: Quote, collateral: Collateral): void {
  const { pckCrl, rootCrl, pckCrlChain, tcbInfo, qeIdentity } = collateral
  const [pck, authority, root] = quote.chain
  verifyRevocationList(run, rootCrl, root, 'the CRL of the root')
  verifyRevocationList(run, pckCrl, pckCrlChain[0], 'the PCK CRL')
  const covers = equalBytes(pckCrl.issuer, pck.issuer)
  run.check(covers, 'EVIDENCE_CRL_ISSUER', () => `the PCK CRL is not one of "${authority.commonName}"`)
  verifyUnlisted(run, pckCrl, pck, 'EVIDENCE_PCK_REVOKED', 'the PCK certificate')
  verifyUnlisted(run, rootCrl, authority, 'EVIDENCE_PCK_CA_REVOKED', 'the PCK authority')
  const [issuer] = pckCrlChain
  if (issuer.serial !== authority.serial) {
    verifyUnlisted(run, rootCrl, issuer, 'EVIDENCE_PCK_CA_REVOKED', 'the issuer of the PCK CRL')
  }
  const [[signer], [other]] = [tcbInfo.chain, qeIdentity.chain]
  verifyUnlisted(run, rootCrl, signer, 'EVIDENCE_TCB_SIGNER_REVOKED', 'the TCB signer')
  if (other.serial !== signer.serial) {
    verifyUnlisted(run, rootCrl, other, 'EVIDENCE_TCB_SIGNER_REVOKED', 'the TCB signer')
  }
}

function verifyUnlisted(
  run: Verification,
  list: RevocationList,
  it: Certificate,
  code: EvidenceCode,
  what: string,
): void {
  run.check(!list.revoked.has(it.serial), code, () => `${what}, serial ${it.serial}, was revoked`)
}

function verifyRevocationList(run: Verification, list: RevocationList, issuer: Certificate, what: string): void {
  const named = equalBytes(list.issuer, issuer.subject)
  run.check(named, 'EVIDENCE_CRL_ISSUER', () => `${what} names another issuer than "${issuer.commonName}"`)
  const signed = run.verifyOnce(issuer.key, list.signed, list.signature, 'der')
  run.check(signed, 'EVIDENCE_CRL_SIGNATURE', () => `${what} is not signed by "${issuer.commonName}"`)
  run.within(list.thisUpdate, list.nextUpdate, 'EVIDENCE_CRL_EARLY', 'EVIDENCE_CRL_EXPIRED', what)
}
