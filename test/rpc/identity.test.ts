/** Certificates: what is issued is what was asked for, by the profile; what does not fit is refused with its code. */
import 'reflect-metadata'
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../src/crypto/index.ts'
import { createRequest, createRoot, parsePeer, RpcError, signRequest } from '../../src/rpc/index.ts'
import { checkChain } from '../../src/rpc/identity/verify.ts'
import { failure } from './kits.ts'

const DAY = 24 * 3600 * 1000
const now = new Date('2026-03-01T12:00:00Z')
const peer = { federation: 'demo', role: 'party', name: 'bank-a' } as const

let root: { certificatePem: string; keyPem: Secret }
let request: { csrPem: string; keyPem: Secret }
beforeAll(async () => {
  root = await createRoot({ federation: 'demo', now, days: 365 })
  request = await createRequest(peer)
})

const sign = (changes: object = {}) =>
  signRequest({
    rootCertificatePem: root.certificatePem,
    rootKeyPem: root.keyPem,
    csrPem: request.csrPem,
    expect: peer,
    hosts: ['bank-a.example', '10.0.0.1', '::1'],
    now,
    days: 30,
    ...changes,
  })

test('a root may sign certificates and nothing below them', () => {
  const parsed = new x509.X509Certificate(root.certificatePem)
  expect(parsed.getExtension(x509.BasicConstraintsExtension)).toMatchObject({ ca: true, pathLength: 0, critical: true })
  const usages = parsed.getExtension(x509.KeyUsagesExtension)?.usages
  expect(usages).toBe(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign)
  expect(new X509Certificate(root.certificatePem).checkPrivateKey(createPrivateKey(root.keyPem.reveal()))).toBe(true)
  expect(parsed.publicKey.algorithm).toMatchObject({ name: 'ECDSA', namedCurve: 'P-256' })
})

