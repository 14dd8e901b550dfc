/**
 * Whom to believe: the judgement on a certificate, made once for both networks and both sides.
 *
 * TLS (or `checkChain`, where there is no TLS) says whether the chain leads to a root of this federation and whether
 * its times and purposes fit; `judgePeer` turns that into a peer or into an error whose words tell an operator which
 * certificate is wrong, on which side, and why. The order is fixed: chain, time, name, federation, role. Nothing about
 * a certificate is believed before its chain has been checked; what the messages quote from one that failed is marked
 * as what it says of itself.
 *
 * A connection's certificate is judged before each call in memory. What neither time nor trust can change is found out
 * once for each certificate: its names, and whether a root's key made its signature. Everything else is judged anew.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Peer, Role } from '../api.ts'
import { RpcError } from '../errors.ts'
import type { Identity } from '../network.ts'
import { spiffeUri } from './names.ts'
import { parsePeer } from './peer.ts'

/** OpenSSL's names for the outcomes (X509_verify_cert_error_string); undefined means the chain is good. */
export type ChainProblem = string | undefined

export interface Expectation {
  readonly federation: string
  /** One role, or undefined for any. */
  readonly role: Role | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Where the certificate was met, for the message: "the program at host:port" or "a caller from host:port". */
  readonly whose: string
}

/** The other side, or the RpcError that says why it is not believed. */
export function judgePeer(
  certificate: X509Certificate | undefined,
  problem: ChainProblem,
  expected: Expectation,
): Peer {
  const { federation, now, whose } = expected
  if (certificate === undefined) throw new RpcError('PEER_CERTIFICATE_INVALID', `${whose} showed no certificate`)
  if (problem === 'CERT_HAS_EXPIRED' || problem === 'CERT_NOT_YET_VALID') throw expired(certificate, expected)
  if (problem !== undefined) {
    const says = claimedName(certificate)
    const message = `${whose} has a certificate (for ${says}) that no root of ${federation} issued (${problem})`
    throw new RpcError('PEER_OTHER_FEDERATION', message)
  }
  // Again, by this side's own clock: a resumed TLS session carries the judgement of an earlier hour.
  if (now < validFrom(certificate) || now > validTo(certificate)) throw expired(certificate, expected)
  const peer = peerOf(certificate)
  if (peer.federation !== federation) {
    throw new RpcError('PEER_OTHER_FEDERATION', `${whose} is ${spiffeUri(peer)}, expected federation ${federation}`)
  }
  if (expected.role !== undefined && peer.role !== expected.role) {
    throw new RpcError('PEER_OTHER_ROLE', `${whose} is ${spiffeUri(peer)}, expected the role ${expected.role}`)
  }
  return peer
}

function expired(certificate: X509Certificate, { now, whose }: Expectation): RpcError {
  const says = claimedName(certificate)
  const message = `${whose} has the certificate of ${says}, ${times(certificate)}; here it is ${iso(new Date(now))}`
  return new RpcError('PEER_CERTIFICATE_EXPIRED', message)
}

/** node:crypto gives the times as text, for instance "Nov 21 00:00:00 2026 GMT"; Node 20 has no dates beside them. */
const validFrom = (certificate: X509Certificate): number => Date.parse(certificate.validFrom)
const validTo = (certificate: X509Certificate): number => Date.parse(certificate.validTo)
const times = (certificate: X509Certificate): string =>
  `valid from ${iso(new Date(validFrom(certificate)))} to ${iso(new Date(validTo(certificate)))}`

const iso = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

const peers = new WeakMap<X509Certificate, Peer>()

function peerOf(certificate: X509Certificate): Peer {
  const peer = peers.get(certificate) ?? parsePeer(certificate.raw)
  peers.set(certificate, peer)
  return peer
}

function claimedName(certificate: X509Certificate): string {
  try {
    return spiffeUri(peerOf(certificate))
  } catch {
    return JSON.stringify(certificate.subject.slice(0, 80))
  }
}

/** What TLS would say of the chain, for where there is no TLS: issued by one of the roots, and valid now. */
export function checkChain(certificate: X509Certificate, roots: readonly X509Certificate[], now: number): ChainProblem {
  const issuer = roots.find((root) => isIssued(certificate, root))
  if (issuer === undefined) return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  const late = [certificate, issuer].some((each) => now > validTo(each))
  const early = [certificate, issuer].some((each) => now < validFrom(each))
  return late ? 'CERT_HAS_EXPIRED' : early ? 'CERT_NOT_YET_VALID' : undefined
}

/** By certificate, then by root. */
const issued = new WeakMap<X509Certificate, WeakMap<X509Certificate, boolean>>()

function isIssued(certificate: X509Certificate, root: X509Certificate): boolean {
  const byRoot = issued.get(certificate) ?? new WeakMap<X509Certificate, boolean>()
  issued.set(certificate, byRoot)
  const found = byRoot.get(root) ?? (root.ca && certificate.checkIssued(root) && certificate.verify(root.publicKey))
  byRoot.set(root, found)
  return found
}

/** An identity that was looked at once, before anything is done with it. */
export interface CheckedIdentity {
  readonly peer: Peer
  readonly certificate: X509Certificate
  readonly roots: readonly X509Certificate[]
  readonly identity: Identity
}

/** For messages: who we are, and until when. */
export const describePeer = ({ peer, certificate }: CheckedIdentity): string =>
  `${spiffeUri(peer)} (valid until ${certificate.validTo})`

/** Throws IDENTITY_INVALID or IDENTITY_EXPIRED: better said here than as a broken handshake on the other machine. */
export function checkIdentity(identity: Identity, now: number): CheckedIdentity {
  const { certificate, roots } = readIdentity(identity)
  const peer = ownName(certificate)
  const self = spiffeUri(peer)
  const problem = checkChain(certificate, roots, now)
  if (problem === 'CERT_HAS_EXPIRED' || problem === 'CERT_NOT_YET_VALID') {
    const message = `our own certificate, ${self}, is ${times(certificate)}; here it is ${iso(new Date(now))}`
    throw new RpcError('IDENTITY_EXPIRED', message)
  }
  if (problem !== undefined) {
    throw new RpcError('IDENTITY_INVALID', `our own certificate, ${self}, is not signed by a root of our roots.pem`)
  }
  return { peer, certificate, roots, identity }
}

type ReadIdentity = Pick<CheckedIdentity, 'certificate' | 'roots'>

/** A program connects with the same one wherever it connects to. */
const identities = new WeakMap<Identity, ReadIdentity>()

function readIdentity(identity: Identity): ReadIdentity {
  const read = identities.get(identity) ?? parseIdentity(identity)
  identities.set(identity, read)
  return read
}

function parseIdentity(identity: Identity): ReadIdentity {
  try {
    const certificate = new X509Certificate(identity.certificatePem)
    const roots = splitPem(identity.rootsPem).map((each) => new X509Certificate(each))
    if (certificate.checkPrivateKey(createPrivateKey(identity.keyPem.reveal()))) return { certificate, roots }
  } catch (error) {
    const message = 'our own certificate, key or roots cannot be read as PEM'
    throw new RpcError('IDENTITY_INVALID', message, { cause: error })
  }
  throw new RpcError('IDENTITY_INVALID', 'our own key does not belong to our certificate')
}

function ownName(certificate: X509Certificate): Peer {
  try {
    return peerOf(certificate)
  } catch (error) {
    throw new RpcError('IDENTITY_INVALID', `our own certificate names no program: ${String(error)}`, { cause: error })
  }
}

const splitPem = (pem: string): string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
