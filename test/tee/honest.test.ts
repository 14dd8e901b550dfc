/** Honest evidence: deterministic, in the real formats, and each signature verifies with OpenSSL's code. */
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createSimulatedPlatform, type SimulatedPlatform, teeKinds } from '../../src/tee/simulator/index.ts'
import { chainOf, freshPlatform, now, pemBlocks, platformOf, reportData } from './evidence.ts'

const rawVerify = (message: Uint8Array, key: KeyObject, signature: Uint8Array) =>
  verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)

const certificates = (pem: readonly string[]) => pem.map((block) => new X509Certificate(block))

function publicKeyAt(bytes: Uint8Array, offset: number): KeyObject {
  const [x, y] = [0, 32].map((from) => Buffer.from(bytes.subarray(offset + from, offset + from + 32)))
  if (x === undefined || y === undefined) throw new Error('no key')
  const key = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') }
  return createPublicKey({ key, format: 'jwk' })
}

describe.each(teeKinds)('%s', (tee) => {
  const platform = platformOf(tee)
  const quote = platform.quote({ reportData })
  const at = platform.sections

  test('the same arguments give the same bytes, others give others', () => {
    const again = freshPlatform(tee)
    expect(Buffer.compare(again.quote({ reportData }), quote)).toBe(0)
    expect(again.collateralJson()).toBe(platform.collateralJson())
    expect(again.rootPem).toBe(platform.rootPem)
    const other = createSimulatedPlatform({ seed: 'other', now, tee })
    expect(Buffer.compare(other.quote({ reportData }), quote)).not.toBe(0)
    expect(other.rootPem).not.toBe(platform.rootPem)
  })

  test('the root does not depend on the time', () => {
    const later = createSimulatedPlatform({ seed: 'test', now: new Date('2031-05-01T00:00:00Z'), tee })
    expect(later.rootPem).toBe(platform.rootPem)
    expect(later.collateralJson()).not.toBe(platform.collateralJson())
  })

  test('the chain of the quote goes from PCK to the root, and names the simulation', () => {
    const [pck, ca, root] = certificates(chainOf(quote, platform))
    if (pck === undefined || ca === undefined || root === undefined) throw new Error('no chain')
    expect(chainOf(quote, platform)).toHaveLength(3)
    expect(pck.subject).toContain('CN=Simulated TEE SGX PCK Certificate')
    expect(ca.subject).toContain(`CN=Simulated TEE SGX PCK ${tee === 'sgx-v3' ? 'Processor' : 'Platform'} CA`)
    expect(root.subject).toContain('CN=Simulated TEE SGX Root CA')
    expect([pck.ca, ca.ca, root.ca]).toEqual([false, true, true])
    expect(pck.checkIssued(ca) && ca.checkIssued(root) && root.checkIssued(root)).toBe(true)
    expect([pck.verify(ca.publicKey), ca.verify(root.publicKey), root.verify(root.publicKey)]).toEqual([
      true,
      true,
      true,
    ])
    expect(pck.verify(root.publicKey)).toBe(false)
    expect(root.toString()).toBe(platform.rootPem)
    expect(ca.serialNumber.toLowerCase()).toBe(keyHash(ca))
  })

  test('TCB info and QE identity are signed by the TCB signer over their exact text', () => {
    const { collateral } = platform
    for (const name of ['tcb_info', 'qe_identity'] as const) {
      const [signer, root] = certificates(pemBlocks(collateral[`${name}_issuer_chain`]))
      if (signer === undefined || root === undefined) throw new Error('no chain')
      expect(signer.subject).toContain('SGX TCB Signing')
      expect(signer.verify(root.publicKey)).toBe(true)
      const signature = Buffer.from(collateral[`${name}_signature`], 'hex')
      expect(rawVerify(Buffer.from(collateral[name]), signer.publicKey, signature)).toBe(true)
      expect(rawVerify(Buffer.from(`${collateral[name]} `), signer.publicKey, signature)).toBe(false)
    }
  })

  test('the quote is signed by the key that the QE report names, and that report by the PCK', () => {
    const attestationKey = quote.subarray(at.attestationKey, at.attestationKey + 64)
    const signed = quote.subarray(0, at.authLength)
    expect(
      rawVerify(signed, publicKeyAt(quote, at.attestationKey), quote.subarray(at.signature, at.signature + 64)),
    ).toBe(true)
    const report = quote.subarray(at.qeReport, at.qeSignature)
    const [pck] = certificates(chainOf(quote, platform))
    if (pck === undefined) throw new Error('no PCK')
    expect(rawVerify(report, pck.publicKey, quote.subarray(at.qeSignature, at.qeSignature + 64))).toBe(true)
    const named = createHash('sha256')
      .update(attestationKey)
      .update(quote.subarray(at.qeAuth + 2, at.chainHeader))
    expect(Buffer.from(report.subarray(320, 352)).toString('hex')).toBe(named.digest('hex'))
  })

  test('lengths in the quote agree with its bytes', () => {
    const view = new DataView(quote.buffer, quote.byteOffset, quote.length)
    expect(quote.length).toBe(at.end)
    expect(view.getUint16(0, true)).toBe({ 'sgx-v3': 3, 'tdx-v4': 4, 'tdx-v5': 5 }[tee])
    expect(at.authLength - at.body).toBe({ 'sgx-v3': 384, 'tdx-v4': 584, 'tdx-v5': 654 }[tee])
    expect(view.getUint32(at.authLength, true)).toBe(quote.length - at.signature)
    expect(view.getUint16(at.chainHeader, true)).toBe(5)
    expect(view.getUint32(at.chainHeader + 2, true)).toBe(quote.length - at.chain)
    if (tee !== 'sgx-v3') {
      expect(view.getUint16(at.wrapper, true)).toBe(6)
      expect(view.getUint32(at.wrapper + 2, true)).toBe(quote.length - at.qeReport)
    }
    if (tee === 'tdx-v5') expect([view.getUint16(48, true), view.getUint32(50, true)]).toEqual([3, 648])
  })

  test('measurements and report data stand where a relying party reads them', () => {
    const [field, offset, length] = tee === 'sgx-v3' ? (['mrEnclave', 64, 32] as const) : (['mrTd', 136, 48] as const)
    const measured = platform.quote({ reportData, body: { [field]: new Uint8Array(length).fill(0xab) }, padding: 9 })
    const bodyAt = tee === 'tdx-v5' ? 54 : 48
    expect(measured.subarray(bodyAt + offset, bodyAt + offset + length).every((byte) => byte === 0xab)).toBe(true)
    const reportAt = bodyAt + (tee === 'sgx-v3' ? 320 : 520)
    expect(Buffer.compare(measured.subarray(reportAt, reportAt + 64), reportData)).toBe(0)
    expect(measured.length).toBe(quote.length + 9)
  })

  test('a platform and its first quote take less than 50 ms each', () => {
    const start = performance.now()
    const fresh = createSimulatedPlatform({ seed: 'speed', now, tee })
    const created = performance.now()
    for (let index = 0; index < 10; index += 1) fresh.quote({ reportData })
    expect((performance.now() - created) / 10).toBeLessThan(50)
    expect(created - start).toBeLessThan(500)
  })
})