test('a certificate names its program, for both directions, for its time', async () => {
  const pem = await sign()
  const certificate = new X509Certificate(pem)
  expect(parsePeer(pem)).toEqual(peer)
  expect(parsePeer(certificate.raw)).toEqual(peer)
  expect(certificate.subjectAltName).toBe(
    'URI:spiffe://demo/party/bank-a, DNS:bank-a.example, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  )
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
  expect(certificate.ca).toBe(false)
  expect(Date.parse(certificate.validFrom)).toBe(now.getTime() - 5 * 60_000)
  expect(Date.parse(certificate.validTo)).toBe(now.getTime() + 30 * DAY)
  expect(certificate.checkPrivateKey(createPrivateKey(request.keyPem.reveal()))).toBe(true)
  expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
})

test('a certificate ends no later than its root', async () => {
  const certificate = new X509Certificate(await sign({ days: 3000 }))
  expect(Date.parse(certificate.validTo)).toBe(now.getTime() + 365 * DAY)
})

test('a chain is good with its root, in its time, and not otherwise', async () => {
  const certificate = new X509Certificate(await sign())
  const good = new X509Certificate(root.certificatePem)
  const same = await createRoot({ federation: 'demo', now, days: 365 })
  expect(checkChain(certificate, [good], now.getTime())).toBeUndefined()
  expect(checkChain(certificate, [new X509Certificate(same.certificatePem)], now.getTime())).toMatch(/VERIFY/)
  expect(checkChain(certificate, [], now.getTime())).toMatch(/VERIFY/)
  expect(checkChain(certificate, [certificate], now.getTime())).toMatch(/VERIFY/)
  expect(checkChain(certificate, [good], now.getTime() + 31 * DAY)).toBe('CERT_HAS_EXPIRED')
  expect(checkChain(certificate, [good], now.getTime() - DAY)).toBe('CERT_NOT_YET_VALID')
})

describe('refused', () => {
  const rejected = async (work: Promise<unknown>, code: string) => {
    const error = await failure(work)
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ code })
    return String(error)
  }

  test.each(['', 'Bank', '1bank', 'bank_a', 'b'.repeat(64), 'bank/a', 'bank a'])('the name "%s"', async (name) => {
    await rejected(createRequest({ ...peer, name }), 'IDENTITY_NAME_INVALID')
    await rejected(createRoot({ federation: name, now, days: 1 }), 'IDENTITY_NAME_INVALID')
  })

  test.each([0, -1, Number.NaN, 5000])('%s days', async (days) => {
    await rejected(createRoot({ federation: 'demo', now, days }), 'IDENTITY_NAME_INVALID')
  })

  test('a host that is none', async () => {
    await rejected(sign({ hosts: ['a b'] }), 'IDENTITY_NAME_INVALID')
  })

  test('a request for another name, role or federation', async () => {
    const said = await rejected(sign({ expect: { ...peer, name: 'bank-b' } }), 'IDENTITY_REQUEST_UNEXPECTED')
    expect(said).toContain('"url:spiffe://demo/party/bank-a", expected spiffe://demo/party/bank-b')
    await rejected(sign({ expect: { ...peer, role: 'coordinator' } }), 'IDENTITY_REQUEST_UNEXPECTED')
    const other = await createRoot({ federation: 'other', now, days: 1 })
    const byOther = { rootCertificatePem: other.certificatePem, rootKeyPem: other.keyPem }
    await rejected(sign(byOther), 'IDENTITY_REQUEST_UNEXPECTED')
  })

  test('a request with a second name, or a host of its own choice', async () => {
    const uri = { type: 'url', value: 'spiffe://demo/party/bank-a' } as const
    for (const more of [
      { type: 'url', value: 'spiffe://demo/user/admin' },
      { type: 'dns', value: 'x' },
    ] as const) {
      await rejected(sign({ csrPem: await forged([uri, more]) }), 'IDENTITY_REQUEST_UNEXPECTED')
    }
    await rejected(sign({ csrPem: await forged([]) }), 'IDENTITY_REQUEST_UNEXPECTED')
  })

  test('a request signed with another key than the one it is for', async () => {
    const der = Buffer.from(new x509.Pkcs10CertificateRequest(request.csrPem).rawData)
    der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1
    const tampered = new x509.Pkcs10CertificateRequest(der).toString('pem')
    await rejected(sign({ csrPem: tampered }), 'IDENTITY_REQUEST_INVALID')
  })

  test('a request that is none, is too long, or is for another kind of key', async () => {
    await rejected(sign({ csrPem: 'nothing' }), 'IDENTITY_REQUEST_INVALID')
    await rejected(sign({ csrPem: 'x'.repeat(20_000) }), 'IDENTITY_REQUEST_INVALID')
    const p384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
    const csrPem = await forged([{ type: 'url', value: 'spiffe://demo/party/bank-a' }], p384)
    await rejected(sign({ csrPem }), 'IDENTITY_REQUEST_INVALID')
  })

  test('a root whose key is another', async () => {
    const other = await createRoot({ federation: 'demo', now, days: 1 })
    await rejected(sign({ rootKeyPem: other.keyPem }), 'IDENTITY_INVALID')
    await rejected(sign({ rootKeyPem: new Secret('nothing') }), 'IDENTITY_INVALID')
    await rejected(sign({ rootCertificatePem: 'nothing' }), 'IDENTITY_INVALID')
  })

  test.each([
    ['no URI', []],
    ['two URIs', ['spiffe://demo/party/bank-a', 'spiffe://demo/party/bank-b']],
    ['a URI that hides another', ['spiffe://demo/party/bank-a, URI:spiffe://demo/party/bank-b']],
    ['another scheme', ['https://demo/party/bank-a']],
    ['an unknown role', ['spiffe://demo/king/bank-a']],
    ['a deeper path', ['spiffe://demo/party/bank-a/x']],
    ['a capital', ['spiffe://demo/party/Bank']],
    ['a port', ['spiffe://demo:1/party/bank-a']],
    ['a query', ['spiffe://demo/party/bank-a?x']],
  ])('a certificate with %s', async (_what, uris) => {
    const keys = await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify'])
    const names = uris.map((value) => ({ type: 'url' as const, value }))
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=x',
      keys,
      signingAlgorithm: p256,
      notBefore: now,
      notAfter: now,
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
    })
    const read = () => parsePeer(new Uint8Array(certificate.rawData))
    expect(read).toThrow(RpcError)
    expect(read).toThrow(expect.objectContaining({ code: 'PEER_CERTIFICATE_INVALID' }))
  })

  test.each([
    ['two extensions of names', ['spiffe://demo/party/bank-a'], ['spiffe://demo/party/bank-b']],
    ['two extensions, of which the second has the name', [], ['spiffe://demo/coordinator/main']],
  ])('a certificate with %s', async (_what, first, second) => {
    const keys = await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify'])
    const names = (uris: readonly string[]) =>
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        ...uris.map((value) => ({ type: 'url' as const, value })),
      ])
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=x',
      keys,
      signingAlgorithm: p256,
      notBefore: now,
      notAfter: now,
      extensions: [names(first), names(second)],
    })
    const read = () => parsePeer(new Uint8Array(certificate.rawData))
    expect(read).toThrow(expect.objectContaining({ code: 'PEER_CERTIFICATE_INVALID' }))
  })

  test('a certificate with a name of another kind that looks like a URI', async () => {
    const keys = await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=x',
      keys,
      signingAlgorithm: p256,
      notBefore: now,
      notAfter: now,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'x, URI:spiffe://demo/party/bank-b' },
          { type: 'url', value: 'spiffe://demo/party/bank-a' },
        ]),
      ],
    })
    const read = () => parsePeer(new Uint8Array(certificate.rawData))
    expect(read).toThrow(expect.objectContaining({ code: 'PEER_CERTIFICATE_INVALID' }))
  })

  test('what is no certificate', () => {
    for (const text of ['', 'x', new Uint8Array([1, 2, 3])]) {
      expect(() => parsePeer(text)).toThrow(expect.objectContaining({ code: 'PEER_CERTIFICATE_INVALID' }))
    }
  })
})

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A request with any names, honestly signed by its own key. */
async function forged(names: x509.JsonGeneralNames, algorithm: typeof p256 = p256): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=x',
    keys,
    signingAlgorithm: algorithm,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  })
  return request.toString('pem')
}
