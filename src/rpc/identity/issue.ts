/**
 * The federation's own certificate authority: a root, requests, and the certificates it signs.
 *
 * The holder of a key makes it and sends a request; the root's holder checks that the request was signed with that very
 * key (proof of possession), that it asks for the name both agreed on, and signs. The key never travels. What may go
 * wrong is in the table of errors.ts under IDENTITY_. Profile: RFC 5280, and X.509-SVID (spiffe.io) for the URI.
 */
import 'reflect-metadata'
import { isIP } from 'node:net'
import { randomBytes } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Secret } from '../../crypto/index.ts'
import type { Peer } from '../api.ts'
import { RpcError } from '../errors.ts'
import { algorithm, createKeys, exportKey, importKey } from './keys.ts'
import { requireDays, requireHost, requireName, spiffeUri } from './names.ts'

export interface KeyPair {
  readonly certificatePem: string
  /** PKCS#8. */
  readonly keyPem: Secret
}

const DAY_MS = 24 * 3600 * 1000
/** Clocks of different organisations differ; a new certificate must work at once on the other side. */
const CLOCK_SKEW_MS = 5 * 60 * 1000

/** 16 random bytes, positive and of full length (RFC 5280, 4.1.2.2: at most 20 octets). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** Certificates count whole seconds. */
const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

/** The root may sign certificates but not other authorities (path length 0). */
export async function createRoot(options: { federation: string; now: Date; days: number }): Promise<KeyPair> {
  const { federation, now, days } = options
  requireName(federation, 'the federation')
  requireDays(days)
  const keys = await createKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${federation} root`,
    notBefore: wholeSeconds(now.getTime() - CLOCK_SKEW_MS),
    notAfter: wholeSeconds(now.getTime() + days * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${federation}` }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificatePem: pem(certificate), keyPem: new Secret(await exportKey(keys.privateKey)) }
}

export async function createRequest(peer: Peer): Promise<{ readonly csrPem: string; readonly keyPem: Secret }> {
  requirePeer(peer)
  const keys = await createKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${peer.name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeUri(peer) }])],
  })
  return { csrPem: `${request.toString('pem')}\n`, keyPem: new Secret(await exportKey(keys.privateKey)) }
}

export interface SigningOptions {
  readonly rootCertificatePem: string
  readonly rootKeyPem: Secret
  readonly csrPem: string
  /** The name both sides agreed on beforehand; the request must ask for exactly this one. */
  readonly expect: Peer
  /** DNS names and IP addresses beside the SPIFFE URI, for other tools; this product does not look at them. */
  readonly hosts: readonly string[]
  readonly now: Date
  readonly days: number
}

/** The certificate as PEM. It never outlives its root. */
export async function signRequest(options: SigningOptions): Promise<string> {
  const { expect, hosts, now, days } = options
  requirePeer(expect)
  requireDays(days)
  for (const host of hosts) if (isIP(host) === 0) requireHost(host)
  const root = readRoot(options.rootCertificatePem, expect.federation)
  const signingKey = await importKey(options.rootKeyPem.reveal())
  const request = await readRequest(options.csrPem, expect)
  const names = hosts.map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host }))
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${expect.name}`,
    issuer: root.subject,
    notBefore: wholeSeconds(now.getTime() - CLOCK_SKEW_MS),
    notAfter: wholeSeconds(Math.min(now.getTime() + days * DAY_MS, root.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: request.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeUri(expect) }, ...names]),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  })
  if (!(await certificate.verify({ publicKey: root.publicKey, signatureOnly: true }))) {
    throw new RpcError('IDENTITY_INVALID', 'the root key does not belong to the root certificate')
  }
  return pem(certificate)
}

function requirePeer(peer: Peer): void {
  requireName(peer.federation, 'the federation')
  requireName(peer.name, `the ${peer.role}`)
}

/** A file that ends in a line end, so that several can be put one after the other. */
const pem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`

const uris = (source: { readonly extensions: readonly x509.Extension[] }): string[] =>
  source.extensions
    .filter((each) => each instanceof x509.SubjectAlternativeNameExtension)
    .flatMap((each) => each.names.items.map((name) => `${name.type}:${name.value}`))

function readRoot(rootPem: string, federation: string): x509.X509Certificate {
  let root: x509.X509Certificate
  try {
    root = new x509.X509Certificate(rootPem)
  } catch (error) {
    throw new RpcError('IDENTITY_INVALID', 'the root certificate cannot be read as PEM', { cause: error })
  }
  const found = uris(root).join(' and ')
  if (found === `url:spiffe://${federation}`) return root
  const message = `the root is of ${found === '' ? 'no federation' : found.slice(4, 120)}, expected spiffe://${federation}`
  throw new RpcError('IDENTITY_REQUEST_UNEXPECTED', message)
}

/** A request is made by somebody else: bounded before parsing, its own signature checked before its content. */
async function readRequest(csrPem: string, expect: Peer): Promise<x509.Pkcs10CertificateRequest> {
  if (csrPem.length > 16_384)
    throw new RpcError('IDENTITY_REQUEST_INVALID', `a request of ${csrPem.length} characters, expected at most 16384`)
  let request: x509.Pkcs10CertificateRequest
  let possessed = false
  try {
    request = new x509.Pkcs10CertificateRequest(csrPem)
    possessed = await request.verify()
  } catch (error) {
    throw new RpcError('IDENTITY_REQUEST_INVALID', 'the certificate request cannot be read as PKCS#10 PEM', {
      cause: error,
    })
  }
  const { name, namedCurve } = { name: '', namedCurve: '', ...request.publicKey.algorithm }
  if (name !== algorithm.name || namedCurve !== algorithm.namedCurve) {
    throw new RpcError(
      'IDENTITY_REQUEST_INVALID',
      `the request is for a ${name} ${namedCurve} key, expected ECDSA P-256`,
    )
  }
  if (!possessed) throw new RpcError('IDENTITY_REQUEST_INVALID', 'the request is not signed with the key it is for')
  const asked = uris(request)
  if (asked.length === 1 && asked[0] === `url:${spiffeUri(expect)}`) return request
  const found =
    asked
      .slice(0, 3)
      .map((each) => JSON.stringify(each.slice(0, 120)))
      .join(' and ') || 'no name'
  throw new RpcError('IDENTITY_REQUEST_UNEXPECTED', `the request is for ${found}, expected ${spiffeUri(expect)}`)
}