function keyHash(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' })
  return createHash('sha1')
    .update(spki.subarray(-65))
    .digest('hex')
    .replace(/^(00)+/, '')
}

describe('members and their order are those of real collateral', () => {
  const vectors = join(import.meta.dirname, '../../../shared/vectors')
  const real = (folder: string): unknown => JSON.parse(readFileSync(join(vectors, folder, 'collateral.json'), 'utf8'))

  test.skipIf(!existsSync(vectors))('against ../shared/vectors (skipped where they are absent)', () => {
    for (const [tee, folder] of [
      ['sgx-v3', 'sgx-v3'],
      ['tdx-v4', 'tdx-v4'],
    ] as const) {
      const theirs = real(folder) as SimulatedPlatform['collateral']
      const ours = platformOf(tee).collateral
      expect(Object.keys(ours)).toEqual(Object.keys(theirs))
      for (const name of ['tcb_info', 'qe_identity'] as const) {
        expect(shape(JSON.parse(ours[name]))).toEqual(shape(JSON.parse(theirs[name])))
      }
    }
  })
})

/** Names of members in order, down to the first element of each list; categories of components are optional. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])]
  if (typeof value !== 'object' || value === null) return typeof value
  const optional = ['category', 'type', 'advisoryIDs']
  return Object.entries(value)
    .filter(([name]) => !optional.includes(name))
    .map(([name, member]) => [name, shape(member)])
}

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' })
  } catch {
    return undefined
  }
})()

describe.skipIf(openssl === undefined)('by the openssl program (skipped where it is absent)', () => {
  const run = (arguments_: string[]) => execFileSync('openssl', arguments_, { encoding: 'utf8', stdio: 'pipe' })
  const at = String(now.getTime() / 1000)

  test.each(teeKinds)('certificates and CRLs of %s verify', (tee) => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-tee-'))
    const file = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    try {
      const platform = platformOf(tee)
      const [pck = '', ca = ''] = chainOf(platform.quote({ reportData }), platform)
      const root = file('root.pem', platform.rootPem)
      const intermediate = file('ca.pem', ca)
      const crls = (['root_ca_crl', 'pck_crl'] as const).map((name) => {
        const der = file(name, Buffer.from(platform.collateral[name], 'hex'))
        const issuer = name === 'root_ca_crl' ? root : intermediate
        run(['crl', '-inform', 'der', '-in', der, '-CAfile', issuer, '-noout'])
        return run(['crl', '-inform', 'der', '-in', der])
      })
      const trusted = ['-CAfile', root, '-CRLfile', file('crls.pem', crls.join('')), '-crl_check_all', '-attime', at]
      const leaf = file('pck.pem', pck)
      expect(run(['verify', '-x509_strict', ...trusted, '-untrusted', intermediate, leaf])).toContain('OK')
      const [signer = ''] = pemBlocks(platform.collateral.tcb_info_issuer_chain)
      expect(run(['verify', '-x509_strict', ...trusted, file('signer.pem', signer)])).toContain('OK')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a revoked PCK is revoked for openssl too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-tee-'))
    try {
      const der = join(folder, 'crl.der')
      writeFileSync(der, Buffer.from(platformOf('tdx-v4', 'revoked-pck').collateral.pck_crl, 'hex'))
      const platform = platformOf('tdx-v4')
      const [pck = ''] = chainOf(platform.quote({ reportData }), platform)
      const text = run(['crl', '-inform', 'der', '-in', der, '-noout', '-text'])
      expect(text).toContain(new X509Certificate(pck).serialNumber)
      expect(text).toContain('Key Compromise')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
